package temporal_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

func TestExportStartsWaitsAndDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		var delivered deliveries
		outcome, err := runExport(t, exports.Options{
			Client:  fake.Client(),
			Deliver: delivered.deliver,
		}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Equal(t, salesJob(workflowID), outcome.Job)
		assert.False(t, outcome.Adopted)
		assert.GreaterOrEqual(t, outcome.Finished.Sub(outcome.Created), 42*time.Second)
		assert.Equal(t, []snapshotjob.Job{salesJob(workflowID)}, delivered.jobs)
		assert.Equal(t, 1, countStarts(fake))
	})
}

func TestExportTakesTheIDOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		request := newRequest()
		request.SnapshotJobID = "chosen"
		outcome, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: request})
		require.NoError(t, err)
		assert.Equal(t, salesJob("chosen"), outcome.Job)
	})
}

func TestExportAdoptsAJobOfAnEarlierRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		startJob(t, fake, workflowID)
		time.Sleep(10 * time.Second)
		outcome, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.True(t, outcome.Adopted)
		assert.Equal(t, salesJob(workflowID), outcome.Job)
		assert.Less(t, outcome.Finished.Sub(outcome.Created), 50*time.Second, "the job is as old as it is")
	})
}

func TestExportRefusesTheIDOfAnotherJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		startJob(t, fake, workflowID)
		request := newRequest()
		request.SnapshotConfiguration.FileGroups = []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("details")}
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: request})
		assert.Equal(t, exports.ErrorTypeJobIDTaken, applicationError(t, err).Type())
		assert.ErrorContains(t, err, "111122223333/sales/nightly")
	})
}

// Each case loses requests or responses at other points of an export.
func TestExportSurvivesLostResponses(t *testing.T) {
	drop := snapshotjobtest.Drop()
	lost := snapshotjobtest.DropAfterWork()
	broken := snapshotjobtest.ServerError(http.StatusServiceUnavailable)
	hidden := snapshotjobtest.Answer(http.StatusNotFound, "ResourceNotFoundException", "no such job")
	throttle := snapshotjobtest.Throttle()
	type faults []snapshotjobtest.Fault
	tests := []struct {
		name      string
		starts    faults
		describes faults
		results   faults
	}{
		{name: "a start", starts: faults{drop}},
		{name: "the response to a start", starts: faults{lost}},
		{name: "the service fails", starts: faults{broken}},
		{name: "a start and its description", starts: faults{lost}, describes: faults{drop}},
		{name: "two starts and descriptions", starts: faults{lost, lost}, describes: broken.Times(9)},
		{name: "a start whose job is not shown yet", starts: faults{lost}, describes: hidden.Times(2)},
		{name: "polls", describes: drop.Times(9)},
		{name: "results", results: lost.Times(9)},
		{name: "all is throttled", starts: throttle.Times(20), describes: throttle.Times(20)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, test.starts...)
				fake.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, test.describes...)
				fake.Fail(snapshotjobtest.DescribeDashboardSnapshotJobResult, test.results...)
				options := exports.Options{Client: fake.Client()}
				outcome, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
				require.NoError(t, err)
				assert.Equal(t, salesJob(workflowID), outcome.Job)
				assert.False(t, outcome.Adopted)
				assert.Empty(t, fake.Unused())
			})
		})
	}
}

func TestExportTriesAFailedJobAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, map[string]snapshotjobtest.Life{
			workflowID: snapshotjobtest.Failed(snapshotjob.ErrorTypeRLSChanged, "Security settings have changed."),
		})
		outcome, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Equal(t, salesJob("nightly-2"), outcome.Job)
		assert.False(t, outcome.Adopted)
	})
}

func TestExportEndsAfterMaxAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := snapshotjobtest.Failed(snapshotjob.ErrorTypeRLSChanged, "Security settings have changed.")
		fake := newFake(t, map[string]snapshotjobtest.Life{
			"nightly":   failed,
			"nightly-2": failed,
			"nightly-3": failed,
		})
		var delivered deliveries
		_, err := runExport(t, exports.Options{Client: fake.Client(), Deliver: delivered.deliver}, exports.ExportInput{
			Request:     newRequest(),
			MaxAttempts: 3,
		})
		failure := applicationError(t, err)
		assert.Equal(t, exports.ErrorTypeJobFailed, failure.Type())
		assert.True(t, failure.NonRetryable())
		var details exports.JobFailure
		require.NoError(t, failure.Details(&details))
		assert.Equal(t, exports.JobFailure{
			Job:        salesJob("nightly-3"),
			Status:     snapshotjob.SnapshotJobStatusFailed,
			ErrorTypes: []string{snapshotjob.ErrorTypeRLSChanged},
			TryAgain:   true,
		}, details)
		assert.Equal(t, 3, countStarts(fake))
		assert.Empty(t, delivered.jobs)
	})
}

func TestExportTriesNothingAgainThatWouldFailAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, map[string]snapshotjobtest.Life{
			workflowID: snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "No access."),
		})
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		failure := applicationError(t, err)
		assert.Equal(t, exports.ErrorTypeJobFailed, failure.Type())
		assert.Contains(t, failure.Message(), snapshotjob.ErrorTypeDashboardAccessDenied)
		assert.Equal(t, 1, countStarts(fake))
	})
}

func TestExportTellsWhyFilesFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := snapshotjobtest.PDF("summary").Failing(snapshotjob.ErrorTypeDatasetDeleted, "The dataset is gone.")
		fake := newFake(t, map[string]snapshotjobtest.Life{workflowID: snapshotjobtest.Completed(gone)})
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		var details exports.JobFailure
		require.NoError(t, applicationError(t, err).Details(&details))
		assert.Equal(t, exports.JobFailure{
			Job:        salesJob(workflowID),
			Status:     snapshotjob.SnapshotJobStatusCompleted,
			ErrorTypes: []string{snapshotjob.ErrorTypeDatasetDeleted},
		}, details)
	})
}

func TestExportTellsTheFailureWhenAnotherJobCannotBeMade(t *testing.T) {
	tests := []struct {
		name   string
		second snapshotjobtest.Life
		fault  []snapshotjobtest.Fault
		want   string
	}{
		{
			name:  "refused",
			fault: snapshotjobtest.Answer(http.StatusNotFound, "ResourceNotFoundException", "no such dashboard").Times(1),
			want:  "; another job could not be started: ",
		},
		{
			name:   "without end",
			second: snapshotjobtest.Completed().After(0, -1),
			want:   "; another job was not seen to finish: ",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failed := snapshotjobtest.Failed(snapshotjob.ErrorTypeRLSChanged, "Security settings have changed.")
				fake := newFake(t, map[string]snapshotjobtest.Life{
					"nightly":   failed.After(0, 10*time.Second),
					"nightly-2": test.second,
				})
				time.AfterFunc(5*time.Second, func() { // while the first job runs
					fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, test.fault...)
				})
				_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
				failure := applicationError(t, err)
				assert.Equal(t, exports.ErrorTypeJobFailed, failure.Type())
				assert.Contains(t, failure.Message(), "snapshot job 111122223333/sales/nightly FAILED")
				assert.Contains(t, failure.Message(), test.want)
				var details exports.JobFailure
				require.NoError(t, failure.Details(&details))
				assert.Equal(t, salesJob("nightly"), details.Job)
				assert.Empty(t, fake.Unused())
			})
		})
	}
}

func TestExportAdoptsAJobThatFailsThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "No access.")
		fake := newFake(t, map[string]snapshotjobtest.Life{workflowID: denied.After(0, time.Minute)})
		startJob(t, fake, workflowID)
		time.Sleep(10 * time.Second)
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		assert.Equal(t, exports.ErrorTypeJobFailed, applicationError(t, err).Type())
		assert.ErrorContains(t, err, "snapshot job 111122223333/sales/nightly FAILED")
	})
}

// A rerun finds the failed jobs of the run before, and starts the next one.
func TestExportPassesAChainOfFailedJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := snapshotjobtest.Failed(snapshotjob.ErrorTypeRLSChanged, "Security settings have changed.")
		fake := newFake(t, map[string]snapshotjobtest.Life{
			"nightly":   failed,
			"nightly-2": failed,
		})
		options := exports.Options{Client: fake.Client()}
		_, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
		require.Error(t, err)
		time.Sleep(time.Minute)
		outcome, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Equal(t, salesJob("nightly-3"), outcome.Job)
		assert.False(t, outcome.Adopted)
	})
}

func TestExportEndsWhenAJobExistsAndIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		startJob(t, fake, workflowID)
		hidden := snapshotjobtest.Answer(http.StatusNotFound, "ResourceNotFoundException", "no such job")
		fake.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, hidden.Times(10)...)
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		assert.ErrorContains(t, err, "snapshot job 111122223333/sales/nightly exists, but cannot be described")
		assert.Empty(t, fake.Unused())
	})
}

func TestExportFollowsAnAdoptedFailureWithAnotherJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, map[string]snapshotjobtest.Life{
			workflowID: snapshotjobtest.Failed(snapshotjob.ErrorTypeDashboardAccessDenied, "No access."),
		})
		startJob(t, fake, workflowID)
		time.Sleep(time.Minute)
		outcome, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{
			Request:     newRequest(),
			MaxAttempts: 1,
		})
		require.NoError(t, err)
		assert.Equal(t, salesJob("nightly-2"), outcome.Job)
		assert.False(t, outcome.Adopted)
	})
}

func TestExportReportsWhatIsFinal(t *testing.T) {
	notFound := snapshotjobtest.Answer(http.StatusNotFound, "ResourceNotFoundException", "no such dashboard")
	denied := snapshotjobtest.Answer(http.StatusUnauthorized, "AccessDeniedException", "not for this user")
	expired := snapshotjobtest.Answer(http.StatusForbidden, "RequestExpired", "expired")
	tests := []struct {
		name     string
		change   func(*exports.ExportInput)
		faults   []snapshotjobtest.Fault
		wantType string
		starts   int
	}{
		{
			name:     "no account",
			change:   func(in *exports.ExportInput) { in.Request.AWSAccountID = "" },
			wantType: exports.ErrorTypeInvalidInput,
		},
		{
			name:     "negative attempts",
			change:   func(in *exports.ExportInput) { in.MaxAttempts = -1 },
			wantType: exports.ErrorTypeInvalidInput,
		},
		{
			name:     "more time than any activity has",
			change:   func(in *exports.ExportInput) { in.JobTimeout = math.MaxInt64 },
			wantType: exports.ErrorTypeInvalidInput,
		},
		{
			name:     "no dashboard",
			faults:   notFound.Times(1),
			wantType: "ResourceNotFoundException",
			starts:   1,
		},
		{
			name:     "no access, at any of ten attempts",
			faults:   denied.Times(10),
			wantType: "AccessDeniedException",
			starts:   10,
		},
		{
			name:     "expired credentials, for ten minutes",
			faults:   expired.Times(120),
			wantType: "RequestExpired",
			starts:   120,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, test.faults...)
				in := exports.ExportInput{Request: newRequest()}
				if test.change != nil {
					test.change(&in)
				}
				_, err := runExport(t, exports.Options{Client: fake.Client()}, in)
				failure := applicationError(t, err)
				assert.Equal(t, test.wantType, failure.Type())
				assert.True(t, failure.NonRetryable())
				assert.Equal(t, test.starts, countStarts(fake))
			})
		})
	}
}

func TestExportOutlivesAWorkerWithoutAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		denied := snapshotjobtest.Answer(http.StatusUnauthorized, "AccessDeniedException", "not for this user")
		fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, denied.Times(9)...)
		fake.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, denied.Times(9)...)
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Empty(t, fake.Unused())
	})
}

func TestExportOutlivesExpiredCredentials(t *testing.T) {
	for _, code := range []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"} {
		synctest.Test(t, func(t *testing.T) {
			fake := newFake(t, nil)
			expired := snapshotjobtest.Answer(http.StatusForbidden, code, "expired")
			fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, expired.Times(100)...)
			_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
			require.NoError(t, err, code)
			assert.Empty(t, fake.Unused())
		})
	}
}

func TestExportOutlivesAProviderWithoutCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		calls := 0
		client := fake.Client(func(o *snapshotjob.Options) {
			working := o.Credentials
			o.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				calls++
				if calls <= 100 {
					return aws.Credentials{}, errors.New("the provider has no credentials now")
				}
				return working.Retrieve(ctx)
			})
		})
		_, err := runExport(t, exports.Options{Client: client}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Greater(t, calls, 100)
	})
}

func TestExportOffersARefusedStartAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		refused := snapshotjobtest.Answer(http.StatusConflict, "LimitExceededException", "too many jobs are running")
		fake.Fail(snapshotjobtest.StartDashboardSnapshotJob, refused.Times(100)...)
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Equal(t, 101, countStarts(fake))
	})
}

func TestExportEndsWhenTheJobTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, map[string]snapshotjobtest.Life{
			workflowID: snapshotjobtest.Completed().After(0, -1),
		})
		_, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{
			Request:    newRequest(),
			JobTimeout: time.Hour,
		})
		failure := applicationError(t, err)
		assert.Equal(t, exports.ErrorTypeJobTimeout, failure.Type())
		assert.Contains(t, failure.Message(), "did not finish within 1h0m0s, and goes on: its last status was RUNNING")
	})
}

func TestExportSeesTheEndOfAnOldJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		startJob(t, fake, workflowID)
		time.Sleep(12 * time.Hour)
		outcome, err := runExport(t, exports.Options{Client: fake.Client()}, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.True(t, outcome.Adopted)
	})
}

func TestExportThatIsCanceledLeavesItsJobToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		options := exports.Options{Client: fake.Client()}
		env := newEnvironment(t, options)
		// The environment doesn't tell a canceled activity, but the next heartbeat of the
		// wait would fail, and the wait be repeated. At this time it ends before that.
		env.RegisterDelayedCallback(env.CancelWorkflow, 35*time.Second)
		execute(env, exports.Export, exports.ExportInput{Request: newRequest()})
		_, err := result[exports.Outcome](t, env)
		var canceled *temporal.CanceledError
		require.ErrorAs(t, err, &canceled)
		var details exports.Cancellation
		require.NoError(t, canceled.Details(&details))
		assert.Equal(t, salesJob(workflowID), details.Job)
		assert.Contains(t, details.Note, "it goes on at the service")

		outcome, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.True(t, outcome.Adopted)
		assert.Equal(t, salesJob(workflowID), outcome.Job)
		time.Sleep(time.Minute) // The first wait ends.
	})
}

func TestExportThatIsCanceledWhileItIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := newEnvironment(t, exports.Options{
			Client: newFake(t, nil).Client(),
			Deliver: func(context.Context, *snapshotjob.Client, snapshotjob.Job) error {
				time.Sleep(20 * time.Second)
				return nil
			},
		})
		// The job has ended. See TestExportThatIsCanceledLeavesItsJobToTheNext.
		env.RegisterDelayedCallback(env.CancelWorkflow, 55*time.Second)
		execute(env, exports.Export, exports.ExportInput{Request: newRequest()})
		var canceled *temporal.CanceledError
		require.ErrorAs(t, env.GetWorkflowError(), &canceled)
		var details exports.Cancellation
		require.NoError(t, canceled.Details(&details))
		assert.Contains(t, details.Note, "it has completed, and is not delivered")
		time.Sleep(time.Minute) // The delivery ends.
	})
}

func TestExportRepeatsADelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t, nil)
		delivered := deliveries{errs: slices.Repeat([]error{errors.New("the disk is full")}, 9)}
		options := exports.Options{Client: fake.Client(), Deliver: delivered.deliver}
		_, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
		require.NoError(t, err)
		assert.Len(t, delivered.jobs, 10)
	})
}

func TestExportEndsWhenDeliveryFails(t *testing.T) {
	full := errors.New("the disk is full")
	final := temporal.NewNonRetryableApplicationError("nobody wants it", "Unwanted", nil)
	tests := []struct {
		name     string
		errs     []error
		wantType string
	}{
		{name: "too often", errs: slices.Repeat([]error{full}, 10), wantType: exports.ErrorTypeFailed},
		{name: "for good", errs: []error{final}, wantType: "Unwanted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				delivered := deliveries{errs: test.errs}
				options := exports.Options{Client: fake.Client(), Deliver: delivered.deliver}
				_, err := runExport(t, options, exports.ExportInput{Request: newRequest()})
				assert.Equal(t, test.wantType, applicationError(t, err).Type())
				assert.Len(t, delivered.jobs, len(test.errs))
			})
		})
	}
}
