package snapshotjob

import (
	"cmp"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// fileName is a file's name on disk, as Download documents it.
func fileName(file ResultFile) string {
	ids := []string{file.Job.SnapshotJobID}
	if len(file.Sheets) > 0 {
		ids = append(append(ids, file.Sheets[0].SheetID), file.Sheets[0].VisualIDs...)
	}
	name := ""
	for _, id := range ids[:min(3, len(ids))] {
		if name != "" && id != "" {
			name += "_"
		}
		name += safe(id, 60)
	}
	if name == "" || name[0] == '.' || isDevice(name) {
		name = "_" + name
	}
	uri, _, _ := strings.Cut(string(file.URI), "?")
	ending := cmp.Or(formatRules[file.Format].extension, safe(filepath.Ext(uri), 9))
	if len(ending) < 2 || strings.Contains(ending, "_") {
		ending = ".bin"
	}
	return name + ending
}

// safe keeps what every file system allows in a name.
func safe(id string, most int) string {
	id = strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-._", r)) {
			return r
		}
		return '_'
	}, id)
	return id[:min(len(id), most)]
}

// isDevice reports whether Windows takes name for a device, whatever its ending.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch device := strings.TrimRight(base, "0123456789"); device {
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
		next := numbered(name, i)
		if key := strings.ToLower(next); !n[key] {
			n[key] = true
			return next
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
