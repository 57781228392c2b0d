package snapshotjob

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// fileName is a file's name on disk, as Download documents it.
func fileName(file ResultFile) string {
	ids := []string{file.Job.SnapshotJobID}
	if len(file.Sheets) > 0 {
		ids = append(ids, file.Sheets[0].SheetID)
		ids = append(ids, file.Sheets[0].VisualIDs...)
	}
	name := ""
	for _, id := range ids[:min(3, len(ids))] {
		if name != "" && id != "" {
			name += "_"
		}
		name += safe(id, 60)
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
	uri, _, _ := strings.Cut(string(file.URI), "?")
	if ending := safe(filepath.Ext(uri), 9); len(ending) > 1 && !strings.Contains(ending, "_") {
		return name + ending
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
	device := strings.TrimRight(base, "0123456789")
	switch device {
	case "CON", "PRN", "AUX", "NUL":
		return device == base
	case "COM", "LPT":
		return len(base) == 4
	}
	return false
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

// publish gives a whole file its name, or the next free one, and never takes
// another file's place.
func publish(temp, name string) (string, error) {
	for i := 1; ; i++ {
		candidate := numbered(name, i)
		err := os.Link(temp, candidate) // os.Rename would replace a file
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			// No hard links here. The gap between the look and the renaming is small.
			if _, err := os.Lstat(candidate); err == nil {
				continue
			}
			if err := os.Rename(temp, candidate); err != nil {
				return "", err
			}
		}
		// So that the new name lasts. Windows can't sync a folder, and need not.
		if folder, err := os.Open(filepath.Dir(candidate)); err == nil {
			folder.Sync()
			folder.Close()
		}
		return candidate, nil
	}
}
