package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
)

// A client that knows nothing but the lines on stdout can do the main job.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	var info strings.Builder
	go func() {
		err := run(ctx, []string{"-listen", "127.0.0.1:0", "-duration", "0s"}, in, &info)
		in.CloseWithError(err)
		ended <- err
	}()
	env := map[string]string{}
	lines := bufio.NewScanner(out)
	for len(env) < 7 && lines.Scan() {
		name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		if !ok || !strings.HasPrefix(lines.Text(), "export AWS_") || strings.Trim(value, "'") == value {
			t.Errorf("stdout has %q", lines.Text())
		}
		env[name] = strings.Trim(value, "'")
	}
	endpoint := env["AWS_ENDPOINT_URL_QUICKSIGHT"]
	client := snapshotjob.New(snapshotjob.Options{
		Region: env["AWS_REGION"], BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: env["AWS_ACCESS_KEY_ID"], SecretAccessKey: env["AWS_SECRET_ACCESS_KEY"]}, nil
		}),
	})
	job := snapshotjob.Job{AWSAccountID: accountID, DashboardID: "any", SnapshotJobID: "first"}
	_, err := client.StartDashboardSnapshotJob(ctx, &snapshotjob.StartDashboardSnapshotJobInput{
		Job: job, UserConfiguration: snapshotjob.AnonymousUser(),
		SnapshotConfiguration: snapshotjob.SnapshotConfiguration{FileGroups: []snapshotjob.SnapshotFileGroup{snapshotjob.PDF("sheet")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	result, err := client.DescribeDashboardSnapshotJobResult(ctx, job)
	if err != nil {
		t.Fatal(err)
	}
	for file := range result.Files() {
		r, err := client.Open(ctx, file)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		r.Close()
		if err != nil || !strings.HasPrefix(string(content), "%PDF") {
			t.Errorf("got %.20q, %v", content, err)
		}
	}
	for _, held := range jobs() {
		if out, err := client.DescribeDashboardSnapshotJobResult(ctx, held.id); err != nil || !strings.Contains(held.about, string(out.JobStatus)) {
			t.Errorf("%s is not %q: %v", held.id, held.about, err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(info.String(), accountID+"/sales/partial") {
		t.Errorf("stderr has %q", info.String())
	}
}

func TestRunRefuses(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"127.0.0.1:0"}, `"127.0.0.1:0" is no flag: there are -listen and -duration`},
		{[]string{"-duration", "-1s"}, "-duration is -1s: want 0 or more"},
		{[]string{"-listen", "127.0.0.1"}, "listen tcp: address 127.0.0.1: missing port in address"},
		{[]string{"-h"}, flag.ErrHelp.Error()},
	} {
		ctx, stop := context.WithCancel(t.Context())
		stop() // what isn't refused ends at once
		if err := run(ctx, tt.args, io.Discard, io.Discard); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got %v, want %s", tt.args, err, tt.want)
		}
	}
}
