package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// amzTime is the format of times in headers that begin with X-Amz.
const amzTime = "20060102T150405Z"

// skewFile is what testdata/clockskew.json holds.
type skewFile struct {
	Vectors []struct {
		ID    string
		Calls []skewCall
	}
	Grid []skewGridCase
}

// skewCall is one of the calls that a client makes, with what it knows of the service's clock before
// and after. Skews are in seconds.
type skewCall struct {
	Skew        int
	MaxAttempts int
	Attempts    []skewAttempt
	Want        struct {
		Skew int
		OK   bool
	}
}

// skewAttempt is one attempt of a call: when it is sent, and which response comes when.
type skewAttempt struct {
	Send       time.Time
	Receive    time.Time
	Status     int
	Header     map[string]string
	Code       string
	WantSigned time.Time
}

// skewGridCase tells how the official client signs the attempts of a call, and of a second one, to a
// service whose clock is ahead.
type skewGridCase struct {
	Code    string
	Ahead   int
	Date    string
	Age     string
	Rejects string
	Want    struct {
		Offsets []int
		Second  int
		Code    string
	}
}

func (c skewGridCase) name() string {
	return fmt.Sprintf("%s %+d Date %s Age %s", c.Code, c.Ahead, c.Date, c.Age)
}

// seconds returns the duration of n seconds.
func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// skewOf returns how far ahead the client thinks the service's clock is.
func skewOf(client *Client) time.Duration { return time.Duration(client.clockSkew.load()) }

// setSkew makes the client think that the service's clock is ahead.
func setSkew(client *Client, ahead time.Duration) { client.clockSkew.store(ahead) }

// advanceTo moves the clock of the test's bubble forward, which takes no real time.
func advanceTo(at time.Time) { <-time.After(time.Until(at)) }

// signedAt returns when a request says that it was signed.
func signedAt(t *testing.T, req *http.Request) time.Time {
	t.Helper()
	at, err := time.Parse(amzTime, req.Header.Get("X-Amz-Date"))
	assert.NoError(t, err, "X-Amz-Date")
	return at
}

// dateIn returns a Date header of a clock that is ahead.
func dateIn(ahead time.Duration) string {
	return time.Now().Add(ahead).UTC().Format(http.TimeFormat)
}

// attemptPlayer is a mock of the service that plays the attempts of one call, each at its time. It
// checks when a request is sent and signed.
type attemptPlayer struct {
	t        *testing.T
	attempts []skewAttempt
	sent     int
}

func (p *attemptPlayer) RoundTrip(req *http.Request) (*http.Response, error) {
	p.sent++
	if p.sent > len(p.attempts) {
		return nil, errors.New("one attempt too many")
	}
	attempt := p.attempts[p.sent-1]
	assert.WithinDuration(p.t, attempt.Send, time.Now(), 0, "attempt %d is sent", p.sent)
	assert.WithinDuration(p.t, attempt.WantSigned, signedAt(p.t, req), 0, "attempt %d is signed", p.sent)
	advanceTo(attempt.Receive)
	return attempt.response().response()
}

// response returns the service's response to the attempt.
func (a skewAttempt) response() mockResponse {
	header := map[string]string{"X-Amzn-Errortype": a.Code}
	for name, value := range a.Header {
		header[name] = value
	}
	return mockResponse{status: a.Status, header: header}
}

func TestClockSkewVectors(t *testing.T) {
	var file skewFile
	cases(t, "clockskew.json", &file)
	for _, tt := range file.Vectors {
		t.Run(tt.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := New(options(responses(completed)))
				setSkew(client, seconds(tt.Calls[0].Skew))
				for _, call := range tt.Calls {
					call.play(t, client)
				}
			})
		})
	}
}

// play makes the call at its time, and checks what the client knows before and after.
func (c skewCall) play(t *testing.T, client *Client) {
	t.Helper()
	require.Equal(t, seconds(c.Skew), skewOf(client), "before the call")
	advanceTo(c.Attempts[0].Send)
	service := &attemptPlayer{t: t, attempts: c.Attempts}
	_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(o *Options) {
		o.RetryMaxAttempts = c.MaxAttempts
		o.Transport = service
	})
	assert.Equal(t, len(c.Attempts), service.sent)
	assert.Equal(t, c.Want.OK, err == nil, "success of a call with error %v", err)
	assert.Equal(t, seconds(c.Want.Skew), skewOf(client), "after the call")
}

// gridService is a mock of a service whose clock is ahead. While it is rejecting, it refuses
// signatures as the case of the grid says. It keeps what it read from the requests.
type gridService struct {
	t         *testing.T
	grid      skewGridCase
	rejecting bool
	offsets   []int // of the signatures from our clock, in seconds
	infos     []string
}

func (s *gridService) RoundTrip(req *http.Request) (*http.Response, error) {
	offset := time.Until(signedAt(s.t, req))
	s.offsets = append(s.offsets, int(offset.Seconds()))
	s.infos = append(s.infos, req.Header.Get("Amz-Sdk-Request"))
	if s.rejects(offset) {
		header := s.header()
		header["X-Amzn-Errortype"] = s.grid.Code
		return mockResponse{status: 403, header: header, body: `{"Message":"x"}`}.response()
	}
	return mockResponse{status: 200, header: s.header(), body: completed.body}.response()
}

// rejects reports whether the service refuses a signature that is this far from our clock.
func (s *gridService) rejects(offset time.Duration) bool {
	if !s.rejecting {
		return false
	}
	switch s.grid.Rejects {
	case "always":
		return true
	case "far":
		return (offset - seconds(s.grid.Ahead)).Abs() > 5*time.Minute
	}
	return false
}

// header returns the headers that tell of the service's clock.
func (s *gridService) header() map[string]string {
	header := map[string]string{}
	if s.grid.Age != "" {
		header["Age"] = s.grid.Age
	}
	switch s.grid.Date {
	case "ok":
		header["Date"] = dateIn(seconds(s.grid.Ahead))
	case "garbage":
		header["Date"] = "yesterday"
	}
	return header
}

func TestClockSkewGrid(t *testing.T) {
	var file skewFile
	cases(t, "clockskew.json", &file)
	for _, tt := range file.Grid {
		t.Run(tt.name(), func(t *testing.T) {
			synctest.Test(t, tt.check)
		})
	}
}

// check makes two calls. The service rejects signatures during the first one alone.
func (c skewGridCase) check(t *testing.T) {
	service := &gridService{t: t, grid: c, rejecting: true}
	client := New(options(service))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	_, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	assert.Equal(t, c.Want.Code, errorCode(err), "code of %v", err)
	assert.Equal(t, c.Want.Offsets, service.offsets)
	first := len(service.offsets)

	service.rejecting = false
	_, err = client.DescribeDashboardSnapshotJobResult(ctx, exampleJob)
	require.NoError(t, err)
	assert.Equal(t, c.Want.Second, service.offsets[first])

	deadline, _ := ctx.Deadline()
	service.checkInfos(0, first, deadline)
	service.checkInfos(first, len(service.infos), deadline)
}

// checkInfos checks the header that tells the service about the attempts of a call, which are the
// requests from one number up to another. It has a deadline, by the service's clock, if that clock is
// known to be ahead.
func (s *gridService) checkInfos(from, to int, deadline time.Time) {
	s.t.Helper()
	for i := from; i < to; i++ {
		want := fmt.Sprintf("attempt=%d; max=3", i-from+1)
		if s.offsets[i] > 0 {
			want += "; ttl=" + deadline.Add(seconds(s.offsets[i])).UTC().Format(amzTime)
		}
		assert.Equal(s.t, want, s.infos[i], "request %d", i+1)
	}
}

// recordOffsets returns a mock of the service that keeps how far the signatures are from our clock.
func recordOffsets(t *testing.T, offsets *[]time.Duration, transport http.RoundTripper) http.RoundTripper {
	return transportFunc(func(req *http.Request) (*http.Response, error) {
		*offsets = append(*offsets, time.Until(signedAt(t, req)))
		return transport.RoundTrip(req)
	})
}

func TestAttemptWithoutDateKeepsTheSkew(t *testing.T) {
	const ahead = 600 * time.Second
	synctest.Test(t, func(t *testing.T) {
		service := responses(
			mockResponse{status: 200, header: map[string]string{"Date": dateIn(ahead)}, body: "{}"},
			mockResponse{err: errors.New("connection reset by peer")},
			mockResponse{status: 500, header: map[string]string{"Date": "yesterday"}},
			completed,
		)
		var offsets []time.Duration
		client := New(options(recordOffsets(t, &offsets, service)))
		for range 3 {
			_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			require.NoError(t, err)
		}
		assert.Equal(t, []time.Duration{0, ahead, ahead, ahead, ahead}, offsets)
	})
}

func TestClockSkewCorrectionCanBeDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		header := map[string]string{
			"X-Amzn-Errortype": "RequestTimeTooSkewed",
			"Date":             dateIn(time.Hour),
		}
		refusal := mockResponse{status: 403, header: header}
		var offsets []time.Duration
		o := options(recordOffsets(t, &offsets, responses(refusal)))
		o.DisableClockSkewCorrection = true
		client := New(o)
		for range 2 {
			_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			assert.Equal(t, "RequestTimeTooSkewed", errorCode(err), "code of %v", err)
		}
		assert.Equal(t, []time.Duration{0, 0}, offsets)
	})
}

// A clock that is further ahead each time does not make the attempts endless. The error tells what
// is the probable cause.
func TestProbableClockSkewIsReported(t *testing.T) {
	const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: " +
		"exceeded maximum number of attempts, 3, probable clock skew of 3h0m0s: " +
		"https response error StatusCode: 403, RequestID: , api error SignatureDoesNotMatch: m"
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		_, err := describe(t, options(transportFunc(func(*http.Request) (*http.Response, error) {
			attempts++
			header := map[string]string{
				"X-Amzn-Errortype": "SignatureDoesNotMatch",
				"Date":             dateIn(time.Duration(attempts) * time.Hour),
			}
			return mockResponse{status: 403, header: header, body: `{"message":"m"}`}.response()
		})))
		assert.EqualError(t, err, want)
		assert.Equal(t, 3, attempts)
	})
}
