package snapshotjob

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlaceOfAFile(t *testing.T) {
	file := ResultFile{User: 1, Group: 1, Index: 1}
	assert.True(t, file.hasPlaceOf(ResultFile{User: 1, Group: 1, Index: 1}))
	assert.False(t, file.hasPlaceOf(ResultFile{User: 1, Group: 1, Index: 1, Registered: true}))
	assert.False(t, file.hasPlaceOf(ResultFile{User: 0, Group: 1, Index: 1}))
	assert.False(t, file.hasPlaceOf(ResultFile{User: 1, Group: 0, Index: 1}))
	assert.False(t, file.hasPlaceOf(ResultFile{User: 1, Group: 1, Index: 0}))
}

func TestPresignedURLTellsNoClock(t *testing.T) {
	o := options(responses(completed))
	o.DownloadTransport = transportFunc(func(*http.Request) (*http.Response, error) {
		date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
		return mockResponse{status: 200, header: map[string]string{"Date": date}, body: "x"}.response()
	})
	client := New(o)
	file, err := client.Open(t.Context(), ResultFile{Job: exampleJob, URI: "https://example.com/file.csv"})
	require.NoError(t, err)
	defer file.Close()
	assert.Zero(t, client.s3ClockSkew.load())
}

func TestS3IsTakenToHaveTheClockOfTheService(t *testing.T) {
	client := New(options(responses(completed)))
	client.clockSkew.store(time.Hour)
	session, _ := client.newDownloadSession(t.Context(), nil)
	assert.Equal(t, time.Hour, session.s3ClockSkew())
}
