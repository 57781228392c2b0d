package snapshotjob

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	// maxIDLength is how many characters of an id a file's name has at most. A name of
	// three ids then stays well below 255 bytes, which is what file systems allow, also
	// when a number and reservedPrefix are added to it. A UUID has 36.
	maxIDLength = 60

	// hashLength is how many hexadecimal digits of a hash stand in place of the end of an
	// id that is too long.
	hashLength = 8

	// maxExtensionLength is how many characters of an object's extension a file's name
	// has at most: a dot and eight more. What is longer is hardly an extension.
	maxExtensionLength = 9
)

// extensions are those of the names of files, by format.
var extensions = map[SnapshotFileFormatType]string{
	SnapshotFileFormatTypePDF:   ".pdf",
	SnapshotFileFormatTypeExcel: ".xlsx",
	SnapshotFileFormatTypeCSV:   ".csv",
}

// FileName returns the name that [Client.Download] gives the file, if no other file
// has it: <SnapshotJobID>_<SheetID>_<VisualID> and .pdf, .csv or .xlsx. The ids are
// those of the first sheet and the first visual, as far as there are any. An id of more
// than 60 characters is cut, and ends with "-" and a hash of the whole id, so that two
// long ids that begin alike make different names. A character other than A-Z, a-z, 0-9,
// "-", "." and "_" becomes "_". A name that would begin with a dot, or be that of a
// Windows device, gets a "_" in front. A file of an unknown format has the extension of
// its object, if that consists of letters and digits, or .bin.
func (f ResultFile) FileName() string {
	var parts []string
	for _, id := range f.nameIDs() {
		if id != "" {
			parts = append(parts, shortName(id))
		}
	}
	name := strings.Join(parts, "_")
	if name == "" || name[0] == '.' || isDevice(name) {
		name = "_" + name
	}
	return name + f.extension()
}

// nameIDs returns the ids that the file's name is made of.
func (f ResultFile) nameIDs() []string {
	ids := []string{f.Job.SnapshotJobID}
	if len(f.Sheets) == 0 {
		return ids
	}
	sheet := f.Sheets[0]
	ids = append(ids, sheet.SheetID)
	if len(sheet.VisualIDs) > 0 {
		ids = append(ids, sheet.VisualIDs[0])
	}
	return ids
}

// extension returns the extension of the file's name, with its dot. That of an object
// is taken if it consists of letters and digits.
func (f ResultFile) extension() string {
	if extension, ok := extensions[f.Format]; ok {
		return extension
	}
	extension := safeName(path.Ext(f.URI.objectPath()))
	extension = extension[:min(len(extension), maxExtensionLength)]
	if len(extension) < 2 || strings.ContainsAny(extension, "-_") {
		return ".bin"
	}
	return extension
}

// shortName returns an id as a part of a name. It has maxIDLength characters at most.
func shortName(id string) string {
	name := safeName(id)
	if len(name) <= maxIDLength {
		return name
	}
	sum := sha256.Sum256([]byte(id))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	return name[:maxIDLength-len("-")-hashLength] + "-" + hash
}

// safeName returns text with a "_" in place of each character that some file system
// refuses in a name.
func safeName(text string) string {
	return strings.Map(func(r rune) rune {
		if isSafe(r) {
			return r
		}
		return '_'
	}, text)
}

// isSafe reports whether every file system allows a character in a name.
func isSafe(r rune) bool {
	if r > unicode.MaxASCII {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-._", r)
}

// isDevice reports whether Windows takes a name for a device, whatever its extension.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, base) {
		return true
	}
	withoutDigits := strings.TrimRight(base, "0123456789")
	return len(base) == 4 && (withoutDigits == "COM" || withoutDigits == "LPT")
}

// takenNames are the names that files of a job have been given, in lower case, each
// with the number that was tried last for a further file of the name.
type takenNames map[string]int

// next returns the name, with the first number that makes it a new one.
func (n takenNames) next(name string) string {
	base := strings.ToLower(name)
	if _, taken := n[base]; !taken {
		n[base] = 1
		return name
	}
	for {
		n[base]++
		candidate := numbered(name, n[base])
		key := strings.ToLower(candidate)
		if _, taken := n[key]; !taken {
			n[key] = 1
			return candidate
		}
	}
}

// numbered returns the name with the number before its extension. The first name has
// none.
func numbered(name string, number int) string {
	if number == 1 {
		return name
	}
	extension := path.Ext(name)
	return strings.TrimSuffix(name, extension) + "-" + strconv.Itoa(number) + extension
}
