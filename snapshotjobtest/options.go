package snapshotjobtest

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
)

// Options configures a [Server]. The limits are those that AWS documents (API
// reference, StartDashboardSnapshotJob and its shapes) unless a field says
// otherwise.
type Options struct {
	// Region is the one that signatures must be for. Default: "us-east-1". The
	// partition of the ARNs and of the files' host names follows from it.
	Region string

	// AccountID is the AWS account that the server plays. Default:
	// "111122223333". [Server.AddJob] makes other accounts known.
	AccountID string

	// Credentials are those of the server's own user, with or without a session
	// token. Default: the key pair of AWS's documentation, AKIDEXAMPLE. See
	// [Server.AddUser] for more users.
	Credentials aws.Credentials

	// Dashboards are the ids of those that exist, and Schedules likewise. nil:
	// every dashboard, every schedule. AddJob adds its job's dashboard.
	Dashboards, Schedules []string

	// Life decides the life of a job that is started through the API. The n-th
	// of its Files gives content and errors to the n-th file that was asked for;
	// where it has none, content is generated. Its user, destination and the
	// files' formats and sheets are the request's. See [Distribution] for lives
	// drawn at random. It must not call the server, nor FailNow or SkipNow of a
	// test, whose goroutine it is not on: those break the connection. nil: queued for 2 seconds,
	// running for 40, completed.
	Life func(snapshotjob.Job) Life

	// MaxRunningJobs is how many jobs of an account may be under way when one
	// more is started. AWS counts jobs that are RUNNING; the server counts QUEUED
	// ones too, so that no more than these ever run at once. Default: 12;
	// negative: no limit.
	MaxRunningJobs int

	// RequestsPerSecond is the rate, and the burst, of API requests by account.
	// Only requests with a good signature count. Default: 10; negative: no limit.
	RequestsPerSecond int

	// MaxFileGroups is how many file groups a job may have, MaxFiles how many
	// files of a format, and MaxVisuals how many visuals a file of a format.
	// Defaults: 7; 1 PDF, 1 Excel and 5 CSV; 5 visuals of an Excel and 1 of a CSV;
	// also for a format that a map lacks. Negative: no limit.
	MaxFileGroups        int
	MaxFiles, MaxVisuals map[snapshotjob.SnapshotFileFormatType]int

	// MaxDestinations is how many S3 destinations a job may have, each of which
	// gets all files, and MaxAnonymousUsers how many anonymous users, each of whom
	// gets the same ones. Default: 1 each; negative: no limit.
	MaxDestinations, MaxAnonymousUsers int

	// MaxTags is how many row-level permission tags a user may have, and
	// MaxParameters how many parameters of a type a job. Defaults: 50 and 100;
	// negative: no limit.
	MaxTags, MaxParameters int

	// JobIDReuse is how long after its end a job's id can't be used again.
	// Default: 24 hours; negative: not at all.
	JobIDReuse time.Duration

	// URLLifetime is how long a presigned URL can be used. Default: 300 seconds,
	// which users report; AWS doesn't say.
	URLLifetime time.Duration

	// NotFinished is the exception that tells that a result was asked for too
	// early. Default: "PreconditionNotMetException" (HTTP 400); AWS documents
	// only its message.
	NotFinished string

	// ClockSkew is by how much the server's clock is ahead of the machine's: in
	// the Date header, and for judging signatures. Default: 0.
	ClockSkew time.Duration

	// MaxSignatureSkew is how much older or newer than the server's clock the
	// signature of an API request may be. Default: 5 minutes (IAM User Guide,
	// signing AWS API requests); negative: no limit. For files it is 15 minutes,
	// as in S3.
	MaxSignatureSkew time.Duration

	// MaxRequests is how many requests [Server.Requests] remembers: the last ones.
	// Default: all.
	MaxRequests int

	// Seed determines request ids and generated files. Default: 0.
	Seed uint64
}

func (o *Options) setDefaults() {
	o.Region = or(o.Region, "us-east-1")
	o.AccountID = or(o.AccountID, "111122223333")
	if o.Credentials.AccessKeyID == "" {
		o.Credentials = aws.Credentials{
			AccessKeyID:     "AKIDEXAMPLE",
			SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		}
	}
	if o.Life == nil {
		o.Life = func(snapshotjob.Job) Life { return Completed().After(2*time.Second, 40*time.Second) }
	}
	o.MaxRunningJobs = or(o.MaxRunningJobs, 12)
	o.RequestsPerSecond = or(o.RequestsPerSecond, 10)
	o.MaxFileGroups = or(o.MaxFileGroups, 7)
	o.MaxDestinations = or(o.MaxDestinations, 1)
	o.MaxAnonymousUsers = or(o.MaxAnonymousUsers, 1)
	o.MaxTags = or(o.MaxTags, 50)
	o.MaxParameters = or(o.MaxParameters, 100)
	o.MaxSignatureSkew = or(o.MaxSignatureSkew, 5*time.Minute)
	o.JobIDReuse = or(o.JobIDReuse, 24*time.Hour)
	o.URLLifetime = or(o.URLLifetime, 300*time.Second)
	o.NotFinished = or(o.NotFinished, "PreconditionNotMetException")
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
