package docs_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// advise says what to do about the error of an export.
func advise(err error) string {
	var limit *snapshotjob.LimitExceededException
	var failed *snapshotjob.JobError
	var unfinished *snapshotjob.WaitError
	switch {
	case err == nil:
		return "nothing"
	case errors.Is(err, snapshotjob.ErrOutcomeUnknown): // first: other errors are in its chain
		return "start the job again, with the same id"
	case errors.As(err, &limit):
		return "start the job when another one has finished"
	case errors.As(err, &failed) && failed.TryAgain():
		return "start another job, with another id"
	case errors.As(err, &unfinished):
		return "wait for the job again"
	case snapshotjob.IsTransient(err):
		return "try again later"
	default:
		return "ask a person"
	}
}

func TestAdviseAboutStart(t *testing.T) {
	for _, tt := range []struct {
		fault snapshotjobtest.Fault
		want  string
	}{
		{
			fault: snapshotjobtest.Answer(409, "LimitExceededException", "12 jobs are running"),
			want:  "start the job when another one has finished",
		},
		{
			fault: snapshotjobtest.Throttle(),
			want:  "try again later",
		},
		{
			fault: snapshotjobtest.Drop(),
			want:  "start the job again, with the same id",
		},
		{
			fault: snapshotjobtest.Answer(403, "AccessDeniedException", "no"),
			want:  "ask a person",
		},
	} {
		server := snapshotjobtest.NewTestServer(t)
		server.Fail(snapshotjobtest.StartDashboardSnapshotJob, tt.fault)
		_, err := report(t.Context(), server.Client(oneAttempt), exampleJob, t.TempDir())
		assert.Equal(t, tt.want, advise(err), tt.fault)
	}
}

func TestAdviseAboutJob(t *testing.T) {
	for _, tt := range []struct {
		life snapshotjobtest.Life
		want string
	}{
		{
			life: snapshotjobtest.Completed(),
			want: "nothing",
		},
		{
			life: snapshotjobtest.Failed(snapshotjob.ErrorTypeRLSChanged, "The rules have changed."),
			want: "start another job, with another id",
		},
		{
			life: snapshotjobtest.Failed(snapshotjob.ErrorTypeDatasetDeleted, "The dataset is gone."),
			want: "ask a person",
		},
		{
			life: snapshotjobtest.Completed().After(0, time.Hour),
			want: "wait for the job again",
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
				o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return tt.life }
			})
			_, err := report(t.Context(), server.Client(), exampleJob, t.TempDir())
			assert.Equal(t, tt.want, advise(err))
		})
	}
}

// reasons returns the types of what went wrong with a job and with its files.
func reasons(err error) []string {
	var failed *snapshotjob.JobError
	if !errors.As(err, &failed) {
		return nil
	}
	var reasons []string
	if failed.ErrorType != "" {
		reasons = append(reasons, failed.ErrorType)
	}
	for _, file := range failed.Files {
		for _, info := range file.Errors {
			reasons = append(reasons, info.ErrorType)
		}
	}
	return reasons
}

func TestReasons(t *testing.T) {
	deleted := snapshotjob.ErrorTypeDatasetDeleted
	for _, tt := range []struct {
		life snapshotjobtest.Life
		want []string
	}{
		{
			life: snapshotjobtest.Completed(),
			want: nil,
		},
		{
			life: snapshotjobtest.Failed(deleted, "The dataset is gone."),
			want: []string{deleted},
		},
		{
			life: snapshotjobtest.Completed(snapshotjobtest.PDF("overview").Failing(deleted, "The dataset is gone.")),
			want: []string{deleted},
		},
	} {
		server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
			o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return tt.life }
		})
		_, err := report(t.Context(), server.Client(), exampleJob, t.TempDir())
		assert.Equal(t, tt.want, reasons(err))
	}
}

// exportedError is a line of the list of the exported API that declares an error.
var exportedError = regexp.MustCompile(`(?m)^(?:func \(\*(\w+)\) Error\(\) string|var (Err\w+))$`)

func TestEveryErrorIsInGuide(t *testing.T) {
	api, err := os.ReadFile(filepath.Join("..", "testdata", "api.txt"))
	require.NoError(t, err)
	guide, err := os.ReadFile("errors.md")
	require.NoError(t, err)
	matches := exportedError.FindAllStringSubmatch(string(api), -1)
	require.NotEmpty(t, matches)
	for _, match := range matches {
		name := match[1] + match[2]
		assert.Regexp(t, "`\\*?"+name+"`", string(guide))
	}
}
