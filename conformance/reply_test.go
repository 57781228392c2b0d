package conformance

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
)

// reply is what the service sends to every attempt of a call.
type reply struct {
	status int
	header http.Header
	body   []byte
	cutOff bool // whether the connection ends before the body does
}

// empty is a reply that every operation accepts, and that says nothing.
var empty = reply{status: http.StatusOK, body: []byte("{}")}

// String shows the beginning of a long body only.
func (r reply) String() string {
	return fmt.Sprintf("status %d, header %q, cut off %t, body %.2000q", r.status, r.header, r.cutOff, r.body)
}

// isSuccess reports whether the status is 2xx.
func (r reply) isSuccess() bool { return r.status >= 200 && r.status <= 299 }

// requestID returns the request id of the header.
func (r reply) requestID() string {
	if id := r.header.Get("X-Amzn-Requestid"); id != "" {
		return id
	}
	return r.header.Get("X-Amz-Requestid")
}

// response returns the reply as the response to req.
func (r reply) response(req *http.Request) *http.Response {
	var body io.Reader = bytes.NewReader(r.body)
	length := int64(len(r.body))
	if r.cutOff {
		body = io.MultiReader(body, failingReader{})
		length++
	}
	header := r.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		Status:        fmt.Sprint(r.status),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: length,
		Body:          io.NopCloser(body),
		Request:       req,
	}
}

// failingReader is the place at which a connection ended.
type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// replier is an HTTP client that sends one reply to every attempt of a call, and
// counts the attempts.
type replier struct {
	op       operation
	reply    reply
	attempts int

	// described says whether a start was followed by a description of its job.
	// The description says nothing.
	described bool
}

// Do implements aws.HTTPClient.
func (r *replier) Do(req *http.Request) (*http.Response, error) {
	if r.op == start && req.Method == http.MethodGet {
		r.described = true
		return empty.response(req), nil
	}
	r.attempts++
	return r.reply.response(req), nil
}

// exchange has both clients call an operation and receive the same reply. It must
// run in a bubble, where the pauses between attempts take no time.
func exchange(t *testing.T, op operation, r reply) (official, ours outcome) {
	t.Helper()
	toOurs := &replier{op: op, reply: r}
	ourClient := snapshotjob.NewFromConfig(Config(Keys, toOurs))
	out, err := callOurs(t.Context(), ourClient, op, exampleJob)
	ours = outcomeOf(out, err)
	ours.Attempts = toOurs.attempts
	ours.Described = toOurs.described
	return exchangeOfficially(t, op, r), ours
}

// exchangeOfficially has the official client call an operation and receive a reply.
func exchangeOfficially(t *testing.T, op operation, r reply) outcome {
	t.Helper()
	toOfficial := &replier{op: op, reply: r}
	client := quicksight.NewFromConfig(Config(Keys, toOfficial))
	out, err := callOfficial(t.Context(), client, op, exampleJob)
	official := outcomeOf(out, err)
	official.Attempts = toOfficial.attempts
	return official
}
