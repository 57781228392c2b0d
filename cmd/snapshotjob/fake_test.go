package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
)

// fakeProcess is a running "snapshotjob fake".
type fakeProcess struct {
	environment map[string]string // that it has printed
	info        *strings.Builder  // complete when the test ends
}

// startFake runs "snapshotjob fake" until the test ends.
func startFake(t *testing.T) *fakeProcess {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	fake := &fakeProcess{info: &strings.Builder{}}
	cmd := newAccount(t).command(executable, "fake", "--listen", "127.0.0.1:0", "--duration", "0s")
	cmd.Stderr = fake.info
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		assert.NoError(t, cmd.Wait())
	})
	fake.environment = readEnvironment(t, stdout)
	return fake
}

// readEnvironment reads the eight variables that the fake prints.
func readEnvironment(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	environment := map[string]string{}
	lines := bufio.NewScanner(r)
	for len(environment) < 8 && lines.Scan() {
		assert.Regexp(t, `^export AWS_[A-Z0-9_]+='[^']*'$`, lines.Text())
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		environment[name] = strings.Trim(value, "'")
	}
	require.Len(t, environment, 8)
	return environment
}

// client returns a client that knows nothing of the fake but its environment.
func (f *fakeProcess) client() *snapshotjob.Client {
	provider := func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{
			AccessKeyID:     f.environment["AWS_ACCESS_KEY_ID"],
			SecretAccessKey: f.environment["AWS_SECRET_ACCESS_KEY"],
		}, nil
	}
	return snapshotjob.New(snapshotjob.Options{
		Region:       f.environment["AWS_REGION"],
		BaseEndpoint: aws.String(f.environment["AWS_ENDPOINT_URL_QUICKSIGHT"]),
		Credentials:  aws.CredentialsProviderFunc(provider),
	})
}

func TestFakeRunsJob(t *testing.T) {
	client := startFake(t).client()
	job := snapshotjob.Job{AWSAccountID: fakeAccountID, DashboardID: "any", SnapshotJobID: "first"}
	_, err := client.StartDashboardSnapshotJob(t.Context(), &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("sheet")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	})
	require.NoError(t, err)
	files, err := client.Download(t.Context(), job, t.TempDir())
	require.NoError(t, err)
	require.Len(t, files, 1)
	content, err := os.ReadFile(files[0].Path)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(content), "%PDF"), "it begins with %.20q", content)
}

func TestFakeHoldsJobs(t *testing.T) {
	client := startFake(t).client()
	for _, held := range heldJobs() {
		result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), held.job)
		require.NoError(t, err)
		assert.Contains(t, held.about, string(result.JobStatus), "%s", held.job)
	}
}

func TestFakeDescribesDashboard(t *testing.T) {
	in := &snapshotjob.DescribeDashboardDefinitionInput{AWSAccountID: fakeAccountID, DashboardID: "revenue"}
	definition, err := startFake(t).client().DescribeDashboardDefinition(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, revenueSheets(), definition.Sheets)
}

func TestFakeTellsWhichJobsItHolds(t *testing.T) {
	var fake *fakeProcess
	t.Run("server", func(t *testing.T) {
		fake = startFake(t)
	})
	for _, held := range heldJobs() {
		assert.Contains(t, fake.info.String(), held.job.String())
	}
}

func TestFakeHasNoOtherOperationOfSTS(t *testing.T) {
	endpoint := startFake(t).environment["AWS_ENDPOINT_URL_STS"]
	body := strings.NewReader("Action=AssumeRole")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
}

func TestDialAddress(t *testing.T) {
	for listened, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80",
		"0.0.0.0:80":   "127.0.0.1:80",
		"[::]:80":      "127.0.0.1:80",
		"[::1]:80":     "[::1]:80",
	} {
		addr, err := net.ResolveTCPAddr("tcp", listened)
		require.NoError(t, err)
		assert.Equal(t, want, dialAddress(addr))
	}
}

func TestFakeWhoseEnvironmentIsLost(t *testing.T) {
	a := newAccount(t)
	got := a.shell("timeout 10 snapshotjob fake --listen 127.0.0.1:0 >/dev/full")
	assert.Equal(t, exitOther, got.code)
	assert.Equal(t, "snapshotjob: the output cannot be written: write /dev/stdout: no space left on device\n", got.stderr)
}
