package snapshotjob

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDownloadWithoutETagComesInOneStream(t *testing.T) {
	requests := 0
	o := options(responses(completed))
	o.DownloadTransport = transportFunc(func(*http.Request) (*http.Response, error) {
		requests++
		return mockResponse{status: 200, body: "0123456789"}.response()
	})
	result := resultCSV(resultMade("https://example.com/file.csv"))
	_, err := New(o).Download(t.Context(), exampleJob, t.TempDir(), func(o *DownloadOptions) {
		o.Result = result
		o.PartSize = 4
	})
	require.NoError(t, err)
	assert.Equal(t, 1, requests)
}

// delayless is a retryer that can't tell a delay.
type delayless struct{ aws.RetryerV2 }

func (delayless) RetryDelay(int, error) (time.Duration, error) { return 0, errors.New("no delay") }

func TestDownloadPausesThoughTheRetryerTellsNoDelay(t *testing.T) {
	o := options(responses(completed))
	o.Retryer = delayless{RetryerV2: o.Retryer.(aws.RetryerV2)}
	session, _ := New(o).newDownloadSession(t.Context(), nil)
	assert.Equal(t, time.Second, session.retryDelay(1, io.ErrUnexpectedEOF))
}
