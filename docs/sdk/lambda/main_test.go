package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// event is the event of an invocation.
const event = `{"job": "111122223333/sales/2026-11-23", "sheet": "overview"}`

// invoke runs the function as Lambda does, with a timeout.
func invoke(t *testing.T, f *function, timeout time.Duration) response {
	t.Helper()
	var req request
	require.NoError(t, json.Unmarshal([]byte(event), &req))
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	got, err := f.handle(ctx, req)
	require.NoError(t, err)
	require.NoError(t, ctx.Err(), "Lambda would have ended the invocation")
	return got
}

// A job that takes longer than an invocation may is finished by the next one.
func TestJobThatOutlastsInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
				return snapshotjobtest.Completed().After(0, 20*time.Minute)
			}
		})
		f := &function{
			client: server.Client(),
			bucket: snapshotjob.S3BucketConfiguration{
				BucketName:   "amzn-s3-demo-bucket",
				BucketPrefix: "reports",
				BucketRegion: "us-east-1",
			},
		}
		first := invoke(t, f, 15*time.Minute)
		assert.Equal(t, response{Status: snapshotjob.SnapshotJobStatusRunning}, first)

		second := invoke(t, f, 15*time.Minute)
		assert.Equal(t, snapshotjob.SnapshotJobStatusCompleted, second.Status)
		require.Len(t, second.Files, 1)
		assert.True(t, strings.HasPrefix(second.Files[0], "s3://amzn-s3-demo-bucket/reports"))
	})
}

func TestFailedJobIsError(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Failed(snapshotjob.ErrorTypeDatasetDeleted, "The dataset is gone.")
		}
	})
	f := &function{
		client: server.Client(),
		bucket: snapshotjob.S3BucketConfiguration{
			BucketName:   "amzn-s3-demo-bucket",
			BucketPrefix: "reports",
			BucketRegion: "us-east-1",
		},
	}
	var req request
	require.NoError(t, json.Unmarshal([]byte(event), &req))
	_, err := f.handle(t.Context(), req)
	var failed *snapshotjob.JobError
	require.ErrorAs(t, err, &failed)
}
