package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// TestAWSCLIOnTheFake runs every operation with the AWS CLI, where it is there.
func TestAWSCLIOnTheFake(t *testing.T) {
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Log("THE AWS CLI IS NOT INSTALLED: nothing but Go clients was tried on the fake")
		t.Skip(err)
	}
	sockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		cli := func(keys aws.Credentials, args ...string) (map[string]any, string) {
			t.Helper()
			return runCLI(t, path, srv.URL(), keys, args...)
		}
		ids := []string{"--aws-account-id", AccountID, "--dashboard-id", "sales"}
		job := append(ids, "--snapshot-job-id", "daily")
		with := func(operation string, args []string, more ...string) []string {
			return append(append([]string{operation}, args...), more...)
		}

		out, problem := cli(Keys, with("start-dashboard-snapshot-job", job,
			"--user-configuration", `{"AnonymousUsers":[{}]}`,
			"--snapshot-configuration", `{"FileGroups":[{"Files":[{"FormatType":"PDF","SheetSelections":[{"SheetId":"summary","SelectionScope":"ALL_VISUALS"}]}]}]}`)...)
		if problem != "" || out["SnapshotJobId"] != "daily" {
			t.Fatalf("start: %v %s", out, problem)
		}
		if out, problem = cli(Keys, with("describe-dashboard-snapshot-job", job)...); out["JobStatus"] != "COMPLETED" {
			t.Errorf("describe: %v %s", out, problem)
		}
		out, problem = cli(Keys, with("describe-dashboard-snapshot-job-result", job)...)
		if text, _ := json.Marshal(out["Result"]); !strings.Contains(string(text), `"S3Uri"`) {
			t.Errorf("result: %v %s", out, problem)
		}
		if _, problem = cli(Keys, with("start-dashboard-snapshot-job-schedule", ids, "--schedule-id", "weekly")...); problem != "" {
			t.Errorf("schedule: %s", problem)
		}

		if _, problem = cli(Keys, with("describe-dashboard-snapshot-job", ids, "--snapshot-job-id", "none")...); !strings.Contains(problem, "ResourceNotFoundException") {
			t.Errorf("unknown job: %s, want ResourceNotFoundException", problem)
		}
		wrong := Keys
		wrong.SecretAccessKey += "x"
		if _, problem = cli(wrong, with("describe-dashboard-snapshot-job", job)...); !strings.Contains(problem, "InvalidSignatureException") {
			t.Errorf("wrong secret: %s, want InvalidSignatureException", problem)
		}
		session, err := srv.AddUser("session").Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// Another user's job, so that the signature was found good.
		if _, problem = cli(session, with("describe-dashboard-snapshot-job", job)...); !strings.Contains(problem, "AccessDeniedException") {
			t.Errorf("session token: %s, want AccessDeniedException", problem)
		}

		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, "daily", "other", 1)
			srv.ServeHTTP(w, r)
		}))
		defer proxy.Close()
		if _, problem = runCLI(t, path, proxy.URL, Keys, with("describe-dashboard-snapshot-job", job)...); !strings.Contains(problem, "InvalidSignatureException") {
			t.Errorf("tampered path: %s, want InvalidSignatureException", problem)
		}
	})
	t.Run("expired signature", func(t *testing.T) {
		sockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
			_, problem := runCLI(t, path, srv.URL(), Keys, "describe-dashboard-snapshot-job",
				"--aws-account-id", AccountID, "--dashboard-id", "sales", "--snapshot-job-id", "daily")
			if !strings.Contains(problem, "InvalidSignatureException") || !strings.Contains(problem, "Signature expired") {
				t.Errorf("%s, want InvalidSignatureException", problem)
			}
		}, tenMinutesAhead)
	})
}

// runCLI returns what the CLI printed, or the error that it told.
func runCLI(t *testing.T, path, url string, keys aws.Credentials, args ...string) (map[string]any, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, path, append([]string{"quicksight", "--output", "json"}, args...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env,
		"AWS_ENDPOINT_URL_QUICKSIGHT="+url, "AWS_REGION="+Region, "AWS_DEFAULT_REGION="+Region,
		"AWS_ACCESS_KEY_ID="+keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey,
		"AWS_CONFIG_FILE="+filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "NO_PROXY=127.0.0.1",
	)
	if keys.SessionToken != "" {
		cmd.Env = append(cmd.Env, "AWS_SESSION_TOKEN="+keys.SessionToken)
	}
	if host, ok := strings.CutPrefix(url, "https://"); ok {
		cmd.Env = append(cmd.Env, "AWS_CA_BUNDLE="+writeCertificate(t, dir, host))
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, err.Error() + ": " + stderr.String()
	}
	var out map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		return nil, err.Error() + ": " + stdout.String()
	}
	return out, ""
}

// writeCertificate writes the certificate that a server shows.
func writeCertificate(t *testing.T, dir, host string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	path := filepath.Join(dir, "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
