package conformance

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"unicode"
)

// statuses are those of random responses. Every fifth or so is a success.
var statuses = []int{
	200, 200, 200, 201, 202, 204, 301, 400, 401, 403, 404,
	408, 409, 413, 429, 500, 501, 502, 503, 504, 599,
}

var (
	requestIDHeaders = []string{"X-Amzn-Requestid", "X-Amz-Requestid"}
	dates            = []string{"Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 2000 00:10:00 GMT", "yesterday"}
)

// TestSameResponses has both clients read bodies that were changed at random.
func TestSameResponses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	met := tally{}
	for range 2000 {
		r := randomReply(rng)
		op := pick(rng, operations)
		met.add(checkReply(t, op, r)...)
		if t.Failed() {
			break
		}
	}
	met.log(t)
}

func randomReply(rng *rand.Rand) reply {
	r := reply{
		status: pick(rng, statuses),
		header: http.Header{},
		body:   mutate(rng, []byte(pick(rng, bodies))),
	}
	if rng.IntN(2) == 0 {
		r.header.Set("X-Amzn-Errortype", strings.TrimSpace(oneLine(pick(rng, words))))
	}
	if rng.IntN(2) == 0 {
		r.header.Set(pick(rng, requestIDHeaders), "R1")
	}
	if rng.IntN(4) == 0 {
		r.header.Set("Date", pick(rng, dates))
	}
	r.cutOff = rng.IntN(10) == 0
	return r
}

// FuzzResponses has both clients read what the fuzzer makes up.
func FuzzResponses(f *testing.F) {
	for i, body := range bodies {
		f.Add(i, 404, "ResourceNotFoundException", "R1", []byte(body), false)
		f.Add(i, 200, "", "", []byte(body), false)
		f.Add(i, 503, "x#ThrottlingException:y", "", []byte(body), i%2 == 0)
		f.Add(i, 404, "0", "\xff\xff", []byte(body), false) // invalid UTF-8 in a header
		f.Add(i, 635, "0", "", []byte("nulll"), false)
		f.Add(i, 525, "0", strings.Repeat("\xb5", 43), []byte(body), i%2 == 0)
		f.Add(i, 404, strings.Repeat("Long\xba", 26), strings.Repeat("R", 129), []byte(body), false)
	}
	f.Fuzz(func(t *testing.T, op, status int, code, id string, body []byte, cutOff bool) {
		if status < 200 || status > 999 || strings.ContainsFunc(code+id, unicode.IsControl) {
			t.Skip("this is no HTTP response")
		}
		if len(body) > 32<<10 {
			t.Skip("the body is too long for a quick test")
		}
		header := http.Header{}
		header.Set("X-Amzn-Errortype", strings.TrimSpace(code))
		header.Set("X-Amzn-Requestid", strings.TrimSpace(id))
		r := reply{status: status, header: header, body: body, cutOff: cutOff}
		checkReply(t, operations[uint(op)%uint(len(operations))], r)
	})
}
