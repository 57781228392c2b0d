package snapshotjobtest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Answer answers with an exception, as the service words it, without doing the
// work.
func Answer(status int, code, message string) Fault {
	return Fault{fmt.Sprintf("answer %d %s", status, code), func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			callOf(r).writeError(w, &apiError{Status: status, Code: code, Message: message})
		})
	}}
}

// byOperation answers with one exception of the API, and another one of S3.
func byOperation(name string, api, s3 *apiError) Fault {
	return Fault{name, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c := callOf(r); c.op == GetObject {
				c.writeError(w, s3)
			} else {
				c.writeError(w, api)
			}
		})
	}}
}

// Throttle answers ThrottlingException (429), or SlowDown (503) for a file.
func Throttle() Fault {
	return byOperation("throttle",
		&apiError{Status: 429, Code: "ThrottlingException", Message: "Rate exceeded"},
		&apiError{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."})
}

// ServerError answers with an error of the service: 500, 503, or any other 5xx
// status. It panics if status is none.
func ServerError(status int) Fault {
	if status < 500 || status > 599 {
		panic(fmt.Sprintf("snapshotjobtest: ServerError: %d is no 5xx status; Answer takes any", status))
	}
	api := &apiError{Status: status, Code: "InternalFailureException", Message: "An internal failure occurred."}
	s3 := &apiError{Status: status, Code: "InternalError", Message: "We encountered an internal error. Please try again."}
	if status == http.StatusServiceUnavailable {
		api.Code, api.Message = "ServiceUnavailable", "The service is temporarily unavailable."
		s3.Code, s3.Message = "ServiceUnavailable", "Service is unable to handle request."
	}
	return byOperation("server error "+strconv.Itoa(status), api, s3)
}

// ExpiredToken answers that the credentials have expired. See
// [Server.ExpireCredentials] for credentials that stay expired.
func ExpiredToken() Fault {
	return byOperation("expired token",
		&apiError{Status: 403, Code: "ExpiredTokenException", Message: "The security token included in the request is expired"},
		&apiError{Status: 400, Code: "ExpiredToken", Message: "The provided token has expired."})
}

// SkewedDate answers as a service whose clock is ahead by d (behind, if d is
// negative): the Date header says so, and a signature that is too old or too new
// by that clock is refused. See [Options].ClockSkew for a clock that stays wrong.
func SkewedDate(d time.Duration) Fault {
	return Fault{"skewed date " + d.String(), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			skewed := *callOf(r) // the work keeps the right clock
			skewed.now = skewed.now.Add(d)
			w.Header().Set("Date", skewed.now.UTC().Format(http.TimeFormat))
			var err error
			if skewed.op == GetObject {
				err = skewed.authenticateS3()
			} else {
				signed, _ := time.Parse(amzDate, r.Header.Get("X-Amz-Date")) // it is good: an attempt is well signed
				err = skewed.checkSkew(signed)
			}
			if err != nil {
				skewed.writeError(w, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}}
}

// Garbage answers 200 with a body that is no JSON, nor any file. As a file, a
// client takes it for a good one: there is no checksum to tell.
func Garbage() Fault {
	return page("garbage", http.StatusOK, "application/json", "\x00\xff{\"Arn\": garbage")
}

// HTML answers with a page, as a proxy does, and without a request id. As a file,
// a client takes a page with status 200 for a good one, see [Garbage].
func HTML(status int) Fault {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return page("html "+strconv.Itoa(status), status, "text/html",
		"<html>\r\n<head><title>"+text+"</title></head>\r\n<body><center><h1>"+text+"</h1></center></body>\r\n</html>\r\n")
}

func page(name string, status int, contentType, body string) Fault {
	return Fault{name, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}}
}
