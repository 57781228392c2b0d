package batch_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/batch"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// call is a call of Run that is good but for what a test changes.
type call struct {
	ctx      context.Context
	client   *snapshotjob.Client
	requests func(func(*Input) bool)
	handle   func(context.Context, batch.Outcome) error
	optFns   []func(*batch.Options)
}

// with sets an option.
func (c *call) with(fn func(*batch.Options)) { c.optFns = append(c.optFns, fn) }

func TestBadCallsSendNothing(t *testing.T) {
	tests := map[string]struct {
		spoil func(*call)
		want  []string // the fields that are wrong
	}{
		"no context":  {spoil: func(c *call) { c.ctx = nil }, want: []string{"ctx"}},
		"no client":   {spoil: func(c *call) { c.client = nil }, want: []string{"Client"}},
		"zero client": {spoil: func(c *call) { c.client = &snapshotjob.Client{} }, want: []string{"Client"}},
		"no requests": {spoil: func(c *call) { c.requests = nil }, want: []string{"requests"}},
		"no handle":   {spoil: func(c *call) { c.handle = nil }, want: []string{"handle"}},
		"nil option function": {
			spoil: func(c *call) { c.with(nil) },
			want:  []string{"optFns"},
		},
		"negative options": {
			spoil: func(c *call) {
				c.with(func(o *batch.Options) {
					o.MaxRunning = -1
					o.MaxAttempts = -1
					o.JobTimeout = -time.Second
					o.HandleConcurrency = -1
					o.MaxUnhandled = -1
				})
			},
			want: []string{"MaxRunning", "MaxAttempts", "JobTimeout", "HandleConcurrency", "MaxUnhandled"},
		},
		"wait options": {
			spoil: func(c *call) {
				c.with(func(o *batch.Options) {
					wait := func(o *snapshotjob.WaitOptions) { o.MinDelay = -1 }
					o.WaitOptions = []func(*snapshotjob.WaitOptions){wait}
				})
			},
			want: []string{"MinDelay"},
		},
		"client options": {
			spoil: func(c *call) {
				c.with(func(o *batch.Options) {
					noRegion := func(o *snapshotjob.Options) { o.Region = "" }
					o.ClientOptions = []func(*snapshotjob.Options){noRegion}
				})
			},
			want: []string{"Region"},
		},
		"all at once": {
			spoil: func(c *call) {
				c.ctx = nil
				c.client = nil
				c.requests = nil
				c.handle = nil
				c.with(func(o *batch.Options) { o.MaxRunning = -1 })
			},
			want: []string{"MaxRunning", "ctx", "Client", "requests", "handle"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := snapshotjobtest.NewTestServer(t)
			var got outcomes
			c := &call{
				ctx:      t.Context(),
				client:   server.Client(),
				requests: requestsOf("a"),
				handle:   got.keep,
			}
			test.spoil(c)
			summary, err := batch.Run(c.ctx, c.client, c.requests, c.handle, c.optFns...)
			invalid, ok := errors.AsType[*snapshotjob.InvalidInputError](err)
			require.True(t, ok, "%v", err)
			var fields []string
			for _, fault := range invalid.Faults {
				fields = append(fields, fault.Field)
			}
			assert.ElementsMatch(t, test.want, fields)
			assert.Zero(t, summary)
			assert.Empty(t, got.all)
			assert.Empty(t, server.Requests())
		})
	}
}

func TestBadRequestsStopNoOtherOne(t *testing.T) {
	noSheet := pdfRequest("no-sheet")
	noSheet.SnapshotConfiguration.FileGroups = nil
	tests := map[string]struct {
		bad  *Input
		want string
	}{
		"nil":                    {bad: nil, want: "is nil"},
		"without files":          {bad: noSheet, want: "FileGroups"},
		"without an id":          {bad: pdfRequest(""), want: "SnapshotJobID is empty"},
		"with the id of another": {bad: pdfRequest("a"), want: "111122223333/sales/a, as in an earlier request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *snapshotjobtest.Server) {
				var got outcomes
				requests := slices.Values([]*Input{pdfRequest("a"), test.bad, pdfRequest("c")})
				summary, err := batch.Run(t.Context(), server.Client(), requests, got.keep)
				assert.Equal(t, 2, summary.Completed)
				assert.Equal(t, 1, summary.Failed)
				_, ok := errors.AsType[*snapshotjob.InvalidInputError](err)
				require.True(t, ok, "%v", err)
				assert.ErrorContains(t, err, test.want)
				assert.Same(t, test.bad, got.all[0].Input)
				assert.Equal(t, []string{"a", "c"}, startedIDs(server))
			})
		})
	}
}

// The earlier request with the id has its outcome already.
func TestDuplicateOfARequestThatIsDone(t *testing.T) {
	inBubble(t, func(t *testing.T, server *snapshotjobtest.Server) {
		requests := func(yield func(*Input) bool) {
			yield(pdfRequest("a"))
			time.Sleep(time.Hour)
			yield(pdfRequest("a"))
		}
		var got outcomes
		summary, err := batch.Run(t.Context(), server.Client(), requests, got.keep)
		assert.ErrorContains(t, err, "as in an earlier request")
		assert.Equal(t, 1, summary.Completed)
		assert.Equal(t, 1, summary.Failed)
		assert.Zero(t, summary.Adopted)
	})
}
