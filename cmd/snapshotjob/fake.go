package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const (
	fakeRegion    = "us-east-1"
	fakeAccountID = "111122223333"
)

// fakeCredentials are the key pair of AWS's documentation.
var fakeCredentials = aws.Credentials{
	AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
	SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}

// fakeCommand serves a fake QuickSight.
type fakeCommand struct {
	Listen   string        `default:"127.0.0.1:18181" placeholder:"ADDRESS" help:"Address to serve on; port 0 is any free one. Default: 127.0.0.1:18181."`
	Duration time.Duration `default:"5s" placeholder:"DURATION" help:"How long a job takes. Default: 5s."`
}

// Help returns what the help shows below the usage.
func (fakeCommand) Help() string {
	return `It prints the environment that makes AWS clients in any language use it, and serves
until it is interrupted. Jobs can be started on any dashboard; "revenue" has sheets and
visuals to look at, and "sales" has finished jobs.

Examples, of which the second and the third are for another shell:

    snapshotjob fake --duration 10s >fake.env
    . ./fake.env
    snapshotjob result 111122223333/sales/complete
`
}

// Run runs the command.
func (c *fakeCommand) Run(ctx context.Context, s *session) error {
	if c.Duration < 0 {
		return usagef("--duration is %v: want 0 or more", c.Duration)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return usagef("%v: give another --listen", err)
	}
	fake := newFake(c.Duration)

	// The environment goes out first: it may be what the caller waits for.
	endpoint := "http://" + dialAddress(listener.Addr())
	if err := printEnvironment(s.stdout, endpoint); err != nil {
		return errors.Join(outputError(err), listener.Close())
	}
	fmt.Fprintf(s.stderr, "A fake QuickSight on %s, account %s, with the jobs\n", endpoint, fakeAccountID)
	for _, held := range heldJobs() {
		fmt.Fprintf(s.stderr, "  %-32s %s\n", held.job, held.about)
	}
	return serve(ctx, listener, withCallerIdentity(fake))
}

// newFake makes a server whose jobs are queued for a fifth of the duration, and run for the
// rest of it. It has a dashboard and finished jobs.
func newFake(duration time.Duration) *snapshotjobtest.Server {
	queued := duration / 5
	fake := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
		o.Region = fakeRegion
		o.AccountID = fakeAccountID
		o.Credentials = fakeCredentials
		o.Life = func(snapshotjob.Job) snapshotjobtest.Life {
			return snapshotjobtest.Completed().After(queued, duration-queued)
		}
		// Nobody asks for the recorded requests. However long the server runs, it must not pile them up.
		o.MaxRequests = 1
	})
	fake.AddDashboard("revenue", revenueSheets()...)
	for _, held := range heldJobs() {
		fake.AddJob(held.job, held.life)
	}
	return fake
}

// printEnvironment writes the commands with which a shell makes AWS clients use the server.
func printEnvironment(out io.Writer, endpoint string) error {
	var exports strings.Builder
	export := func(name, value string) {
		fmt.Fprintf(&exports, "export %s='%s'\n", name, value)
	}
	export("AWS_ENDPOINT_URL_QUICKSIGHT", endpoint)
	export("AWS_ENDPOINT_URL_S3", endpoint)
	export("AWS_ENDPOINT_URL_STS", endpoint)
	export("AWS_REGION", fakeRegion)
	export("AWS_DEFAULT_REGION", fakeRegion)
	export("AWS_ACCESS_KEY_ID", fakeCredentials.AccessKeyID)
	export("AWS_SECRET_ACCESS_KEY", fakeCredentials.SecretAccessKey)
	// A token that the shell has belongs to other keys.
	export("AWS_SESSION_TOKEN", "")
	_, err := io.WriteString(out, exports.String())
	return err
}

// serve serves until ctx ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	err := server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// dialAddress returns the address at which a client on this machine reaches a listener. A
// listener on all addresses has none that a client can dial.
func dialAddress(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// callerIdentity is the response of STS to GetCallerIdentity (API reference of STS).
const callerIdentity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::` + fakeAccountID + `:user/fake</Arn>
    <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>
    <Account>` + fakeAccountID + `</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>00000000-0000-0000-0000-000000000000</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`

// withCallerIdentity adds the one operation of STS that tells a client its account. All
// operations of STS are POST requests to the root. No signature is verified.
func withCallerIdentity(fake http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/" {
			fake.ServeHTTP(w, r)
			return
		}
		if r.PostFormValue("Action") != "GetCallerIdentity" {
			http.Error(w, "The fake has no other operation of STS than GetCallerIdentity.", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, callerIdentity)
	})
}
