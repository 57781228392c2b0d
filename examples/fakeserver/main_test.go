package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
)

// startServer runs the server until the test ends, and returns the environment that it prints on stdout.
// What it has written to info is there when the test ends.
func startServer(t *testing.T, info io.Writer) map[string]string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-listen", "127.0.0.1:0", "-duration", "0s"}, writer, info)
		writer.CloseWithError(err)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	return readEnvironment(t, reader)
}

// readEnvironment reads the seven variables that the server prints.
func readEnvironment(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	environment := map[string]string{}
	lines := bufio.NewScanner(r)
	for len(environment) < 7 && lines.Scan() {
		variable, exported := strings.CutPrefix(lines.Text(), "export ")
		assert.True(t, exported, lines.Text())
		name, value, assigned := strings.Cut(variable, "=")
		assert.True(t, assigned, lines.Text())
		assert.True(t, strings.HasPrefix(name, "AWS_"), lines.Text())
		assert.Regexp(t, "^'.*'$", value)
		environment[name] = strings.Trim(value, "'")
	}
	require.Len(t, environment, 7)
	return environment
}

// newClient returns a client that knows nothing of the server but its environment.
func newClient(environment map[string]string) *snapshotjob.Client {
	keys := aws.Credentials{
		AccessKeyID:     environment["AWS_ACCESS_KEY_ID"],
		SecretAccessKey: environment["AWS_SECRET_ACCESS_KEY"],
	}
	provider := func(context.Context) (aws.Credentials, error) {
		return keys, nil
	}
	return snapshotjob.New(snapshotjob.Options{
		Region:       environment["AWS_REGION"],
		BaseEndpoint: aws.String(environment["AWS_ENDPOINT_URL_QUICKSIGHT"]),
		Credentials:  aws.CredentialsProviderFunc(provider),
	})
}

func TestServerRunsJob(t *testing.T) {
	client := newClient(startServer(t, io.Discard))
	job := snapshotjob.Job{AWSAccountID: accountID, DashboardID: "any", SnapshotJobID: "first"}
	_, err := client.StartDashboardSnapshotJob(t.Context(), &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job,
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{
			FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("sheet")},
		},
		UserConfiguration: snapshotjob.AnonymousUser(),
	})
	require.NoError(t, err)

	result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job)
	require.NoError(t, err)
	files := 0
	for file := range result.Files() {
		files++
		reader, err := client.Open(t.Context(), file)
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		assert.NoError(t, err)
		assert.NoError(t, reader.Close())
		assert.True(t, strings.HasPrefix(string(content), "%PDF"), "it begins with %.20q", content)
	}
	assert.Equal(t, 1, files)
}

func TestServerHoldsJobs(t *testing.T) {
	client := newClient(startServer(t, io.Discard))
	for _, held := range heldJobs() {
		result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), held.job)
		require.NoError(t, err)
		assert.Contains(t, held.about, string(result.JobStatus), "%s", held.job)
	}
}

func TestServerDescribesDashboard(t *testing.T) {
	client := newClient(startServer(t, io.Discard))
	in := &snapshotjob.DescribeDashboardDefinitionInput{AWSAccountID: accountID, DashboardID: "revenue"}
	definition, err := client.DescribeDashboardDefinition(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, revenueSheets(), definition.Sheets)
}

func TestServerTellsWhichJobsItHolds(t *testing.T) {
	var info strings.Builder
	t.Run("server", func(t *testing.T) {
		startServer(t, &info)
	})
	assert.Contains(t, info.String(), accountID+"/sales/partial")
}

func TestRunRefusesArguments(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{
			args: []string{"127.0.0.1:0"},
			want: `"127.0.0.1:0" is no flag: there are -listen and -duration`,
		},
		{
			args: []string{"-duration", "-1s"},
			want: "-duration is -1s: want 0 or more",
		},
		{
			args: []string{"-listen", "127.0.0.1"},
			want: "listen tcp: address 127.0.0.1: missing port in address",
		},
		{
			args: []string{"-h"},
			want: flag.ErrHelp.Error(),
		},
	} {
		ctx, stop := context.WithCancel(t.Context())
		stop() // A server that starts all the same ends at once.
		err := run(ctx, tt.args, io.Discard, io.Discard)
		assert.EqualError(t, err, tt.want, "%q", tt.args)
	}
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
