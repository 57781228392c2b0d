package snapshotjob

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// fileName is a file's name on disk, as Download documents it.
func fileName(file ResultFile) string {
	parts := []string{file.Job.SnapshotJobID}
	if len(file.Sheets) > 0 {
		parts = append(parts, file.Sheets[0].SheetID)
		if visuals := file.Sheets[0].VisualIDs; len(visuals) > 0 {
			parts = append(parts, visuals[0])
		}
	}
	name := ""
	for _, part := range parts {
		part = safe(part, 60)
		if part != "" && name != "" {
			name += "_"
		}
		name += part
	}
	if name == "" || name[0] == '.' || reservedOnWindows(name) {
		name = "_" + name
	}
	switch file.Format {
	case SnapshotFileFormatTypePDF:
		return name + ".pdf"
	case SnapshotFileFormatTypeCSV:
		return name + ".csv"
	case SnapshotFileFormatTypeExcel:
		return name + ".xlsx"
	}
	// Unknown formats: the object's own ending, if it is one.
	uri, _, _ := strings.Cut(string(file.URI), "?")
	if ending := safe(strings.TrimPrefix(path.Ext(uri), "."), 8); ending != "" && !strings.ContainsAny(ending, "_.") {
		return name + "." + ending
	}
	return name + ".bin"
}

// safe keeps what every file system allows in a name.
func safe(id string, most int) string {
	id = strings.Map(func(r rune) rune {
		if r < 0x80 && unreserved(byte(r)) && r != '~' {
			return r
		}
		return '_'
	}, id)
	return id[:min(len(id), most)]
}

// reservedOnWindows reports whether name is that of a device, with any ending.
func reservedOnWindows(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) && '0' <= base[3] && base[3] <= '9'
}

// names are the names given so far, in lower case.
type names map[string]bool

// next returns name, or name with the first number that makes it new.
func (n names) next(name string) string {
	for i := 1; ; i++ {
		candidate := numbered(name, i)
		if key := strings.ToLower(candidate); !n[key] {
			n[key] = true
			return candidate
		}
	}
}

func numbered(name string, i int) string {
	if i == 1 {
		return name
	}
	ending := filepath.Ext(name)
	return strings.TrimSuffix(name, ending) + "-" + strconv.Itoa(i) + ending
}

// createTemp makes a new file with the permissions of any other, unlike
// os.CreateTemp.
func createTemp(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, ".snapshotjob-"+rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

// publish gives a whole file its name, or the next free one, and never takes
// another file's place.
func publish(temp, name string) (string, error) {
	for i := 1; ; i++ {
		candidate := numbered(name, i)
		err := os.Link(temp, candidate) // fails if there is such a file; os.Rename would replace it
		if err != nil && !errors.Is(err, fs.ErrExist) {
			// No hard links here. The gap between the look and the renaming is small.
			if _, lookErr := os.Lstat(candidate); lookErr == nil {
				err = fs.ErrExist
			} else if err = os.Rename(temp, candidate); err != nil {
				return "", err
			}
		}
		if err == nil {
			syncDir(filepath.Dir(candidate))
			return candidate, nil
		}
	}
}

// syncDir makes the folder's new entry last. It is no error where folders can't
// be synced, as on Windows, which does it by itself.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
