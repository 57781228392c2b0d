package snapshotjobtest

import (
	"slices"

	"github.com/quicksight-go/snapshotjob"
)

// File is one file of a job. [PDF], [CSV] and [Excel] make one.
type File struct {
	Format snapshotjob.SnapshotFileFormatType
	Sheets []snapshotjob.SnapshotFileSheetSelection

	// Content is what the file holds. If nil, Size bytes are generated: lines of
	// CSV, and noise for any other format. They are made as they are read, so
	// that even a large file takes no memory.
	Content []byte

	// Size is how many bytes are generated. Default: 1,024.
	Size int64

	// Errors say why the file was not made; then it has no URI. If empty, it was
	// made.
	Errors []FileError
}

// FileError is a reason why a file of an otherwise good job was not made. Type is one of
// snapshotjob's ErrorType constants, or another text. [File.Failing] adds one.
type FileError struct{ Type, Message string }

// PDF returns a file with all visuals of a sheet.
func PDF(sheetID string) File {
	return fileOf(snapshotjob.PDF(sheetID))
}

// CSV returns a file of one visual.
func CSV(sheetID, visualID string) File {
	return fileOf(snapshotjob.CSV(sheetID, visualID))
}

// Excel returns a workbook of up to 5 visuals.
func Excel(sheetID string, visualIDs ...string) File {
	return fileOf(snapshotjob.Excel(sheetID, visualIDs...))
}

// fileOf returns the file that a group asks for.
func fileOf(group snapshotjob.SnapshotFileGroup) File {
	return File{
		Format: group.Files[0].FormatType,
		Sheets: group.Files[0].SheetSelections,
	}
}

// With returns the file with this content.
func (f File) With(content string) File {
	f.Content = []byte(content)
	return f
}

// Failing returns the file as one that was not made, for this reason and for those
// that it has already.
func (f File) Failing(errorType, message string) File {
	reason := FileError{Type: errorType, Message: message}
	f.Errors = append(slices.Clip(f.Errors), reason) // Clip: the original keeps its own array.
	return f
}
