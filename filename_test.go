package snapshotjob

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func fileNamed(job, sheet, visual string, format SnapshotFileFormatType) ResultFile {
	f := ResultFile{Job: Job{SnapshotJobID: job}, Format: format}
	if sheet != "" || visual != "" {
		f.Sheets = []SnapshotFileSheetSelection{{SheetID: sheet}}
	}
	if visual != "" {
		f.Sheets[0].VisualIDs = []string{visual}
	}
	return f
}

func TestFileName(t *testing.T) {
	long := strings.Repeat("é", 250)
	for _, tt := range []struct {
		name string
		file ResultFile
		want string
	}{
		{"PDF", fileNamed("daily", "sheet-1", "", "PDF"), "daily_sheet-1.pdf"},
		{"CSV", fileNamed("daily", "sheet-1", "visual_2", "CSV"), "daily_sheet-1_visual_2.csv"},
		{"workbook of several visuals", ResultFile{Job: Job{SnapshotJobID: "daily"}, Format: "EXCEL", Sheets: []SnapshotFileSheetSelection{
			{SheetID: "s", VisualIDs: []string{"v", "w"}}, {SheetID: "t", VisualIDs: []string{"x"}},
		}}, "daily_s_v.xlsx"},
		{"unknown file", fileNamed("daily", "", "", "PDF"), "daily.pdf"},
		{"no job", fileNamed("", "s", "v", "CSV"), "s_v.csv"},
		{"nothing", fileNamed("", "", "", "CSV"), "_.csv"},
		{"a path upwards", fileNamed("../../etc/passwd", "..", ".", "PDF"), "_.._.._etc_passwd_.._..pdf"},
		{"two dots", fileNamed("..", "", "", "PDF"), "_...pdf"},
		{"slashes", fileNamed("a/b", `c\d`, "e:f", "CSV"), "a_b_c_d_e_f.csv"},
		{"a drive", fileNamed(`C:\x`, "", "", "CSV"), "C__x.csv"},
		{"hidden", fileNamed(".profile", "", "", "CSV"), "_.profile.csv"},
		{"trailing dots and spaces", fileNamed("a. . ", "", "", "CSV"), "a._._.csv"},
		{"zero byte and line feed", fileNamed("a\x00b\nc", "", "", "CSV"), "a_b_c.csv"},
		{"home and flags", fileNamed("~", "-rf", "$(x)", "CSV"), "__-rf___x_.csv"},
		{"letters of other scripts", fileNamed("日報", "ü", "", "CSV"), "____.csv"},
		{"broken UTF-8", fileNamed("a\xffb", "", "", "CSV"), "a_b.csv"},
		{"500 characters", fileNamed(long+long, long, long, "CSV"), strings.Repeat("_", 60+1+60+1+60) + ".csv"},
		{"CON", fileNamed("CON", "", "", "PDF"), "_CON.pdf"},
		{"con", fileNamed("con", "", "", "PDF"), "_con.pdf"},
		{"NUL.txt", fileNamed("NUL.txt", "s", "", "PDF"), "_NUL.txt_s.pdf"},
		{"COM1", fileNamed("COM1", "", "", "PDF"), "_COM1.pdf"},
		{"LPT0", fileNamed("lpt0", "", "", "PDF"), "_lpt0.pdf"},
		{"not a device: CON_sheet", fileNamed("CON", "sheet", "", "PDF"), "CON_sheet.pdf"},
		{"not a device: COM10", fileNamed("COM10", "", "", "PDF"), "COM10.pdf"},
		{"not a device: COMMON", fileNamed("COMMON", "", "", "PDF"), "COMMON.pdf"},
		{"format of its own", ResultFile{Job: Job{SnapshotJobID: "j"}, Format: "PNG", URI: "https://host/a.b/k.png?X-Amz-Signature=1.exe"}, "j.png"},
		{"format unknown", ResultFile{Job: Job{SnapshotJobID: "j"}, URI: "s3://bucket/key.tar.gz"}, "j.gz"},
		{"no ending", ResultFile{Job: Job{SnapshotJobID: "j"}, URI: "s3://bucket.name/key"}, "j.bin"},
		{"odd ending", ResultFile{Job: Job{SnapshotJobID: "j"}, URI: "s3://b/k.p/../x.a b"}, "j.bin"},
		{"long ending", ResultFile{Job: Job{SnapshotJobID: "j"}, URI: "s3://b/k.abcdefghijk"}, "j.abcdefgh"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fileName(tt.file); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*[A-Za-z0-9]$`)

// checkSafe fails the test if name isn't one path element on every platform.
func checkSafe(t *testing.T, name string) {
	t.Helper()
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	device := regexp.MustCompile(`^(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])$`).MatchString(base)
	if filepath.Base(name) != name || !filepath.IsLocal(name) || len(name) > 200 || device || !safeName.MatchString(name) {
		t.Errorf("%q is not safe", name)
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("daily", "sheet-1", "visual", "CSV", "s3://b/k")
	f.Add("../x", `C:\x`, "COM1.", "", "https://h/k.NUL?x=.exe")
	f.Add("", ".", "..", "PNG", "s3://b/k.._")
	f.Fuzz(func(t *testing.T, job, sheet, visual, format, uri string) {
		file := fileNamed(job, sheet, visual, SnapshotFileFormatType(format))
		file.URI = S3URI(uri)
		name := fileName(file)
		checkSafe(t, name)
		given := names{}
		for range 3 {
			next := given.next(name)
			checkSafe(t, next)
			if !strings.HasSuffix(next, filepath.Ext(name)) {
				t.Errorf("%q has not the ending of %q", next, name)
			}
		}
		if len(given) != 3 {
			t.Errorf("%v, want three names", given)
		}
	})
}

func FuzzSafe(f *testing.F) {
	f.Add("a/b", 60)
	f.Add("日報\xff", 2)
	f.Fuzz(func(t *testing.T, id string, most int) {
		most = most & 0xff
		got := safe(id, most)
		if len(got) > most || len(got) > len(id) || strings.Trim(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
			t.Errorf("safe(%q, %d) = %q", id, most, got)
		}
		if n := utf8.RuneCountInString(id); len(got) != min(n, most) {
			t.Errorf("safe(%q, %d) has %d characters, want %d", id, most, len(got), min(n, most))
		}
	})
}

func TestFileNamesOfAJob(t *testing.T) {
	given := names{}
	var got []string
	for _, name := range []string{"a.pdf", "A.pdf", "a-2.pdf", "a.pdf", "b", "B", "a.PDF"} {
		got = append(got, given.next(name))
	}
	if got, want := strings.Join(got, " "), "a.pdf A-2.pdf a-2-2.pdf a-3.pdf b B-2 a-4.PDF"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
