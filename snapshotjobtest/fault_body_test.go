package snapshotjobtest_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestFaultsThatCutBody(t *testing.T) {
	for n, body := range map[int64]string{
		0: "",
		7: `{"Arn":`,
	} {
		forEachWay(t, func(t *testing.T, start starter) {
			got, err := meetFault(t, start, snapshotjobtest.CutBody(n))
			require.NoError(t, err)
			got.assertOK(t)
			assert.Empty(t, got.header.Get("X-Amzn-Errortype"))
			assert.Equal(t, body, got.body)
			assert.ErrorIs(t, got.bodyErr, io.ErrUnexpectedEOF)
			assert.Greater(t, got.contentLength, n, "the length that was announced")
		})
	}
}

func TestCutBodyOfFile(t *testing.T) {
	srv := newDailyServer(t, completedCSV("content"))
	uri := dailyURI(t, srv)
	srv.Fail(snapshotjobtest.GetObject, snapshotjobtest.CutBody(3))
	got := fetch(t, srv, uri)
	assert.Equal(t, "con", got.body)
	assert.ErrorIs(t, got.bodyErr, io.ErrUnexpectedEOF)
}

func TestStallBodyWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, snapshotjobtest.Completed())
		srv.Fail(describeOp, snapshotjobtest.StallBody(3, 0))
		ctx, cancel := context.WithCancel(t.Context())
		req := get(dailyPath).sign(t).WithContext(ctx)
		resp, err := srv.HTTPClient().Do(req)
		require.NoError(t, err)
		time.AfterFunc(time.Minute, cancel)
		got := readResponse(resp)
		assert.Len(t, got.body, 3)
		assert.ErrorIs(t, got.bodyErr, context.Canceled)
	})
}

// fetchDuring fetches a file of the given content while it meets a fault, and returns what the server then
// takes for unused.
func fetchDuring(t *testing.T, content string, fault snapshotjobtest.Fault) []string {
	t.Helper()
	srv := snapshotjobtest.NewServer()
	file := snapshotjobtest.File{Content: []byte(content)}
	srv.AddJob(daily, snapshotjobtest.Completed(file))
	uri := dailyURI(t, srv)
	srv.Fail(snapshotjobtest.GetObject, fault)
	fetch(t, srv, uri).assertOK(t)
	return srv.Unused()
}

func TestFaultOfLongBodyIsUsed(t *testing.T) {
	for _, fault := range []snapshotjobtest.Fault{
		snapshotjobtest.CutBody(9),
		snapshotjobtest.StallBody(9, time.Second),
		snapshotjobtest.Corrupt(),
	} {
		runInBubble(t, fault.String(), func(t *testing.T) {
			unused := fetchDuring(t, "0123456789", fault)
			assert.Empty(t, unused)
		})
	}
}

// A fault that finds nothing to change in its body has had no effect.
func TestFaultOfShortBodyIsUnused(t *testing.T) {
	for _, tt := range []struct {
		content string
		fault   snapshotjobtest.Fault
		want    string
	}{
		{
			content: "0123456789",
			fault:   snapshotjobtest.CutBody(10),
			want:    "GetObject: cut body at 10: the body was too short",
		},
		{
			content: "0123456789",
			fault:   snapshotjobtest.StallBody(10, 0),
			want:    "GetObject: stall body at 10: the body was too short",
		},
		{
			content: "",
			fault:   snapshotjobtest.Corrupt(),
			want:    "GetObject: corrupt: the body was too short",
		},
	} {
		runInBubble(t, tt.fault.String(), func(t *testing.T) {
			unused := fetchDuring(t, tt.content, tt.fault)
			assert.Equal(t, []string{tt.want}, unused)
		})
	}
}
