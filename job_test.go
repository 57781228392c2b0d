package snapshotjob

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exampleARN is the ARN of exampleJob.
const exampleARN = "arn:aws:quicksight:us-east-1:111122223333:dashboard/dash/snapshot-job/job"

// jobOf returns a job of the example account.
func jobOf(dashboardID, snapshotJobID string) Job {
	return Job{
		AWSAccountID:  "111122223333",
		DashboardID:   dashboardID,
		SnapshotJobID: snapshotJobID,
	}
}

func TestParseJob(t *testing.T) {
	const govARN = "arn:aws-us-gov:quicksight:us-gov-west-1:111122223333:dashboard/d:e/snapshot-job/j%2F"
	jobs := map[string]Job{
		"111122223333/dash/job":  exampleJob,
		"111122223333/a%2Fb/%25": jobOf("a/b", "%"),
		"111122223333/a b/é":     jobOf("a b", "é"),
		"111122223333/{x}/a+b":   jobOf("{x}", "a+b"),
		"111122223333/%ff/j":     jobOf("\xff", "j"),
		exampleARN:               exampleJob,
		govARN:                   jobOf("d:e", "j%2F"),
	}
	for text, want := range jobs {
		t.Run(text, func(t *testing.T) {
			got, err := ParseJob(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

// checkRefusedJob checks that ParseJob refuses a text with a message that contains a problem.
func checkRefusedJob(t *testing.T, text, problem string) {
	t.Helper()
	job, err := ParseJob(text)
	assert.Zero(t, job)
	assert.ErrorContains(t, err, problem)
	var invalid *InvalidInputError
	require.ErrorAs(t, err, &invalid)
	assert.NotEmpty(t, invalid.Faults)
}

func TestParseJobRefusesBadText(t *testing.T) {
	problems := map[string]string{
		"111122223333/dash":            "has 2 parts",
		"111122223333/dash/job/result": "has 4 parts",
		"111122223333/dash/%zz":        "write %25 for a percent sign",
		"111122223333/dash/%":          "write %25 for a percent sign",
		"111122223333/%2e%2E/job":      `DashboardID ".." cannot stand`,
	}
	for text, problem := range problems {
		t.Run(text, func(t *testing.T) {
			checkRefusedJob(t, text, problem)
		})
	}
}

func TestParseJobRefusesEmptyText(t *testing.T) {
	checkRefusedJob(t, "",
		`invalid input: Job "" is empty: want account/dashboard/job, or the job's ARN`)
}

func TestParseJobReportsAllProblems(t *testing.T) {
	checkRefusedJob(t, "1/./", `AWSAccountID "1" is not an account id: want 12 digits; `+
		`DashboardID "." cannot stand in a request path; SnapshotJobID is empty`)
}

func TestParseJobShortensTheText(t *testing.T) {
	checkRefusedJob(t, strings.Repeat("x", 1000), strings.Repeat("x", 64)+`"… has 1 part:`)
}

// The limit is one of characters, not of bytes.
func TestParseJobMarksOnlyATextThatItCuts(t *testing.T) {
	longest := strings.Repeat("é", 64)
	checkRefusedJob(t, longest, `Job "`+longest+`" has 1 part:`)
	checkRefusedJob(t, longest+"é", `Job "`+longest+`"… has 1 part:`)
}

func TestParseJobShowsNoSignature(t *testing.T) {
	const text = "https://b.s3.amazonaws.com/k?X-Amz-Signature=SECRETSECRET"
	checkRefusedJob(t, text, "?REDACTED")
	_, err := ParseJob(text)
	assert.NotContains(t, err.Error(), "SECRETSECRET")
}

func TestParseJobRefusesOtherARNs(t *testing.T) {
	arns := []string{
		"arn:aws:quicksight:us-east-1:111122223333:dashboard/dash",
		"arn:aws:quicksight:us-east-1:111122223333:analysis/dash/snapshot-job/job",
		exampleARN + "/result",
		"arn:aws:s3:us-east-1:111122223333:dashboard/dash/snapshot-job/job",
		"arn:aws:s3:::bucket/dashboard/dash/snapshot-job/job",
		"arn:aws:quicksight",
		"arn:aws:quicksight:dashboard/dash/snapshot-job/job",
	}
	for _, arn := range arns {
		t.Run(arn, func(t *testing.T) {
			checkRefusedJob(t, arn, "is not the ARN of a snapshot job")
		})
	}
}

func TestParseJobRefusesARNsWithoutIDs(t *testing.T) {
	const noAccount = "arn:aws:quicksight:us-east-1::dashboard/dash/snapshot-job/job"
	checkRefusedJob(t, noAccount, "AWSAccountID is empty")
	const noIDs = "arn:aws:quicksight:us-east-1:111122223333:dashboard//snapshot-job/"
	checkRefusedJob(t, noIDs, "DashboardID is empty; SnapshotJobID is empty")
}

func TestJobText(t *testing.T) {
	texts := map[Job]string{
		exampleJob:           "111122223333/dash/job",
		jobOf("a/b", "%"):    "111122223333/a%2Fb/%25",
		jobOf("é\n", "\xff"): "111122223333/%C3%A9%0A/%FF",
		{}:                   "",
	}
	for job, want := range texts {
		t.Run(want, func(t *testing.T) {
			assert.Equal(t, want, job.String())

			text, err := job.MarshalText()
			require.NoError(t, err)
			assert.Equal(t, want, string(text))

			back := Job{AWSAccountID: "x", DashboardID: "y", SnapshotJobID: "z"}
			require.NoError(t, back.UnmarshalText(text))
			assert.Equal(t, job, back)
		})
	}
}

func TestBadJobIsNotMarshaled(t *testing.T) {
	_, err := Job{AWSAccountID: "1"}.MarshalText()
	assertInvalid(t, err, "AWSAccountID", "DashboardID", "SnapshotJobID")
}

func TestBadTextLeavesTheJobAsItWas(t *testing.T) {
	job := exampleJob
	assert.Error(t, job.UnmarshalText([]byte("nonsense")))
	assert.Equal(t, exampleJob, job)
}

func TestJobIsAKeyAndAValueOfJSON(t *testing.T) {
	want := map[Job]Job{exampleJob: jobOf("a/b", "c")}
	data, err := json.Marshal(want)
	require.NoError(t, err)
	var got map[Job]Job
	require.NoError(t, json.Unmarshal(data, &got))
	assert.Equal(t, want, got)
}

func FuzzParseJob(f *testing.F) {
	for _, text := range []string{
		"111122223333/dash/job",
		"111122223333/a%2Fb/%25",
		"",
		"///",
		exampleARN,
		"arn:aws:quicksight:us-east-1:111122223333:dashboard/%/snapshot-job/é",
		"111122223333/%2e%2e/\xff",
		"https://b/k?X-Amz-Signature=0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		job, err := ParseJob(text)
		if err == nil {
			checkParsedJob(t, job)
			return
		}
		if job != (Job{}) || !isInvalid(err) {
			t.Errorf("job %v and error %v, want none and an *InvalidInputError", job, err)
		}
		checkErrorText(t, err)
	})
}

// checkParsedJob is the oracle for a job that ParseJob returns: its ids are good, and its text form
// is read as the same job.
func checkParsedJob(t *testing.T, job Job) {
	t.Helper()
	if job == (Job{}) {
		t.Error("a job without ids was accepted")
	}
	again, err := ParseJob(job.String())
	if err != nil || again != job {
		t.Errorf("%#v is written %q, which is read as %#v, %v", job, job, again, err)
	}
	// MarshalText refuses a job with bad ids.
	text, err := job.MarshalText()
	if err != nil || string(text) != job.String() {
		t.Errorf("MarshalText gives %q, %v, want %q", text, err, job)
	}
}
