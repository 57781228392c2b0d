package conformance

import (
	"net/http"
	"strings"
	"testing"
)

// responseCase is a response of errors.json or successes.json.
type responseCase struct {
	ID         string
	Status     int
	Header     map[string]string
	Body       string
	BodyBase64 []byte `json:"body_base64"` // instead of Body
	Nested     int    // instead of Body: how many objects lie within each other
	Gzip       bool
}

// reply returns the case as the reply to both clients.
func (c responseCase) reply() reply {
	r := reply{status: c.Status, header: http.Header{}}
	for name, value := range c.Header {
		r.header.Set(name, value)
	}
	switch {
	case c.Nested > 0:
		r.body = []byte(strings.Repeat(`{"a":`, c.Nested))
	case len(c.BodyBase64) > 0:
		r.body = c.BodyBase64
	default:
		r.body = []byte(c.Body)
	}
	return r
}

// checkEveryOperation compares what both clients make of a reply, whichever
// operation was called.
func checkEveryOperation(t *testing.T, r reply) []Difference {
	t.Helper()
	var applied []Difference
	for _, op := range operations {
		applied = append(applied, checkReply(t, op, r)...)
	}
	return applied
}

// TestCasesOfResponses replays errors and successes.
func TestCasesOfResponses(t *testing.T) {
	met := tally{}
	for _, name := range []string{"errors", "successes"} {
		var file struct{ Cases []responseCase }
		loadCases(t, name+".json", &file)
		for _, c := range file.Cases {
			if c.Gzip {
				// The transport of net/http decodes it before either client sees it.
				continue
			}
			t.Run(name+": "+c.ID, func(t *testing.T) {
				met.add(checkEveryOperation(t, c.reply())...)
			})
		}
	}
	met.log(t)
}

// TestWholeBodyOfCutOffConnection has the connection end before it should, but
// after the whole body.
func TestWholeBodyOfCutOffConnection(t *testing.T) {
	r := reply{status: http.StatusOK, body: []byte(`{"Arn":"a"}`), cutOff: true}
	t.Log(checkEveryOperation(t, r))
}

// TestCasesOfTimestamps replays timestamps, each as the time of a creation.
func TestCasesOfTimestamps(t *testing.T) {
	var file struct{ Cases []struct{ JSON string } }
	loadCases(t, "timestamps.json", &file)
	met := tally{}
	for _, c := range file.Cases {
		t.Run(c.JSON, func(t *testing.T) {
			r := reply{status: http.StatusOK, body: []byte(`{"CreatedTime":` + c.JSON + `}`)}
			met.add(checkEveryOperation(t, r)...)
		})
	}
	met.log(t)
}

// TestCasesOfAttempts replays statuses and codes: both clients make as many
// attempts.
func TestCasesOfAttempts(t *testing.T) {
	var file struct {
		Attempts []struct {
			Status int
			Code   string
		}
	}
	loadCases(t, "retries.json", &file)
	met := tally{}
	for _, c := range file.Attempts {
		t.Run(c.Code+http.StatusText(c.Status), func(t *testing.T) {
			r := reply{status: c.Status, header: http.Header{}}
			if c.Code != "" {
				r.header.Set("X-Amzn-Errortype", c.Code)
			}
			met.add(checkEveryOperation(t, r)...)
		})
	}
	met.log(t)
}
