package snapshotjobtest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Answer returns a fault that responds with an exception, in the format of the
// service, without doing the work.
func Answer(status int, code, message string) Fault {
	e := &apiError{status: status, code: code, message: message}
	return errorFault(fmt.Sprintf("answer %d %s", status, code), e, e)
}

// errorFault makes a fault that responds with one exception to requests for the
// API, and with another one to requests for files.
func errorFault(name string, api, s3 *apiError) Fault {
	return insteadOfWork(name, func(w http.ResponseWriter, r *http.Request) {
		c := callOf(r)
		if c.operation == GetObject {
			c.writeError(w, s3)
		} else {
			c.writeError(w, api)
		}
	})
}

// Throttle returns a fault that responds with ThrottlingException (429), or with
// SlowDown (503) to a request for a file.
func Throttle() Fault {
	api := &apiError{
		status:  http.StatusTooManyRequests,
		code:    "ThrottlingException",
		message: "Rate exceeded",
	}
	s3 := &apiError{
		status:  http.StatusServiceUnavailable,
		code:    "SlowDown",
		message: "Please reduce your request rate.",
	}
	return errorFault("throttle", api, s3)
}

// ServerError returns a fault that responds with an error of the service: 500, 503,
// or any other 5xx status. It panics for a status that is not 5xx; [Answer] takes
// any.
func ServerError(status int) Fault {
	if status < 500 || status > 599 {
		panic(fmt.Sprintf("snapshotjobtest: ServerError: %d is no 5xx status; Answer takes any", status))
	}
	api := &apiError{
		status:  status,
		code:    "InternalFailureException",
		message: "An internal failure occurred.",
	}
	s3 := &apiError{
		status:  status,
		code:    "InternalError",
		message: "We encountered an internal error. Please try again.",
	}
	if status == http.StatusServiceUnavailable {
		api.code = "ServiceUnavailable"
		api.message = "The service is temporarily unavailable."
		s3.code = "ServiceUnavailable"
		s3.message = "Service is unable to handle request."
	}
	return errorFault("server error "+strconv.Itoa(status), api, s3)
}

// ExpiredToken returns a fault that says that the credentials have expired. With
// [Server.ExpireCredentials], credentials stay expired.
func ExpiredToken() Fault {
	api := &apiError{
		status:  http.StatusForbidden,
		code:    "ExpiredTokenException",
		message: "The security token included in the request is expired",
	}
	s3 := &apiError{
		status:  http.StatusBadRequest,
		code:    "ExpiredToken",
		message: "The provided token has expired.",
	}
	return errorFault("expired token", api, s3)
}

// SkewedDate returns a fault that makes the service's clock wrong by d: ahead, or
// behind if d is negative. The Date header shows that clock, and a signature that is
// too old or too new by it is refused. With [Options].ClockSkew, a clock stays wrong.
func SkewedDate(d time.Duration) Fault {
	name := "skewed date " + d.String()
	return aroundWork(name, func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		skewed := *callOf(r) // A copy, so that the work keeps the right clock.
		skewed.arrived = skewed.arrived.Add(d)
		w.Header().Set("Date", httpTime(skewed.arrived))
		if err := skewed.checkSignatureTime(); err != nil {
			skewed.writeError(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Garbage returns a fault that responds with status 200 and a body that is neither
// JSON nor a file. A client takes it for a good file: there is no checksum that
// would tell.
func Garbage() Fault {
	return pageFault("garbage", http.StatusOK, "application/json", "\x00\xff{\"Arn\": garbage")
}

// HTML returns a fault that responds with a page, as a proxy does, and without a
// request id. A client takes a page with status 200 for a good file, as with
// [Garbage].
func HTML(status int) Fault {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	page := "<html>\r\n" +
		"<head><title>" + title + "</title></head>\r\n" +
		"<body><center><h1>" + title + "</h1></center></body>\r\n" +
		"</html>\r\n"
	return pageFault("html "+strconv.Itoa(status), status, "text/html", page)
}

// pageFault makes a fault that responds with a body of any type.
func pageFault(name string, status int, contentType, body string) Fault {
	return insteadOfWork(name, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}
