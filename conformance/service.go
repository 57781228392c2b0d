package conformance

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
)

// Answer is what a service says.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON is an answer with the headers that the service sends.
func JSON(status int, body []byte) Answer {
	return Answer{status, http.Header{
		"Content-Type":     {"application/json"},
		"Content-Length":   {strconv.Itoa(len(body))},
		"Date":             {"Mon, 23 Nov 2026 16:00:42 GMT"},
		"X-Amzn-Requestid": {requestID(0)},
	}, body}
}

// Error is the answer of the service to a request that it refuses.
func Error(status int, code, message string) Answer {
	a := JSON(status, []byte(`{"Message":`+strconv.Quote(message)+`,"RequestId":"`+requestID(0)+`"}`))
	a.Header.Set("X-Amzn-Errortype", code)
	return a
}

// Results is one answer each for the results of eight jobs.
func Results(groups int) *Service {
	s := &Service{}
	for job := range 8 {
		s.Answers = append(s.Answers, JSON(200, ResultBody(job, groups)))
	}
	return s
}

// Service gives its answers in turn, over and over. As an HTTP client it does so
// in memory, with as little work as can be.
type Service struct {
	Answers []Answer
	next    atomic.Uint32
}

func (s *Service) answer() *Answer {
	return &s.Answers[int(s.next.Add(1)-1)%len(s.Answers)]
}

// response is a response and its body in one piece of memory.
type response struct {
	http.Response
	body bytes.Reader
}

func (r *response) Read(p []byte) (int, error) { return r.body.Read(p) }
func (r *response) Close() error               { return nil }

// Do answers the request.
func (s *Service) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	a := s.answer()
	r := &response{}
	r.body.Reset(a.Body)
	r.Response = http.Response{
		Status: http.StatusText(a.Status), StatusCode: a.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.Header, ContentLength: int64(len(a.Body)), Request: req, Body: r,
	}
	return &r.Response, nil
}

// ServeHTTP answers the request.
func (s *Service) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a := s.answer()
	for name, values := range a.Header {
		if name != "Date" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(a.Status)
	w.Write(a.Body)
}
