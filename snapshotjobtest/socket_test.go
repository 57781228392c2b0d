package snapshotjobtest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestStart(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t)
	assert.Empty(t, srv.URL(), "before Start")
	url := srv.Start()
	assert.Equal(t, url, srv.URL())
	assertPrefix(t, "http://127.0.0.1:", url)
}

// A server that was closed can be started again, and works in memory all the time.
func TestStartTLSAfterClose(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	srv.AddJob(daily, snapshotjobtest.Completed())
	srv.Start()
	srv.Close()
	url := srv.StartTLS()
	assertPrefix(t, "https://", url)
	srv.Close()
	get(dailyPath).send(t, srv).assertOK(t)
}

// Close does not wait for clients, and may be called twice.
func TestCloseEndsRequestUnderWay(t *testing.T) {
	srv := snapshotjobtest.NewServer()
	url := srv.Start()
	arrived := make(chan struct{})
	stall := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
		})
	}
	srv.Fail(describeOp, snapshotjobtest.NewFault("stall", stall))
	client := srv.HTTPClient()
	req := get(url + dailyPath).sign(t)
	done := make(chan error)
	go func() {
		_, err := client.Do(req)
		done <- err
	}()
	<-arrived
	srv.Close()
	srv.Close()
	assert.Error(t, <-done)
}
