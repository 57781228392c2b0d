package docs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// report makes a PDF of a sheet, and saves it in the folder dir.
func report(
	ctx context.Context,
	client *snapshotjob.Client,
	job snapshotjob.Job,
	dir string,
) ([]snapshotjob.DownloadedFile, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute) // nothing else limits how long Wait waits
	defer cancel()
	_, err := client.StartDashboardSnapshotJob(ctx, &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("overview")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(), // nil with the credentials of a registered user
	})
	if err != nil {
		return nil, err
	}
	result, err := client.Wait(ctx, job)
	if result == nil {
		return nil, err
	}
	// The job has finished. If err is not nil, the job did not make some of its files.
	// Download fetches the others, and its error says so too.
	return client.Download(ctx, job, dir, func(o *snapshotjob.DownloadOptions) { o.Result = result })
}

// newClient returns a client with the usual configuration.
func newClient(ctx context.Context) (*snapshotjob.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx) // github.com/aws/aws-sdk-go-v2/config
	if err != nil {
		return nil, err
	}
	return snapshotjob.NewFromConfig(cfg, func(o *snapshotjob.Options) {
		o.Limiter = rate.NewLimiter(10, 1) // golang.org/x/time/rate: the account's 10 requests a second
	}), nil
}

// exampleJob is the job of the examples.
var exampleJob = snapshotjob.Job{
	AWSAccountID:  "111122223333",
	DashboardID:   "sales",
	SnapshotJobID: "daily-2026-11-23",
}

// finishAtOnce makes the jobs of a server complete as soon as they are started.
func finishAtOnce(o *snapshotjobtest.Options) {
	o.Life = func(snapshotjob.Job) snapshotjobtest.Life { return snapshotjobtest.Completed() }
}

// oneAttempt makes a client give up after a failed attempt.
func oneAttempt(o *snapshotjob.Options) { o.RetryMaxAttempts = 1 }

func Example_report() {
	dir, err := os.MkdirTemp("", "reports")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	server := snapshotjobtest.NewServer(finishAtOnce)
	files, err := report(context.Background(), server.Client(), exampleJob, dir)
	for _, file := range files {
		fmt.Println(filepath.Base(file.Path), file.Size)
	}
	fmt.Println(err)
	// Output:
	// daily-2026-11-23_overview.pdf 1024
	// <nil>
}

// exampleKeys are the key pair of AWS's documentation.
var exampleKeys = aws.Credentials{
	AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
	SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}

// withExampleKeys makes a server accept exampleKeys.
func withExampleKeys(o *snapshotjobtest.Options) { o.Credentials = exampleKeys }

// setEnvironment sets the variables that the SDK's default configuration comes from, for one test.
func setEnvironment(t *testing.T, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"HOME":                  t.TempDir(), // without a configuration file
		"AWS_PROFILE":           "",
		"AWS_REGION":            "us-east-1",
		"AWS_ACCESS_KEY_ID":     exampleKeys.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": exampleKeys.SecretAccessKey,
		"AWS_SESSION_TOKEN":     "",
		"AWS_ENDPOINT_URL":      endpoint,
	} {
		t.Setenv(name, value)
	}
}

// The environment has all that newClient needs.
func TestNewClientUsesEnvironment(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, finishAtOnce, withExampleKeys)
	setEnvironment(t, server.Start())
	client, err := newClient(t.Context())
	require.NoError(t, err)
	files, err := report(t.Context(), client, exampleJob, t.TempDir())
	require.NoError(t, err)
	assert.Len(t, files, 1)
}
