package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// awsCLI is the AWS CLI in front of a fake.
type awsCLI struct {
	path string // of the program
	url  string // of the fake
	keys aws.Credentials
}

// onCLI runs a test with the AWS CLI against a fake on each socket. Without an
// AWS CLI it skips the test.
func onCLI(
	t *testing.T,
	test func(t *testing.T, cli awsCLI, srv *snapshotjobtest.Server),
	optFns ...func(*snapshotjobtest.Options),
) {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("THE AWS CLI IS NOT INSTALLED: nothing but Go clients was tried on the fake:", err)
	}
	onSockets(t, func(t *testing.T, srv *snapshotjobtest.Server) {
		test(t, awsCLI{path: path, url: srv.URL(), keys: Keys}, srv)
	}, optFns...)
}

// cliArguments are an operation and the ids of exampleJob.
func cliArguments(operation string, more ...string) []string {
	arguments := cliDashboard(operation, "--snapshot-job-id", exampleJob.SnapshotJobID)
	return append(arguments, more...)
}

// cliDashboard is an operation and the ids of exampleJob's dashboard.
func cliDashboard(operation string, more ...string) []string {
	ids := []string{"--aws-account-id", exampleJob.AWSAccountID, "--dashboard-id", exampleJob.DashboardID}
	return slices.Concat([]string{operation}, ids, more)
}

var cliStart = cliArguments("start-dashboard-snapshot-job",
	"--user-configuration", `{"AnonymousUsers":[{}]}`,
	"--snapshot-configuration", `{"FileGroups":[{"Files":[{"FormatType":"PDF",`+
		`"SheetSelections":[{"SheetId":"summary","SelectionScope":"ALL_VISUALS"}]}]}]}`)

var cliDescribe = cliArguments("describe-dashboard-snapshot-job")

// TestAWSCLIRunsJobsOnTheFake has the AWS CLI start a job, describe it, and ask
// for its result.
func TestAWSCLIRunsJobsOnTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, _ *snapshotjobtest.Server) {
		started, err := cli.run(t, cliStart...)
		require.NoError(t, err)
		assert.Equal(t, "daily", started["SnapshotJobId"])

		described, err := cli.run(t, cliDescribe...)
		require.NoError(t, err)
		assert.Equal(t, "COMPLETED", described["JobStatus"])

		got, err := cli.run(t, cliArguments("describe-dashboard-snapshot-job-result")...)
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(got["Result"]), "S3Uri:")
	})
}

// TestAWSCLIStartsSchedulesOnTheFake has the AWS CLI start a schedule.
func TestAWSCLIStartsSchedulesOnTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, _ *snapshotjobtest.Server) {
		arguments := cliDashboard("start-dashboard-snapshot-job-schedule", "--schedule-id", "weekly")
		_, err := cli.run(t, arguments...)
		assert.NoError(t, err)
	})
}

// TestAWSCLIReadsDefinitionsOfTheFake has the AWS CLI describe a version of a dashboard.
func TestAWSCLIReadsDefinitionsOfTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, srv *snapshotjobtest.Server) {
		srv.AddDashboard(exampleJob.DashboardID, salesSheets...)
		arguments := cliDashboard("describe-dashboard-definition", "--alias-name", "$LATEST")
		described, err := cli.run(t, arguments...)
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(described["Definition"]), "TableVisual:map[Title:")
	})
}

// TestAWSCLIReadsErrorsOfTheFake has the AWS CLI ask for a job that does not
// exist.
func TestAWSCLIReadsErrorsOfTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, _ *snapshotjobtest.Server) {
		_, err := cli.run(t, cliDashboard("describe-dashboard-snapshot-job", "--snapshot-job-id", "none")...)
		assert.ErrorContains(t, err, "ResourceNotFoundException")
	})
}

// TestAWSCLIWrongSecretOnTheFake has the AWS CLI sign with another secret key.
func TestAWSCLIWrongSecretOnTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, srv *snapshotjobtest.Server) {
		srv.AddJob(exampleJob, snapshotjobtest.Completed())
		cli.keys.SecretAccessKey += "x"
		_, err := cli.run(t, cliDescribe...)
		assert.ErrorContains(t, err, "InvalidSignatureException")
	})
}

// TestAWSCLISessionTokenOnTheFake has the AWS CLI sign with the credentials of a
// session. The job is another user's, so that its refusal shows that the fake
// found the signature good.
func TestAWSCLISessionTokenOnTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, srv *snapshotjobtest.Server) {
		srv.AddJob(exampleJob, snapshotjobtest.Completed())
		cli.keys = addSession(t, srv)
		_, err := cli.run(t, cliDescribe...)
		assert.ErrorContains(t, err, "AccessDeniedException")
	})
}

// TestAWSCLITamperedPathOnTheFake has a proxy change the path that the AWS CLI
// signed.
func TestAWSCLITamperedPathOnTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, srv *snapshotjobtest.Server) {
		srv.AddJob(exampleJob, snapshotjobtest.Completed())
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, "daily", "other", 1)
			srv.ServeHTTP(w, r)
		}))
		defer proxy.Close()
		cli.url = proxy.URL
		_, err := cli.run(t, cliDescribe...)
		assert.ErrorContains(t, err, "InvalidSignatureException")
	})
}

// TestAWSCLIExpiredSignaturesOnTheFake has the AWS CLI sign by another clock than
// that of the fake.
func TestAWSCLIExpiredSignaturesOnTheFake(t *testing.T) {
	onCLI(t, func(t *testing.T, cli awsCLI, _ *snapshotjobtest.Server) {
		_, err := cli.run(t, cliDescribe...)
		assert.ErrorContains(t, err, "InvalidSignatureException")
		assert.ErrorContains(t, err, "Signature expired")
	}, tenMinutesAhead)
}

// run runs the CLI. It returns the JSON that the CLI printed, or an error with
// what it wrote instead.
func (c awsCLI) run(t *testing.T, arguments ...string) (map[string]any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	arguments = append([]string{"quicksight", "--output", "json"}, arguments...)
	cmd := exec.CommandContext(ctx, c.path, arguments...)
	cmd.Env = c.environment(t)
	var stdout, stderr bytes.Buffer
	cmd.Stdout = &stdout
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, &stderr)
	}
	var out map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		return nil, fmt.Errorf("%w: %s", err, &stdout)
	}
	return out, nil
}

// environment is the environment of the CLI, which holds nothing of the machine's
// AWS settings.
func (c awsCLI) environment(t *testing.T) []string {
	t.Helper()
	isAWS := func(variable string) bool { return strings.HasPrefix(variable, "AWS_") }
	dir := t.TempDir()
	env := append(slices.DeleteFunc(os.Environ(), isAWS),
		"AWS_ENDPOINT_URL_QUICKSIGHT="+c.url,
		"AWS_REGION="+Region,
		"AWS_DEFAULT_REGION="+Region,
		"AWS_ACCESS_KEY_ID="+c.keys.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+c.keys.SecretAccessKey,
		"AWS_CONFIG_FILE="+filepath.Join(dir, "config"),
		"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=",
		"AWS_MAX_ATTEMPTS=1",
		"NO_PROXY=127.0.0.1",
	)
	if c.keys.SessionToken != "" {
		env = append(env, "AWS_SESSION_TOKEN="+c.keys.SessionToken)
	}
	if host, isTLS := strings.CutPrefix(c.url, "https://"); isTLS {
		env = append(env, "AWS_CA_BUNDLE="+writeCertificate(t, dir, host))
	}
	return env
}

// writeCertificate writes the certificate that a server shows into a file, and
// returns the file's path.
func writeCertificate(t *testing.T, dir, host string) string {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(t.Context(), "tcp", host)
	require.NoError(t, err)
	defer conn.Close()
	certificate := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	block := &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}
	path := filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return path
}
