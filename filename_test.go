package snapshotjob

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// namedFile says what a file's name is made from.
type namedFile struct {
	job    string
	sheet  string // empty: no sheet, and no visual
	visual string // empty: all of the sheet
	format SnapshotFileFormatType
	uri    string
}

func (f namedFile) file() ResultFile {
	file := ResultFile{
		Job:    Job{SnapshotJobID: f.job},
		Format: f.format,
		URI:    S3URI(f.uri),
	}
	if f.sheet == "" && f.visual == "" {
		return file
	}
	sheet := SnapshotFileSheetSelection{SheetID: f.sheet}
	if f.visual != "" {
		sheet.VisualIDs = []string{f.visual}
	}
	file.Sheets = []SnapshotFileSheetSelection{sheet}
	return file
}

// checkFileNames checks the name of each file, which stands before it.
func checkFileNames(t *testing.T, files map[string]namedFile) {
	t.Helper()
	for want, file := range files {
		assert.Equal(t, want, file.file().FileName())
	}
}

// checkNamesOfCSV checks the names of CSV files of jobs without sheets, by the job's id.
func checkNamesOfCSV(t *testing.T, names map[string]string) {
	t.Helper()
	for id, want := range names {
		file := namedFile{job: id, format: "CSV"}
		assert.Equal(t, want, file.file().FileName(), "job %q", id)
	}
}

func TestFileNameHoldsTheIDs(t *testing.T) {
	checkFileNames(t, map[string]namedFile{
		"daily_sheet-1.pdf": {
			job:    "daily",
			sheet:  "sheet-1",
			format: "PDF",
		},
		"daily_sheet-1_visual_2.csv": {
			job:    "daily",
			sheet:  "sheet-1",
			visual: "visual_2",
			format: "CSV",
		},
		"daily.pdf": {
			job:    "daily",
			format: "PDF",
		},
		"s_v.csv": {
			sheet:  "s",
			visual: "v",
			format: "CSV",
		},
		"_.csv": {format: "CSV"},
	})
}

func TestFileNameOfAWorkbookHoldsTheFirstVisual(t *testing.T) {
	file := ResultFile{
		Job:    Job{SnapshotJobID: "daily"},
		Format: "EXCEL",
		Sheets: []SnapshotFileSheetSelection{
			{SheetID: "s", VisualIDs: []string{"v", "w"}},
			{SheetID: "t", VisualIDs: []string{"x"}},
		},
	}
	assert.Equal(t, "daily_s_v.xlsx", file.FileName())
}

func TestFileNameIsNoPath(t *testing.T) {
	checkFileNames(t, map[string]namedFile{
		"_.._.._etc_passwd_.._..pdf": {
			job:    "../../etc/passwd",
			sheet:  "..",
			visual: ".",
			format: "PDF",
		},
		"_...pdf": {
			job:    "..",
			format: "PDF",
		},
		"a_b_c_d_e_f.csv": {
			job:    "a/b",
			sheet:  `c\d`,
			visual: "e:f",
			format: "CSV",
		},
		"__-rf___x_.csv": {
			job:    "~",
			sheet:  "-rf",
			visual: "$(x)",
			format: "CSV",
		},
		"____.csv": {
			job:    "日報",
			sheet:  "ü",
			format: "CSV",
		},
	})
}

func TestFileNameReplacesWhatNotEveryDiskTakes(t *testing.T) {
	checkNamesOfCSV(t, map[string]string{
		`C:\x`:      "C__x.csv",
		".profile":  "_.profile.csv",
		"a. . ":     "a._._.csv",
		"a\x00b\nc": "a_b_c.csv",
		"a\xffb":    "a_b.csv",
	})
}

func TestFileNameCutsIDs(t *testing.T) {
	long := strings.Repeat("é", 250)
	file := namedFile{
		job:    long + long,
		sheet:  long,
		visual: strings.Repeat("é", 60),
		format: "CSV",
	}
	cut := strings.Repeat("_", 51)
	assert.Equal(t, cut+"-8b671e21_"+cut+"-e24f7db7_"+strings.Repeat("_", 60)+".csv", file.file().FileName())
}

// Jobs of many tenants may have ids that differ at the end alone.
func TestFileNamesOfLongIDsDiffer(t *testing.T) {
	const id = "nightly-export-of-the-sales-dashboard-2026-11-25-for-the-tenant-"
	first := namedFile{job: id + "1", format: "PDF"}
	second := namedFile{job: id + "2", format: "PDF"}
	assert.NotEqual(t, first.file().FileName(), second.file().FileName())
}

func TestFileNameIsNoDeviceOfWindows(t *testing.T) {
	checkNamesOfCSV(t, map[string]string{
		"CON":     "_CON.csv",
		"con":     "_con.csv",
		"NUL.txt": "_NUL.txt.csv",
		"COM1":    "_COM1.csv",
		"lpt0":    "_lpt0.csv",
		// These are no devices.
		"COM10":  "COM10.csv",
		"COMMON": "COMMON.csv",
	})
	checkFileNames(t, map[string]namedFile{
		"_NUL.txt_s.pdf": {
			job:    "NUL.txt",
			sheet:  "s",
			format: "PDF",
		},
		"CON_sheet.pdf": {
			job:    "CON",
			sheet:  "sheet",
			format: "PDF",
		},
	})
}

func TestFileNameOfAFormatOfItsOwn(t *testing.T) {
	checkFileNames(t, map[string]namedFile{
		"j.png": {
			job:    "j",
			format: "PNG",
			uri:    "https://host/a.b/k.png?X-Amz-Signature=1.exe",
		},
	})
}

func TestFileNameOfAnUnknownFormat(t *testing.T) {
	for uri, want := range map[string]string{
		"s3://bucket/key.tar.gz":     "j.gz",
		"s3://bucket/what?.png":      "j.png",
		"s3://bucket.name/key":       "j.bin",
		"s3://bucket.name":           "j.bin",
		"s3://b/k.p/../x.a b":        "j.bin",
		"s3://b/k.p/key":             "j.bin",
		"s3://b/k.abcdefghijk":       "j.abcdefgh",
		"s3://b/k.-":                 "j.bin",
		"s3://b/k.csv-2":             "j.bin",
		"s3://b/k.csv_":              "j.bin",
		"https://host.com/k.png?a.b": "j.png",
		"https://host.com/k.png#a.b": "j.png",
		"https://host.com":           "j.bin",
		"https://host.com?a.b":       "j.bin",
		"https://host.com/%zz.png":   "j.bin",
	} {
		file := namedFile{job: "j", uri: uri}
		assert.Equal(t, want, file.file().FileName(), uri)
	}
}

var (
	goodName   = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*[A-Za-z0-9]$`)
	deviceName = regexp.MustCompile(`^(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])$`)
)

// checkSafe fails the test if name isn't one path element on every platform.
func checkSafe(t *testing.T, name string) {
	t.Helper()
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	if filepath.Base(name) != name || !filepath.IsLocal(name) {
		t.Errorf("%q is a path", name)
	}
	if len(name) > 200 || !goodName.MatchString(name) {
		t.Errorf("%q is too long, or has a bad character", name)
	}
	if deviceName.MatchString(base) {
		t.Errorf("%q is a device", name)
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("daily", "sheet-1", "visual", "CSV", "s3://b/k")
	f.Add("../x", `C:\x`, "COM1.", "", "https://h/k.NUL?x=.exe")
	f.Add("", ".", "..", "PNG", "s3://b/k.._")
	f.Add("0", "0", "0", "", "s3://b/k.-")
	f.Fuzz(func(t *testing.T, job, sheet, visual, format, uri string) {
		file := namedFile{
			job:    job,
			sheet:  sheet,
			visual: visual,
			format: SnapshotFileFormatType(format),
			uri:    uri,
		}
		name := file.file().FileName()
		checkSafe(t, name)
		given := takenNames{}
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

func FuzzShortName(f *testing.F) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	f.Add("a/b")
	f.Add("日報\xff")
	f.Add(strings.Repeat("é", 61))
	f.Fuzz(func(t *testing.T, id string) {
		got := shortName(id)
		if bad := strings.Trim(got, letters+"0123456789-._"); bad != "" {
			t.Errorf("shortName(%q) = %q has %q", id, got, bad)
		}
		want := min(60, utf8.RuneCountInString(id))
		if len(got) != want {
			t.Errorf("shortName(%q) has %d characters, want %d", id, len(got), want)
		}
	})
}

func TestFileNamesOfAJob(t *testing.T) {
	given := takenNames{}
	var got []string
	for _, name := range []string{"a.pdf", "A.pdf", "a-2.pdf", "a.pdf", "b", "B", "a.PDF"} {
		got = append(got, given.next(name))
	}
	want := []string{"a.pdf", "A-2.pdf", "a-2-2.pdf", "a-3.pdf", "b", "B-2", "a-4.PDF"}
	assert.Equal(t, want, got)
}
