package snapshotjobtest

import (
	"cmp"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quicksight-go/snapshotjob"
)

// Options configures a [Server]. Unless a field says otherwise, the default of a
// limit is the one that AWS documents in the API reference, with
// StartDashboardSnapshotJob and its shapes.
type Options struct {
	// Region is the AWS region that signatures must be for. The partition of the
	// ARNs and of the files' host names follows from it. Default: "us-east-1".
	Region string

	// AccountID is the AWS account that the server plays. [Server.AddJob] makes
	// further accounts known. Default: "111122223333".
	AccountID string

	// Credentials are those of the server's own user, with or without a session
	// token. [Server.AddUser] adds further users. Default: AKIDEXAMPLE, the key
	// pair of AWS's documentation.
	Credentials aws.Credentials

	// Dashboards are the ids of the dashboards that exist. [Server.AddJob] adds
	// the dashboard of its job, and [Server.AddDashboard] one with its sheets. If nil,
	// every dashboard exists.
	Dashboards []string

	// Schedules are the ids of the schedules that exist. If nil, every schedule
	// exists.
	Schedules []string

	// Life decides what becomes of a job that is started through the API. It gets
	// the ids of the job. The request decides which files the job has, for which
	// user they are and where they go. From the Files of the life that it returns,
	// the n-th file of the request takes the Content, Size and Errors of the n-th
	// one. If there are fewer, the files that are left are generated. [Distribution]
	// draws lives at random. If Life is nil, a job is queued for 2 seconds, runs for
	// 40 seconds and is completed.
	//
	// For a run of a schedule, the SnapshotJobID is the id of the schedule. Of the
	// life that Life returns, only the time counts: the run lasts for Queued and
	// Running together, or forever if one of them is negative or the Status is QUEUED
	// or RUNNING. A run has no files.
	//
	// Several calls may run Life at once. Until it returns, the job doesn't exist,
	// but its id is taken. Life may call the server's methods and its clients, but
	// not [Server.Close], which waits for the call that Life is part of. The call
	// waits for Life in turn, even if its context has ended. Life must not panic: in
	// memory that ends the program, as [Server.Transport] says. Life must not call
	// FailNow or SkipNow of a test, because it doesn't run on the test's goroutine:
	// that breaks the connection, and no job is started.
	Life func(snapshotjob.Job) Life

	// MaxRunningJobs is how many jobs of an account run at once. While so many are
	// RUNNING, a start is refused with LimitExceededException, as AWS does. Jobs
	// that are QUEUED don't count, so that there may be any number of them. A
	// QUEUED job begins to run when it was queued for as long as its life says and
	// fewer than MaxRunningJobs jobs are RUNNING. Of several jobs that could begin,
	// the one that was started first does. AWS documents the limit, but not in which
	// order jobs begin. For jobs that were added, see [Server.AddJob]. Default: 12.
	// Negative: no limit.
	MaxRunningJobs int

	// CountQueuedJobs says that jobs which are QUEUED count for MaxRunningJobs too.
	// No job waits for another one to end then, unless [Server.AddJob] has added jobs
	// beyond the limit. Default: only jobs that are RUNNING count.
	CountQueuedJobs bool

	// MaxEndedJobs is how many jobs of an account the server remembers after their
	// end. The job that ended first is forgotten with its files: it isn't found any
	// more, and its id is free. A job that ended and is replaced by another one of
	// the same id is forgotten too, and doesn't count any more. Jobs that have not
	// ended don't count. Default: all jobs are remembered, and the files of
	// replaced ones stay.
	MaxEndedJobs int

	// RequestsPerSecond is the rate of API requests of an account, and how many
	// of them may come at once. Only requests with a good signature count.
	// Default: 10. Negative: no limit.
	RequestsPerSecond int

	// MaxFileGroups is how many file groups a job may have. Default: 7. Negative:
	// no limit.
	MaxFileGroups int

	// MaxFiles is how many files of a format a job may have. A format that the
	// map lacks has its default: 1 for PDF, 1 for Excel, 5 for CSV. Negative: no
	// limit.
	MaxFiles map[snapshotjob.SnapshotFileFormatType]int

	// MaxVisuals is how many visuals a file of a format may have. A format that
	// the map lacks has its default: 5 for Excel, 1 for CSV. Negative: no limit.
	MaxVisuals map[snapshotjob.SnapshotFileFormatType]int

	// MaxDestinations is how many S3 destinations a job may have. Every
	// destination gets all files. Default: 1. Negative: no limit.
	MaxDestinations int

	// MaxAnonymousUsers is how many anonymous users a job may have. Every user
	// gets the same files. Default: 1. Negative: no limit.
	MaxAnonymousUsers int

	// MaxTags is how many row-level permission tags a user may have. Default: 50.
	// Negative: no limit.
	MaxTags int

	// MaxParameters is how many parameters of one type a job may have. Default:
	// 100. Negative: no limit.
	MaxParameters int

	// JobIDReuse is how long after the end of a job its id can't be used for
	// another one. Default: 24 hours. Negative: the id is free at once.
	JobIDReuse time.Duration

	// URLLifetime is how long a presigned URL can be used. Fractions of a second
	// are rounded up. It may be 7 days at most, since S3 refuses URLs that claim
	// more; NewServer panics if it is longer, or negative. Default: 300 seconds,
	// which users report, since AWS doesn't document it.
	URLLifetime time.Duration

	// NotFinished is the code of the exception for a result that was asked for
	// too early. AWS documents the message of that exception, but not its code. The
	// HTTP status is the one that AWS documents for the code, and 400 for a code
	// that the server doesn't know. Default: "PreconditionNotMetException", with
	// the status 400.
	NotFinished string

	// ClockSkew is how far the server's clock is ahead of the machine's. The Date
	// header shows the server's clock, and signatures are judged by it.
	// Default: 0.
	ClockSkew time.Duration

	// MaxSignatureSkew is how much older or newer than the server's clock the
	// signature of an API request may be. For files it is always 15 minutes, as
	// in S3. Default: 5 minutes (IAM User Guide, signing AWS API requests).
	// Negative: no limit.
	MaxSignatureSkew time.Duration

	// MaxRequests is how many requests [Server.Requests] remembers; the oldest
	// are forgotten. Default: all.
	MaxRequests int

	// Seed determines what the server draws at random: the request ids, the credentials
	// of added users and those that [Server.ExpireCredentials] makes, the session tokens
	// of presigned URLs, and the content of generated files. Request ids and the tokens
	// of URLs depend on the order of the requests too. A [Distribution] has a Seed of its
	// own, on which alone the lives that it draws depend. Default: 0.
	Seed uint64
}

// setDefaults replaces the zero values that stand for another value by their defaults.
// A zero value that means what it says stays. The defaults of MaxFiles and MaxVisuals
// are in formatRules, and that of a nil list is to have everything.
func (o *Options) setDefaults() {
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.AccountID = cmp.Or(o.AccountID, "111122223333")
	if o.Credentials.AccessKeyID == "" {
		o.Credentials = aws.Credentials{
			AccessKeyID:     "AKIDEXAMPLE",
			SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		}
	}
	if o.Life == nil {
		o.Life = defaultLife
	}
	o.MaxRunningJobs = cmp.Or(o.MaxRunningJobs, 12)
	o.RequestsPerSecond = cmp.Or(o.RequestsPerSecond, 10)
	o.MaxFileGroups = cmp.Or(o.MaxFileGroups, 7)
	o.MaxDestinations = cmp.Or(o.MaxDestinations, 1)
	o.MaxAnonymousUsers = cmp.Or(o.MaxAnonymousUsers, 1)
	o.MaxTags = cmp.Or(o.MaxTags, 50)
	o.MaxParameters = cmp.Or(o.MaxParameters, 100)
	o.MaxSignatureSkew = cmp.Or(o.MaxSignatureSkew, 5*time.Minute)
	o.JobIDReuse = cmp.Or(o.JobIDReuse, 24*time.Hour)
	o.URLLifetime = cmp.Or(o.URLLifetime, 300*time.Second)
	o.NotFinished = cmp.Or(o.NotFinished, "PreconditionNotMetException")
}

// mustBeValid panics if there is an option with which the server could not work.
func (o *Options) mustBeValid() {
	if o.URLLifetime < 0 || o.URLLifetime > maxURLLifetime {
		panic(fmt.Sprintf("snapshotjobtest: NewServer: Options.URLLifetime is %s, want 0 to %s",
			o.URLLifetime, maxURLLifetime))
	}
}

// defaultLife is the life of every job if Options.Life is nil.
func defaultLife(snapshotjob.Job) Life {
	return Completed().After(2*time.Second, 40*time.Second)
}
