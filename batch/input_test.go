package batch_test

import (
	"context"
	"errors"
	"iter"
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
	requests iter.Seq[*Input]
	handle   func(context.Context, batch.Outcome) error
	options  batch.Options
	optFns   []func(*batch.Options) // after one that sets the options
}

// run makes the call.
func (c *call) run() (batch.Summary, error) {
	setOptions := func(o *batch.Options) { *o = c.options }
	optFns := append([]func(*batch.Options){setOptions}, c.optFns...)
	return batch.Run(c.ctx, c.client, c.requests, c.handle, optFns...)
}

// badCalls are calls that each have something wrong, and the fields that are.
var badCalls = map[string]struct {
	spoil func(*call)
	want  []string
}{
	"no context": {
		spoil: func(c *call) { c.ctx = nil },
		want:  []string{"ctx"},
	},
	"no client": {
		spoil: func(c *call) { c.client = nil },
		want:  []string{"Client"},
	},
	"zero client": {
		spoil: func(c *call) { c.client = &snapshotjob.Client{} },
		want:  []string{"Client"},
	},
	"no requests": {
		spoil: func(c *call) { c.requests = nil },
		want:  []string{"requests"},
	},
	"no handle": {
		spoil: func(c *call) { c.handle = nil },
		want:  []string{"handle"},
	},
	"nil option function": {
		spoil: func(c *call) { c.optFns = []func(*batch.Options){nil} },
		want:  []string{"optFns"},
	},
	"negative options": {
		spoil: func(c *call) { c.options = negativeOptions },
		want:  []string{"MaxRunning", "MaxAttempts", "JobTimeout", "HandleConcurrency", "MaxUnhandled"},
	},
	"wait options": {
		spoil: func(c *call) {
			tooShort := func(o *snapshotjob.WaitOptions) { o.MinDelay = -1 }
			c.options.WaitOptions = []func(*snapshotjob.WaitOptions){tooShort}
		},
		want: []string{"MinDelay"},
	},
	"client options": {
		spoil: func(c *call) {
			noRegion := func(o *snapshotjob.Options) { o.Region = "" }
			c.options.ClientOptions = []func(*snapshotjob.Options){noRegion}
		},
		want: []string{"Region"},
	},
	"several things": {
		spoil: func(c *call) {
			c.ctx = nil
			c.client = nil
			c.requests = nil
			c.handle = nil
			c.options.MaxRunning = -1
		},
		want: []string{"MaxRunning", "ctx", "Client", "requests", "handle"},
	},
}

// negativeOptions are options whose numbers are all wrong.
var negativeOptions = batch.Options{
	MaxRunning:        -1,
	MaxAttempts:       -1,
	JobTimeout:        -1,
	HandleConcurrency: -1,
	MaxUnhandled:      -1,
}

func TestBadCallsSendNothing(t *testing.T) {
	for name, test := range badCalls {
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
			summary, err := c.run()
			assert.ElementsMatch(t, test.want, wrongFields(t, err))
			assert.Zero(t, summary)
			assert.Empty(t, got.all)
			assert.Empty(t, server.Requests())
		})
	}
}

// wrongFields returns the fields that an InvalidInputError names.
func wrongFields(t *testing.T, err error) []string {
	t.Helper()
	invalid, ok := errors.AsType[*snapshotjob.InvalidInputError](err)
	require.True(t, ok, "%v", err)
	var fields []string
	for _, fault := range invalid.Faults {
		fields = append(fields, fault.Field)
	}
	return fields
}

func TestBadRequestsStopNoOtherOne(t *testing.T) {
	noSheet := pdfRequest("no-sheet")
	noSheet.SnapshotConfiguration.FileGroups = nil
	tests := map[string]struct {
		bad  *Input
		want string
	}{
		"nil": {
			bad:  nil,
			want: "is nil",
		},
		"without files": {
			bad:  noSheet,
			want: "FileGroups",
		},
		"without an id": {
			bad:  pdfRequest(""),
			want: "SnapshotJobID is empty",
		},
		"with the id of another": {
			bad:  pdfRequest("a"),
			want: "111122223333/sales/a is that of another request",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				requests := slices.Values([]*Input{pdfRequest("a"), test.bad, pdfRequest("c")})
				got := runBatch(t, server, requests)
				assert.Equal(t, 2, got.summary.Completed)
				assert.Equal(t, 1, got.summary.Failed)
				_, ok := errors.AsType[*snapshotjob.InvalidInputError](got.err)
				require.True(t, ok, "%v", got.err)
				assert.ErrorContains(t, got.err, test.want)
				assert.Same(t, test.bad, got.all[0].Input)
				assert.Equal(t, []string{"a", "c"}, startedIDs(server))
			})
		})
	}
}

// The earlier request with the id has its outcome already.
// Requests without an id are no duplicates of each other.
func TestRequestsWithoutAnID(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		got := runBatch(t, server, requestsOf("", ""))
		require.Len(t, got.all, 2)
		assert.ErrorContains(t, got.all[0].Err, "SnapshotJobID is empty")
		assert.ErrorContains(t, got.all[1].Err, "SnapshotJobID is empty")
		assert.Empty(t, server.Requests())
	})
}

func TestDuplicateOfARequestThatIsDone(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		requests := func(yield func(*Input) bool) {
			yield(pdfRequest("a"))
			time.Sleep(time.Hour)
			yield(pdfRequest("a"))
		}
		got := runBatch(t, server, requests)
		assert.ErrorContains(t, got.err, "is that of another request")
		assert.Equal(t, 1, got.summary.Completed)
		assert.Equal(t, 1, got.summary.Failed)
		assert.Zero(t, got.summary.Adopted)
	})
}

// The id of a further job of one request is that of another request. The description of a
// job doesn't tell the two apart.
func TestIDOfAFurtherJobIsThatOfAnotherRequest(t *testing.T) {
	tests := map[string][]string{
		"the other one comes first": {"a-2", "a"},
		"the other one is next":     {"a", "a-2"},
	}
	for name, ids := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *Server) {
				got := runBatch(t, server, requestsOf(ids...))
				assert.ErrorContains(t, got.err, "another job could not be started")
				assert.ErrorContains(t, got.err, "111122223333/sales/a-2 is that of another request")
				assert.Equal(t, 1, got.summary.Completed)
				assert.Equal(t, 1, got.summary.Failed)
				assert.ElementsMatch(t, ids, startedIDs(server))
			}, livesOf(lives{"a": minute(changing())}))
		})
	}
}

func TestIDThatAFurtherJobOfAnotherRequestHas(t *testing.T) {
	inBubble(t, func(t *testing.T, server *Server) {
		requests := func(yield func(*Input) bool) {
			yield(pdfRequest("a"))
			time.Sleep(time.Hour)
			yield(pdfRequest("a-2"))
		}
		got := runBatch(t, server, requests)
		assert.ErrorContains(t, got.err, "111122223333/sales/a-2 is that of another request")
		assert.Equal(t, 1, got.summary.Completed)
		assert.Equal(t, []string{"a", "a-2"}, startedIDs(server))
	}, livesOf(lives{"a": minute(changing())}))
}
