package snapshotjob_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

func TestStartInputFaults(t *testing.T) {
	type input = snapshotjob.StartDashboardSnapshotJobInput
	pdf, csv, excel := snapshotjob.PDF, snapshotjob.CSV, snapshotjob.Excel
	with := func(g snapshotjob.SnapshotFileGroup, change func(*snapshotjob.SnapshotFile)) func(*input) {
		return func(in *input) {
			change(&g.Files[0])
			in.SnapshotConfiguration.FileGroups = []snapshotjob.SnapshotFileGroup{g}
		}
	}
	groups := func(g ...snapshotjob.SnapshotFileGroup) func(*input) {
		return func(in *input) { in.SnapshotConfiguration.FileGroups = g }
	}
	to := func(d ...snapshotjob.S3BucketConfiguration) func(*input) {
		return func(in *input) {
			c := &snapshotjob.SnapshotDestinationConfiguration{}
			for _, b := range d {
				c.S3Destinations = append(c.S3Destinations, snapshotjob.SnapshotS3DestinationConfiguration{BucketConfiguration: b})
			}
			in.SnapshotConfiguration.DestinationConfiguration = c
		}
	}
	parameters := func(p snapshotjob.Parameters) func(*input) {
		return func(in *input) { in.SnapshotConfiguration.Parameters = &p }
	}
	tags := func(n int, key, value string) func(*input) {
		return func(in *input) {
			list := make([]snapshotjob.SessionTag, n)
			for i := range list {
				list[i] = snapshotjob.SessionTag{Key: key, Value: value}
			}
			in.UserConfiguration = snapshotjob.AnonymousUser(list...)
		}
	}
	const selection = "FileGroups[0].Files[0].SheetSelections"
	bucket := snapshotjob.S3BucketConfiguration{BucketName: "b", BucketPrefix: "p", BucketRegion: "us-east-1"}
	long := strings.Repeat("é", 257)
	for _, tt := range []struct {
		name   string
		change func(*input)
		want   string // the faults; empty: none
	}{
		{"seven groups", groups(pdf("s"), excel("s", "1", "2", "3", "4", "5"), csv("s", "1"), csv("s", "2"), csv("s", "3"), csv("s", "4"), csv("s", "5")), ""},
		{"no group", groups(), "FileGroups has 0 groups: want 1 to 7"},
		{"eight groups", groups(pdf("s"), excel("s", "1"), csv("s", "1"), csv("s", "2"), csv("s", "3"), csv("s", "4"), csv("s", "5"), csv("s", "6")), "FileGroups has 8 groups: want 1 to 7; FileGroups ask for 6 CSV files: want at most 5 in a job"},
		{"two PDFs", groups(pdf("s"), pdf("t")), "FileGroups ask for 2 PDF files: want at most 1 in a job"},
		{"two workbooks", groups(excel("s", "1"), excel("s", "1")), "FileGroups ask for 2 EXCEL files: want at most 1 in a job"},
		{"a group without a file", groups(snapshotjob.SnapshotFileGroup{}), "FileGroups[0].Files has 0 files: want 1"},
		{"a group of two files", groups(snapshotjob.SnapshotFileGroup{Files: append(pdf("s").Files, csv("s", "1").Files...)}), "FileGroups[0].Files has 2 files: want 1"},
		{"another format", with(pdf("s"), func(f *snapshotjob.SnapshotFile) { f.FormatType = "pdf" }), `FileGroups[0].Files[0].FormatType is "pdf": want CSV, PDF or EXCEL`},
		{"no sheet", with(pdf("s"), func(f *snapshotjob.SnapshotFile) { f.SheetSelections = nil }), selection + " has 0 selections: want 1 for PDF"},
		{"two sheets of a CSV", with(csv("s", "1"), func(f *snapshotjob.SnapshotFile) {
			f.SheetSelections = append(f.SheetSelections, f.SheetSelections...)
		}), selection + " has 2 selections: want 1 for CSV; " + selection + " select 2 visuals: want at most 1 for CSV"},
		{"no sheet of a workbook", with(excel("s", "1"), func(f *snapshotjob.SnapshotFile) { f.SheetSelections = nil }), selection + " has 0 selections: want 1 to 5 for EXCEL"},
		{"six visuals of a workbook", groups(excel("s", "1", "2", "3", "4", "5", "6")), selection + " select 6 visuals: want at most 5 for EXCEL"},
		{"selected visuals of a PDF", with(pdf("s"), func(f *snapshotjob.SnapshotFile) { f.SheetSelections[0].SelectionScope = "SELECTED_VISUALS" }), selection + `[0].SelectionScope is "SELECTED_VISUALS": want ALL_VISUALS for PDF`},
		{"all visuals of a CSV", with(csv("s", "1"), func(f *snapshotjob.SnapshotFile) { f.SheetSelections[0].SelectionScope = "ALL_VISUALS" }), selection + `[0].SelectionScope is "ALL_VISUALS": want SELECTED_VISUALS for CSV`},
		{"a visual of a PDF", with(pdf("s"), func(f *snapshotjob.SnapshotFile) { f.SheetSelections[0].VisualIDs = []string{"1"} }), selection + " select 1 visuals: want at most 0 for PDF"},
		{"no visual", groups(excel("s")), selection + "[0].VisualIDs is empty: EXCEL takes the visuals one by one"},
		{"empty ids", groups(csv("", "")), selection + "[0].SheetID is empty; " + selection + "[0].VisualIDs[0] is empty"},
		{"a destination", to(bucket), ""},
		{"no destination", to(), "S3Destinations has 0 destinations: want 1, or no DestinationConfiguration"},
		{"two destinations", to(bucket, bucket), "S3Destinations has 2 destinations: want 1, or no DestinationConfiguration"},
		{"an empty destination", to(snapshotjob.S3BucketConfiguration{BucketPrefix: " "}), "S3Destinations[0].BucketConfiguration.BucketName is empty; S3Destinations[0].BucketConfiguration.BucketPrefix is empty; S3Destinations[0].BucketConfiguration.BucketRegion is empty"},
		{"a registered user", func(in *input) { in.UserConfiguration = nil }, ""},
		{"no user", func(in *input) { in.UserConfiguration = &snapshotjob.SnapshotUserConfiguration{} }, "AnonymousUsers has 0 users: want 1, which may be empty, or no UserConfiguration for a registered user"},
		{"two users", func(in *input) {
			in.UserConfiguration.AnonymousUsers = append(in.UserConfiguration.AnonymousUsers, snapshotjob.SnapshotAnonymousUser{})
		}, "AnonymousUsers has 2 users: want 1, which may be empty, or no UserConfiguration for a registered user"},
		{"fifty tags", tags(50, long[:2*128], long[:2*256]), ""},
		{"empty tags", func(in *input) {
			in.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTags = []snapshotjob.SessionTag{}
		}, "AnonymousUsers[0].RowLevelPermissionTags has 0 tags: want 1 to 50, or nil for none"},
		{"51 tags", tags(51, "k", "v"), "AnonymousUsers[0].RowLevelPermissionTags has 51 tags: want 1 to 50, or nil for none"},
		{"a tag without text", tags(1, "", ""), "AnonymousUsers[0].RowLevelPermissionTags[0].Key has 0 characters: want 1 to 128; AnonymousUsers[0].RowLevelPermissionTags[0].Value has 0 characters: want 1 to 256"},
		{"long tags are not quoted", tags(1, long[:2*129], long), "AnonymousUsers[0].RowLevelPermissionTags[0].Key has 129 characters: want 1 to 128; AnonymousUsers[0].RowLevelPermissionTags[0].Value has 257 characters: want 1 to 256"},
		{"parameters without a name", parameters(snapshotjob.Parameters{
			StringParameters:   []snapshotjob.StringParameter{{Values: []string{"secret"}}},
			IntegerParameters:  []snapshotjob.IntegerParameter{{Name: "n"}, {Name: " \t"}},
			DecimalParameters:  []snapshotjob.DecimalParameter{{}},
			DateTimeParameters: []snapshotjob.DateTimeParameter{{Values: []time.Time{{}, time.Now(), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}},
		}), "StringParameters[0].Name is empty; IntegerParameters[1].Name is empty; DecimalParameters[0].Name is empty; DateTimeParameters[0].Name is empty; DateTimeParameters[0].Values[0] is the zero time, or beyond the year 9999; DateTimeParameters[0].Values[2] is the zero time, or beyond the year 9999"},
		{"101 parameters", parameters(snapshotjob.Parameters{StringParameters: slicesOf(101, snapshotjob.StringParameter{Name: "n"})}), "StringParameters has 101 parameters: want at most 100"},
		{"all at once", func(in *input) {
			*in = input{Job: snapshotjob.Job{DashboardID: ".."}}
		}, `AWSAccountID is empty: want the 12 digits of the account that owns the dashboard; DashboardID ".." cannot stand in a request path; SnapshotJobID is empty; FileGroups has 0 groups: want 1 to 7`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := startInput()
			tt.change(in)
			r := &startRecorder{status: 200, body: `{}`}
			_, err := startClient(r).StartDashboardSnapshotJob(t.Context(), in)
			if tt.want == "" {
				if err != nil || len(r.requests) != 1 {
					t.Errorf("err = %v after %d requests, want a job", err, len(r.requests))
				}
				return
			}
			var invalid *snapshotjob.InvalidInputError
			if !errors.As(err, &invalid) || len(r.requests) != 0 {
				t.Fatalf("err = %v after %d requests, want an InvalidInputError and none", err, len(r.requests))
			}
			if got := strings.TrimPrefix(invalid.Error(), "invalid input: "); got != tt.want {
				t.Errorf("faults:\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func slicesOf[T any](n int, v T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = v
	}
	return list
}
