package snapshotjob_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startRule changes an input that is good, and tells what is wrong with it then.
type startRule struct {
	name   string
	change func(*startJobInput)
	want   []string // the problems, in their order
}

// assertStartRefuses wants every changed input to be refused before anything is sent.
func assertStartRefuses(t *testing.T, rules []startRule) {
	t.Helper()
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			in := startInput()
			rule.change(in)
			recorder := &startRecorder{status: 200, body: `{}`}

			_, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), in)

			var invalid *snapshotjob.InvalidInputError
			require.ErrorAs(t, err, &invalid)
			assert.EqualError(t, invalid, "invalid input: "+strings.Join(rule.want, "; "))
			assert.Empty(t, recorder.requests)
		})
	}
}

func TestStartAcceptsWhatTheRulesAllow(t *testing.T) {
	for name, change := range map[string]func(*startJobInput){
		"seven groups": startGroups(
			snapshotjob.PDF("s"),
			snapshotjob.Excel("s", "1", "2", "3", "4", "5"),
			snapshotjob.CSV("s", "1"),
			snapshotjob.CSV("s", "2"),
			snapshotjob.CSV("s", "3"),
			snapshotjob.CSV("s", "4"),
			snapshotjob.CSV("s", "5"),
		),
		"a destination":     startInto(startBucket),
		"a registered user": func(in *startJobInput) { in.UserConfiguration = nil },
		"fifty long tags":   startTags(50, strings.Repeat("é", 128), strings.Repeat("é", 256)),
	} {
		t.Run(name, func(t *testing.T) {
			in := startInput()
			change(in)
			recorder := &startRecorder{status: 200, body: `{}`}

			_, err := startClient(recorder).StartDashboardSnapshotJob(t.Context(), in)

			assert.NoError(t, err)
			assert.Len(t, recorder.requests, 1)
		})
	}
}

func TestStartRulesOfFileGroups(t *testing.T) {
	pdf := snapshotjob.PDF("s")
	csv := snapshotjob.CSV("s", "1")
	excel := snapshotjob.Excel("s", "1")
	twoFiles := snapshotjob.SnapshotFileGroup{Files: slices.Concat(pdf.Files, csv.Files)}
	assertStartRefuses(t, []startRule{
		{
			name:   "no group",
			change: startGroups(),
			want:   []string{"FileGroups has 0 groups: want 1 to 7"},
		},
		{
			name:   "eight groups",
			change: startGroups(pdf, excel, csv, csv, csv, csv, csv, csv),
			want: []string{
				"FileGroups has 8 groups: want 1 to 7",
				"FileGroups ask for 6 CSV files: want at most 5 in a job",
			},
		},
		{
			name:   "two PDFs",
			change: startGroups(pdf, snapshotjob.PDF("t")),
			want:   []string{"FileGroups ask for 2 PDF files: want at most 1 in a job"},
		},
		{
			name:   "two workbooks",
			change: startGroups(excel, excel),
			want:   []string{"FileGroups ask for 2 EXCEL files: want at most 1 in a job"},
		},
		{
			name:   "a group without a file",
			change: startGroups(snapshotjob.SnapshotFileGroup{}),
			want:   []string{"FileGroups[0].Files has 0 files: want 1"},
		},
		{
			name:   "a group of two files",
			change: startGroups(twoFiles),
			want:   []string{"FileGroups[0].Files has 2 files: want 1"},
		},
	})
}

func TestStartRulesOfFormats(t *testing.T) {
	const file = "FileGroups[0].Files[0]"
	const sheets = file + ".SheetSelections"
	pdf := func(change func(*snapshotjob.SnapshotFile)) func(*startJobInput) {
		return startFile(snapshotjob.PDF("s"), change)
	}
	csv := func(change func(*snapshotjob.SnapshotFile)) func(*startJobInput) {
		return startFile(snapshotjob.CSV("s", "1"), change)
	}
	assertStartRefuses(t, []startRule{
		{
			name:   "another format",
			change: pdf(func(f *snapshotjob.SnapshotFile) { f.FormatType = "pdf" }),
			want:   []string{file + `.FormatType is "pdf": want CSV, PDF or EXCEL`},
		},
		{
			name:   "selected visuals of a PDF",
			change: pdf(startScope("SELECTED_VISUALS")),
			want:   []string{sheets + `[0].SelectionScope is "SELECTED_VISUALS": want ALL_VISUALS for PDF`},
		},
		{
			name:   "all visuals of a CSV",
			change: csv(startScope("ALL_VISUALS")),
			want:   []string{sheets + `[0].SelectionScope is "ALL_VISUALS": want SELECTED_VISUALS for CSV`},
		},
		{
			name: "a visual of a PDF",
			change: pdf(func(f *snapshotjob.SnapshotFile) {
				f.SheetSelections[0].VisualIDs = []string{"1"}
			}),
			want: []string{sheets + " select 1 visuals: want at most 0 for PDF"},
		},
	})
}

func TestStartRulesOfSheets(t *testing.T) {
	const sheets = "FileGroups[0].Files[0].SheetSelections"
	noSheet := func(f *snapshotjob.SnapshotFile) { f.SheetSelections = nil }
	assertStartRefuses(t, []startRule{
		{
			name:   "no sheet",
			change: startFile(snapshotjob.PDF("s"), noSheet),
			want:   []string{sheets + " has 0 selections: want 1 for PDF"},
		},
		{
			name:   "no sheet of a workbook",
			change: startFile(snapshotjob.Excel("s", "1"), noSheet),
			want:   []string{sheets + " has 0 selections: want 1 to 5 for EXCEL"},
		},
		{
			name: "two sheets of a CSV",
			change: startFile(snapshotjob.CSV("s", "1"), func(f *snapshotjob.SnapshotFile) {
				f.SheetSelections = slices.Concat(f.SheetSelections, f.SheetSelections)
			}),
			want: []string{
				sheets + " has 2 selections: want 1 for CSV",
				sheets + " select 2 visuals: want at most 1 for CSV",
			},
		},
		{
			name:   "six visuals of a workbook",
			change: startGroups(snapshotjob.Excel("s", "1", "2", "3", "4", "5", "6")),
			want:   []string{sheets + " select 6 visuals: want at most 5 for EXCEL"},
		},
		{
			name:   "no visual",
			change: startGroups(snapshotjob.Excel("s")),
			want:   []string{sheets + "[0].VisualIDs is empty: want the ids of the visuals for EXCEL"},
		},
		{
			name:   "empty ids",
			change: startGroups(snapshotjob.CSV("", "")),
			want: []string{
				sheets + "[0].SheetID is empty",
				sheets + "[0].VisualIDs[0] is empty",
			},
		},
	})
}

func TestStartRulesOfDestinations(t *testing.T) {
	assertStartRefuses(t, []startRule{
		{
			name:   "no destination",
			change: startInto(),
			want:   []string{"S3Destinations has 0 destinations: want 1, or no DestinationConfiguration"},
		},
		{
			name:   "two destinations",
			change: startInto(startBucket, startBucket),
			want:   []string{"S3Destinations has 2 destinations: want 1, or no DestinationConfiguration"},
		},
		{
			name:   "an empty destination",
			change: startInto(snapshotjob.S3BucketConfiguration{BucketPrefix: " "}),
			want: []string{
				"S3Destinations[0].BucketConfiguration.BucketName is blank",
				"S3Destinations[0].BucketConfiguration.BucketPrefix is blank",
				"S3Destinations[0].BucketConfiguration.BucketRegion is blank",
			},
		},
	})
}

func TestStartRulesOfUsers(t *testing.T) {
	const hint = ": want 1, which may be empty, or no UserConfiguration for a registered user"
	assertStartRefuses(t, []startRule{
		{
			name: "no user",
			change: func(in *startJobInput) {
				in.UserConfiguration = &snapshotjob.SnapshotUserConfiguration{}
			},
			want: []string{"AnonymousUsers has 0 users" + hint},
		},
		{
			name: "two users",
			change: func(in *startJobInput) {
				in.UserConfiguration.AnonymousUsers = make([]snapshotjob.SnapshotAnonymousUser, 2)
			},
			want: []string{"AnonymousUsers has 2 users" + hint},
		},
	})
}

// The texts never quote a tag, since AWS marks its value as sensitive.
func TestStartRulesOfTags(t *testing.T) {
	const tags = "AnonymousUsers[0].RowLevelPermissionTags"
	assertStartRefuses(t, []startRule{
		{
			name:   "51 tags",
			change: startTags(51, "k", "v"),
			want:   []string{tags + " has 51 tags: want at most 50"},
		},
		{
			name:   "a tag without text",
			change: startTags(1, "", ""),
			want: []string{
				tags + "[0].Key has 0 characters: want 1 to 128",
				tags + "[0].Value has 0 characters: want 1 to 256",
			},
		},
		{
			name:   "a tag that is too long",
			change: startTags(1, strings.Repeat("é", 129), strings.Repeat("é", 257)),
			want: []string{
				tags + "[0].Key has 129 characters: want 1 to 128",
				tags + "[0].Value has 257 characters: want 1 to 256",
			},
		},
	})
}

func TestStartRulesOfParameters(t *testing.T) {
	tooMany := slices.Repeat([]snapshotjob.StringParameter{{Name: "n"}}, 101)
	assertStartRefuses(t, []startRule{
		{
			name: "no name",
			change: startParameters(snapshotjob.Parameters{
				StringParameters:   []snapshotjob.StringParameter{{Values: []string{"secret"}}},
				IntegerParameters:  []snapshotjob.IntegerParameter{{Name: "n"}, {Name: " \t"}},
				DecimalParameters:  []snapshotjob.DecimalParameter{{}},
				DateTimeParameters: []snapshotjob.DateTimeParameter{{}},
			}),
			want: []string{
				"StringParameters[0].Name is blank",
				"IntegerParameters[1].Name is blank",
				"DecimalParameters[0].Name is blank",
				"DateTimeParameters[0].Name is blank",
			},
		},
		{
			name: "no name, and times that can't be sent",
			change: startParameters(snapshotjob.Parameters{
				DateTimeParameters: []snapshotjob.DateTimeParameter{{Values: []time.Time{
					{},
					time.Now(),
					time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
				}}},
			}),
			want: []string{
				"DateTimeParameters[0].Name is blank",
				"DateTimeParameters[0].Values[0] is not set, or out of range: want a time in the years 1 to 9999",
				"DateTimeParameters[0].Values[2] is not set, or out of range: want a time in the years 1 to 9999",
			},
		},
		{
			name:   "101 parameters",
			change: startParameters(snapshotjob.Parameters{StringParameters: tooMany}),
			want:   []string{"StringParameters has 101 parameters: want at most 100"},
		},
	})
}

func TestStartTellsOfAllProblems(t *testing.T) {
	assertStartRefuses(t, []startRule{{
		name: "nothing but a bad id",
		change: func(in *startJobInput) {
			*in = startJobInput{Job: snapshotjob.Job{DashboardID: ".."}}
		},
		want: []string{
			"AWSAccountID is empty: want the 12 digits of the account that owns the dashboard",
			`DashboardID ".." cannot stand in a request path`,
			"SnapshotJobID is empty",
			"FileGroups has 0 groups: want 1 to 7",
		},
	}})
}

// startGroups asks for these groups instead.
func startGroups(groups ...snapshotjob.SnapshotFileGroup) func(*startJobInput) {
	return func(in *startJobInput) {
		in.SnapshotConfiguration.FileGroups = groups
	}
}

// startFile asks for the file of a group instead, after a change.
func startFile(
	group snapshotjob.SnapshotFileGroup, change func(*snapshotjob.SnapshotFile),
) func(*startJobInput) {
	change(&group.Files[0])
	return startGroups(group)
}

// startScope changes which visuals of its sheet a file shows.
func startScope(scope snapshotjob.SnapshotFileSheetSelectionScope) func(*snapshotjob.SnapshotFile) {
	return func(file *snapshotjob.SnapshotFile) {
		file.SheetSelections[0].SelectionScope = scope
	}
}

// startTags gives the user n tags that are alike; with 0 its list is empty, but not nil.
func startTags(n int, key, value string) func(*startJobInput) {
	tags := make([]snapshotjob.SessionTag, n)
	for i := range tags {
		tags[i] = snapshotjob.SessionTag{Key: key, Value: value}
	}
	return func(in *startJobInput) {
		in.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTags = tags
	}
}

// startParameters gives the dashboard these parameters.
func startParameters(parameters snapshotjob.Parameters) func(*startJobInput) {
	return func(in *startJobInput) {
		in.SnapshotConfiguration.Parameters = &parameters
	}
}
