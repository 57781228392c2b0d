package conformance

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
)

// Response is what a [Service] sends back.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON returns a response with a JSON body, and the headers that the real
// service sends.
func JSON(status int, body []byte) Response {
	return Response{
		Status: status,
		Header: http.Header{
			"Content-Type":     {"application/json"},
			"Content-Length":   {strconv.Itoa(len(body))},
			"Date":             {"Mon, 23 Nov 2026 16:00:42 GMT"},
			"X-Amzn-Requestid": {requestID(0)},
		},
		Body: body,
	}
}

// Error returns the service's response to a request that it refuses.
func Error(status int, code, message string) Response {
	body := `{"Message":` + strconv.Quote(message) + `,"RequestId":"` + requestID(0) + `"}`
	response := JSON(status, []byte(body))
	response.Header.Set("X-Amzn-Errortype", code)
	return response
}

// Results returns a service that sends the results of eight jobs in turn. Each
// of them has so many file groups.
func Results(groups int) *Service {
	service := &Service{}
	for job := range 8 {
		service.Responses = append(service.Responses, JSON(http.StatusOK, ResultBody(job, groups)))
	}
	return service
}

// Service sends its responses in turn, over and over. It is an HTTP handler. It
// is also an HTTP client that needs no network and does as little work as
// possible, so that a benchmark measures the client in front of it.
type Service struct {
	Responses []Response
	requests  atomic.Uint32 // how many requests came in
}

func (s *Service) next() *Response {
	earlier := int(s.requests.Add(1) - 1)
	return &s.Responses[earlier%len(s.Responses)]
}

// memoryResponse is a response and its body in one allocation.
type memoryResponse struct {
	response http.Response
	body     bytes.Reader
}

// Read reads the body.
func (r *memoryResponse) Read(p []byte) (int, error) { return r.body.Read(p) }

// Close does nothing.
func (r *memoryResponse) Close() error { return nil }

// Do reads the request and returns the next response.
func (s *Service) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	next := s.next()
	r := &memoryResponse{}
	r.body.Reset(next.Body)
	r.response = http.Response{
		StatusCode:    next.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        next.Header,
		ContentLength: int64(len(next.Body)),
		Body:          r,
		Request:       req,
	}
	return &r.response, nil
}

// ServeHTTP writes the next response.
func (s *Service) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	next := s.next()
	for name, values := range next.Header {
		if name != "Date" { // The server sets the date of today.
			w.Header()[name] = values
		}
	}
	w.WriteHeader(next.Status)
	w.Write(next.Body)
}
