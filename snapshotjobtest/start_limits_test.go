package snapshotjobtest_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// startLimit is one limit of a start.
type startLimit struct {
	// service is the limit of the service.
	service int

	// set sets the option for this limit. Where another limit would be met first, set removes that one.
	set func(o *snapshotjobtest.Options, limit int)

	// start returns a start with n of what is limited.
	start func(n int) startJSON
}

// countOf returns a map for the options that limit formats.
func countOf(format snapshotjob.SnapshotFileFormatType, n int) map[snapshotjob.SnapshotFileFormatType]int {
	return map[snapshotjob.SnapshotFileFormatType]int{format: n}
}

// ofGroups returns a function for startLimit: it starts a job with n file groups that are alike.
func ofGroups(group string) func(n int) startJSON {
	return func(n int) startJSON {
		return startOf(repeat(group, n)...)
	}
}

// limitsOfFiles are the limits of file groups and files, by name.
var limitsOfFiles = map[string]startLimit{
	"groups": {
		service: 7,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxFileGroups = limit
			o.MaxFiles = countOf("CSV", -1)
		},
		start: ofGroups(csvGroup),
	},
	"CSV files": {
		service: 5,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxFileGroups = -1
			o.MaxFiles = countOf("CSV", limit)
		},
		start: ofGroups(csvGroup),
	},
	"Excel files": {
		service: 1,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxFiles = countOf("EXCEL", limit)
		},
		start: ofGroups(excelGroup),
	},
	"PDF files": {
		service: 1,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxFiles = countOf("PDF", limit)
		},
		start: ofGroups(pdfGroup),
	},
}

// limitsOfVisuals are the limits of the visuals of one file, by name.
var limitsOfVisuals = map[string]startLimit{
	"visuals of a CSV": {
		service: 1,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxVisuals = countOf("CSV", limit)
		},
		start: func(n int) startJSON {
			visuals := repeat("x", n)
			file := fileOf("CSV", visualsOf("s", visuals...))
			return startOf(groupOf(file))
		},
	},
	"visuals of an Excel": {
		service: 5,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxVisuals = countOf("EXCEL", limit)
		},
		start: func(n int) startJSON {
			visuals := repeat("x", n-2) // The file has two more.
			return startOf(groupOf(excelOf(visuals...)))
		},
	},
	"visuals of a PDF": {
		service: 0,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxVisuals = countOf("PDF", limit)
		},
		start: func(n int) startJSON {
			visuals := listOf(repeat(`"x"`, n)...)
			sheet := `{"SheetId":"s","SelectionScope":"ALL_VISUALS","VisualIds":` + visuals + `}`
			return startOf(groupOf(fileOf("PDF", sheet)))
		},
	},
}

// limitsOfLists are the limits of destinations, users, tags and parameters, by name.
var limitsOfLists = map[string]startLimit{
	"destinations": {
		service: 1,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxDestinations = limit
		},
		start: func(n int) startJSON {
			buckets := repeat(bucketOf("b", "p", "us-east-1"), n)
			return startOf(pdfGroup).with(destinationsOf(buckets...))
		},
	},
	"anonymous users": {
		service: 1,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxAnonymousUsers = limit
		},
		start: func(n int) startJSON {
			users := listOf(repeat("{}", n)...)
			return startOf(pdfGroup).forUsers(`{"AnonymousUsers":` + users + `}`)
		},
	},
	"tags": {
		service: 50,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxTags = limit
		},
		start: func(n int) startJSON {
			return startOf(pdfGroup).forUsers(userWithTags(n))
		},
	},
	"parameters": {
		service: 100,
		set: func(o *snapshotjobtest.Options, limit int) {
			o.MaxParameters = limit
		},
		start: func(n int) startJSON {
			parameters := listOf(repeat(`{"Name":"s","Values":["a"]}`, n)...)
			return startOf(pdfGroup).with(`"Parameters":{"StringParameters":` + parameters + `}`)
		},
	},
}

// send sends a start with n of what is limited to a new server with the given option.
func (l startLimit) send(t *testing.T, option, n int) response {
	t.Helper()
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		l.set(o, option)
	})
	return post(jobsPath, l.start(n).json()).send(t, srv)
}

// assertTooMany checks that a start was refused, and that the message tells the limit.
func (r response) assertTooMany(t *testing.T, limit int) {
	t.Helper()
	r.assertError(t, 400, "InvalidParameterValueException")
	assert.Contains(t, r.body, fmt.Sprintf("want at most %d ", limit))
}

// forEachLimit runs a test for every limit of a start.
func forEachLimit(t *testing.T, test func(t *testing.T, limit startLimit)) {
	t.Helper()
	limits := map[string]startLimit{}
	maps.Copy(limits, limitsOfFiles)
	maps.Copy(limits, limitsOfVisuals)
	maps.Copy(limits, limitsOfLists)
	for name, limit := range limits {
		t.Run(name, func(t *testing.T) {
			test(t, limit)
		})
	}
}

func TestStartLimitsByDefault(t *testing.T) {
	forEachLimit(t, func(t *testing.T, limit startLimit) {
		limit.send(t, 0, limit.service).assertOK(t)
		limit.send(t, 0, limit.service+1).assertTooMany(t, limit.service)
	})
}

func TestStartLimitsByOption(t *testing.T) {
	forEachLimit(t, func(t *testing.T, limit startLimit) {
		option := limit.service + 1
		limit.send(t, option, option).assertOK(t)
		limit.send(t, option, option+1).assertTooMany(t, option)
	})
}

func TestStartWithoutLimits(t *testing.T) {
	forEachLimit(t, func(t *testing.T, limit startLimit) {
		limit.send(t, -1, 3*limit.service).assertOK(t)
	})
}

// startBeyondLimits starts the job weekly for two users and with two destinations.
func startBeyondLimits(t *testing.T) *snapshotjobtest.Server {
	t.Helper()
	srv := snapshotjobtest.NewTestServer(t, completeAtOnce, func(o *snapshotjobtest.Options) {
		o.MaxDestinations = 2
		o.MaxAnonymousUsers = 2
	})
	start := startOf(pdfGroup).
		withID("weekly").
		forUsers(`{"AnonymousUsers":[{"RowLevelPermissionTags":[{"Key":"k","Value":"v"}]},{}]}`).
		with(destinationsOf(
			bucketOf("b", "p", "us-east-1"),
			bucketOf("c", "p", "us-east-1"),
		))
	post(jobsPath, start.json()).send(t, srv).assertOK(t)
	return srv
}

// weeklyKey is the place of the job's file in each of its buckets.
const weeklyKey = "/p/111122223333/sales/weekly/1-s.pdf"

func TestDescribeJobBeyondLimits(t *testing.T) {
	described := get(weeklyPath).send(t, startBeyondLimits(t))
	assert.Contains(t, described.body, `"AnonymousUsers":[{"RowLevelPermissionTagKeys":["k"]},{}]`)
}

func TestResultOfJobBeyondLimits(t *testing.T) {
	result := get(weeklyResultPath).send(t, startBeyondLimits(t))
	want := []string{
		"s3://b" + weeklyKey,
		"s3://c" + weeklyKey,
		"s3://b" + weeklyKey,
		"s3://c" + weeklyKey,
	}
	assert.Equal(t, want, result.uris(t))
}

func TestReplaceFileInEachDestination(t *testing.T) {
	srv := startBeyondLimits(t)
	srv.ReplaceFile(weekly, 0, []byte("new"))
	for _, bucket := range []string{"b", "c"} {
		host := "https://" + bucket + ".s3.us-east-1.amazonaws.com"
		got := getObject(host+weeklyKey).send(t, srv)
		assert.Equal(t, "new", got.body, "in the bucket %s", bucket)
	}
}
