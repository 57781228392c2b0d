package conformance

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// skewVector is some calls of one client, one after the other.
type skewVector struct {
	ID    string
	Calls []skewCall
}

// skewCall is one call, attempt by attempt.
type skewCall struct {
	Skew        float64 // seconds by which the service's clock is known to be ahead before the call
	MaxAttempts int
	Attempts    []skewAttempt
	Want        struct{ OK bool }
}

// skewAttempt is when an attempt is sent and signed, and which response comes back
// when.
type skewAttempt struct {
	Send       time.Time
	WantSigned time.Time // the time that the signature must name
	Receive    time.Time
	Status     int
	Header     map[string]string
	Code       string
}

// offsets is by how much each signature must be ahead of the clock.
func (v skewVector) offsets() []time.Duration {
	var offsets []time.Duration
	for _, c := range v.Calls {
		for _, attempt := range c.Attempts {
			offsets = append(offsets, attempt.WantSigned.Sub(attempt.Send))
		}
	}
	return offsets
}

// skewService is an HTTP client that plays the attempts of one call at a time. It
// runs in a bubble, where time stands still until somebody sleeps.
type skewService struct {
	t        *testing.T
	attempts []skewAttempt   // those that are still to come
	offsets  []time.Duration // by how much each signature was ahead of the clock
}

// Do implements aws.HTTPClient.
func (s *skewService) Do(req *http.Request) (*http.Response, error) {
	if len(s.attempts) == 0 {
		assert.Fail(s.t, "the call has made one attempt too many")
		return nil, errors.New("no attempt is left")
	}
	attempt := s.attempts[0]
	s.attempts = s.attempts[1:]

	signed, err := time.Parse(signatureTime, req.Header.Get("X-Amz-Date"))
	assert.NoError(s.t, err)
	// A retry comes some milliseconds after the second that the vector names.
	s.offsets = append(s.offsets, time.Until(signed).Round(time.Second))

	time.Sleep(attempt.Receive.Sub(attempt.Send))
	return emptyResponse(attempt.Status, attempt.Code, attempt.Header), nil
}

// play has the client make one call of the vector.
func (s *skewService) play(client caller, c skewCall) {
	s.t.Helper()
	s.attempts = c.Attempts
	sleepUntil(c.Attempts[0].Send)
	err := client.call(s.t.Context())
	assert.Equal(s.t, c.Want.OK, err == nil, "%s: error %v", client.name, err)
	assert.Empty(s.t, s.attempts, "%s: attempts that were not made", client.name)
}

// teach returns a call, an hour before the given one, from which a client learns
// what the given call knows about the service's clock.
func teach(c skewCall) skewCall {
	at := c.Attempts[0].Send.Add(-time.Hour)
	ahead := time.Duration(c.Skew * float64(time.Second))
	date := at.Add(ahead).UTC().Format(http.TimeFormat)
	lesson := skewCall{
		Attempts: []skewAttempt{{
			Send:    at,
			Receive: at,
			Status:  http.StatusOK,
			Header:  map[string]string{"Date": date},
		}},
	}
	lesson.Want.OK = true
	return lesson
}

// replaySkew has one of the clients make all calls of a vector, and returns by how
// much each of its signatures was ahead of the clock.
func replaySkew(t *testing.T, v skewVector, client int) []time.Duration {
	t.Helper()
	service := &skewService{t: t}
	cfg := Config(Keys, service)
	cfg.RetryMaxAttempts = v.Calls[0].MaxAttempts
	who := NewPair(cfg).callers()[client]
	if v.Calls[0].Skew != 0 {
		service.play(who, teach(v.Calls[0]))
		service.offsets = nil
	}
	for _, c := range v.Calls {
		service.play(who, c)
	}
	return service.offsets
}

// TestCasesOfClockSkew replays the vectors that all SDKs share: both clients
// sign every attempt by the same clock, which is that of the vector.
func TestCasesOfClockSkew(t *testing.T) {
	var file struct{ Vectors []skewVector }
	loadCases(t, "clockskew.json", &file)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			var offsets [2][]time.Duration
			for client := range offsets {
				synctest.Test(t, func(t *testing.T) {
					offsets[client] = replaySkew(t, v, client)
				})
			}
			assert.Equal(t, offsets[0], offsets[1], "the official client, then ours")
			// What a client learns from a retry that came a little late is a second off.
			assert.InDeltaSlice(t, v.offsets(), offsets[1], float64(time.Second))
		})
	}
}

// aheadByTenMinutes is a call from which a client learns that the service's clock is ahead,
// and one whose first attempt gets a response without a date.
func aheadByTenMinutes() skewVector {
	send := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	withoutDate := skewAttempt{Send: send, Receive: send, Status: http.StatusServiceUnavailable}
	good := skewAttempt{Send: send, Receive: send, Status: http.StatusOK}
	v := skewVector{Calls: []skewCall{{
		Skew:        600,
		MaxAttempts: 3,
		Attempts:    []skewAttempt{withoutDate, good},
	}}}
	v.Calls[0].Want.OK = true
	return v
}

// TestSkewAfterAResponseWithoutADate shows by how much each client signs ahead. See KeptSkew.
func TestSkewAfterAResponseWithoutADate(t *testing.T) {
	wants := [][]time.Duration{
		{10 * time.Minute, 0},
		{10 * time.Minute, 10 * time.Minute},
	}
	for client, want := range wants {
		t.Run(clientNames[client], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				assert.Equal(t, want, replaySkew(t, aheadByTenMinutes(), client))
			})
		})
	}
}

// TestSkewCorrectionThatIsDisabled shows by how much each client signs ahead after a call
// that tells the service's time. See HonoredSkewSetting.
func TestSkewCorrectionThatIsDisabled(t *testing.T) {
	for client, want := range []time.Duration{10 * time.Minute, 0} {
		t.Run(clientNames[client], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := &skewService{t: t}
				cfg := Config(Keys, service)
				cfg.DisableClockSkewCorrection = true
				who := NewPair(cfg).callers()[client]
				lesson := teach(aheadByTenMinutes().Calls[0])
				service.play(who, lesson)
				service.play(who, lesson)
				assert.Equal(t, []time.Duration{0, want}, service.offsets)
			})
		})
	}
}
