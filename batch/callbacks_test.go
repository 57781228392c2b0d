package batch_test

import (
	"context"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
)

// spoiledCall is a call of Run in which one of the functions that it is given calls
// misbehave.
type spoiledCall func(t *testing.T, server *Server, misbehave func()) error

// spoiledCalls are calls in which one function of the caller misbehaves, by the name of
// the function.
func spoiledCalls() map[string]spoiledCall {
	var ignore outcomes
	return map[string]spoiledCall{
		"handle": func(t *testing.T, server *Server, misbehave func()) error {
			handle := func(context.Context, batch.Outcome) error {
				misbehave()
				return nil
			}
			_, err := batch.Run(t.Context(), server.Client(), requestsOf("a", "b"), handle)
			return err
		},
		"the sequence": func(t *testing.T, server *Server, misbehave func()) error {
			requests := func(yield func(*Input) bool) {
				yield(pdfRequest("a"))
				misbehave()
			}
			_, err := batch.Run(t.Context(), server.Client(), requests, ignore.keep)
			return err
		},
		"a transport, in a start": func(t *testing.T, server *Server, misbehave func()) error {
			client := server.Client(misbehaveFor(http.MethodPost, misbehave))
			_, err := batch.Run(t.Context(), client, requestsOf("a", "b"), ignore.keep)
			return err
		},
		"a transport, in a wait": func(t *testing.T, server *Server, misbehave func()) error {
			client := server.Client(misbehaveFor(http.MethodGet, misbehave))
			_, err := batch.Run(t.Context(), client, requestsOf("a", "b"), ignore.keep)
			return err
		},
		"OnPoll": func(t *testing.T, server *Server, misbehave func()) error {
			wait := func(o *snapshotjob.WaitOptions) {
				o.OnPoll = func(snapshotjob.Poll) { misbehave() }
			}
			_, err := batch.Run(t.Context(), server.Client(), requestsOf("a", "b"), ignore.keep, func(o *batch.Options) {
				o.WaitOptions = []func(*snapshotjob.WaitOptions){wait}
			})
			return err
		},
	}
}

// misbehaveFor returns a client option whose transport misbehaves in requests of a method.
func misbehaveFor(method string, misbehave func()) func(*snapshotjob.Options) {
	return func(o *snapshotjob.Options) {
		next := o.Transport
		o.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == method {
				misbehave()
			}
			return next.RoundTrip(req)
		})
	}
}

// roundTripper makes a transport of a function.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

func TestPanicReachesTheCaller(t *testing.T) {
	for name, run := range spoiledCalls() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				assert.PanicsWithValue(t, name, func() {
					_ = run(t, server, func() { panic(name) })
				})
			})
		})
	}
}

// A test's FailNow ends the goroutine that calls it.
func TestFunctionThatEndsItsGoroutine(t *testing.T) {
	for name, run := range spoiledCalls() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				err := run(t, server, runtime.Goexit)
				assert.ErrorContains(t, err, "ended its goroutine")
			})
		})
	}
}

func TestPanicOfOnEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		var got outcomes
		assert.PanicsWithValue(t, "of OnEvent", func() {
			_, _ = batch.Run(t.Context(), server.Client(), manyRequests(20), got.keep, func(o *batch.Options) {
				o.OnEvent = func(batch.Event) { panic("of OnEvent") }
			})
		})
		assert.NotEmpty(t, got.all, "Run has not waited for what was under way")
	})
}

// OnEvent may end the goroutine, since it is that of the caller.
func TestOnEventThatEndsTheGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		var got outcomes
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = batch.Run(t.Context(), server.Client(), manyRequests(20), got.keep, func(o *batch.Options) {
				o.OnEvent = func(batch.Event) { runtime.Goexit() }
			})
		}()
		<-ended
		require.NotEmpty(t, got.all, "Run has not waited for what was under way")
		assert.ErrorIs(t, got.all[0].Err, context.Canceled)
	})
}
