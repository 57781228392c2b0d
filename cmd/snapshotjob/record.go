package main

import (
	"path/filepath"
	"strconv"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// jobRecord is what the commands show of a job. All of them use this one, so that the
// output of each can be the input of the next.
type jobRecord struct {
	Job             snapshotjob.Job
	ARN             string                        `json:"Arn,omitzero"`
	JobStatus       snapshotjob.SnapshotJobStatus `json:",omitzero"`
	CreatedTime     time.Time                     `json:",omitzero"`
	LastUpdatedTime time.Time                     `json:",omitzero"`
	Files           []fileRecord                  `json:",omitempty"`
	Error           string                        `json:",omitzero"` // why the job is not what was asked for
}

// fileRecord is what the commands show of a file.
type fileRecord struct {
	Name   string
	Format snapshotjob.SnapshotFileFormatType `json:",omitzero"`
	URI    string                             `json:"S3Uri,omitzero"` // without secrets, but for --show-urls
	Path   string                             `json:",omitzero"`      // on disk
	Size   int64                              `json:",omitzero"`
	Kept   bool                               `json:",omitzero"` // it was on disk already
	Error  string                             `json:",omitzero"`
}

// jobHeader is above the rows of jobs.
var jobHeader = []string{"JOB", "STATUS", "CREATED", "LAST UPDATED"}

// fileHeader is above the rows of files.
var fileHeader = []string{"JOB", "STATUS", "FILE", "SIZE", "WHERE"}

// statusRecord shows a job without files.
type statusRecord struct{ jobRecord }

// textRows returns the row of the job.
func (r statusRecord) textRows() []row {
	return []row{{
		r.Job.String(),
		string(r.JobStatus),
		formatTime(r.CreatedTime),
		formatTime(r.LastUpdatedTime),
		r.Error,
	}}
}

// tableRows returns the row of the job.
func (r statusRecord) tableRows() []row {
	return []row{{
		r.Job.String(),
		string(r.JobStatus),
		formatTime(r.CreatedTime),
		formatTime(r.LastUpdatedTime),
	}}
}

// textRows returns a row for each file, or one for the job if there are none.
func (r jobRecord) textRows() []row {
	if len(r.Files) == 0 {
		return []row{{r.Job.String(), string(r.JobStatus), "", "", "", r.Error}}
	}
	var rows []row
	for _, file := range r.Files {
		where := file.URI
		size := ""
		if file.Path != "" {
			where = file.Path
			size = strconv.FormatInt(file.Size, 10)
		}
		rows = append(rows, row{r.Job.String(), string(r.JobStatus), file.Name, size, where, file.Error})
	}
	return rows
}

// tableRows returns a row for each file, or one for the job if there are none.
func (r jobRecord) tableRows() []row {
	if len(r.Files) == 0 {
		return []row{{r.Job.SnapshotJobID, string(r.JobStatus), "", "", ""}}
	}
	var rows []row
	for _, file := range r.Files {
		where := file.URI
		size := ""
		switch {
		case file.Error != "":
			where = "FAILED"
		case file.Path != "":
			where = filepath.Dir(file.Path)
			size = formatSize(file.Size)
		}
		rows = append(rows, row{r.Job.SnapshotJobID, string(r.JobStatus), file.tableName(), size, where})
	}
	return rows
}

// tableName returns the name of the file on disk, or the one that it would get.
func (f fileRecord) tableName() string {
	if f.Path != "" {
		return filepath.Base(f.Path)
	}
	return f.Name
}

// problem returns why the job is not what was asked for.
func (r jobRecord) problem() string { return r.Error }

// formatTime returns a time in UTC, or nothing for the zero time.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime) + "Z"
}

// resultRecord returns the record of a job that has finished.
func (s *session) resultRecord(result *snapshotjob.DescribeDashboardSnapshotJobResultOutput) jobRecord {
	record := jobRecord{
		Job:             result.Job,
		ARN:             result.ARN,
		JobStatus:       result.JobStatus,
		CreatedTime:     result.CreatedTime,
		LastUpdatedTime: result.LastUpdatedTime,
		Error:           errorText(result.Err()),
	}
	for file := range result.Files() {
		record.Files = append(record.Files, s.fileRecord(file))
	}
	return record
}

// fileRecord returns the record of a file of a result.
func (s *session) fileRecord(file snapshotjob.ResultFile) fileRecord {
	record := fileRecord{
		Name:   file.FileName(),
		Format: file.Format,
		URI:    file.URI.String(),
		Error:  errorText(file.Err()),
	}
	if s.flags.ShowURLs {
		record.URI = string(file.URI)
	}
	return record
}

// downloadRecord returns the record of a job whose files were downloaded.
func (s *session) downloadRecord(
	result *snapshotjob.DescribeDashboardSnapshotJobResultOutput,
	files []snapshotjob.DownloadedFile,
) jobRecord {
	record := s.resultRecord(result)
	if len(files) == 0 {
		return record
	}
	record.Files = nil
	for _, file := range files {
		downloaded := s.fileRecord(file.File)
		downloaded.Path = file.Path
		downloaded.Size = file.Size
		downloaded.Kept = file.Kept
		downloaded.Error = errorText(file.Err)
		record.Files = append(record.Files, downloaded)
	}
	return record
}

// errorText returns the text of an error, or nothing for nil.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err.Error())
}

// jobTable says how records are shown as text and in a table.
type jobTable struct {
	header []string
	show   func(jobRecord) printable
}

// statusTable shows a row for each job.
var statusTable = jobTable{
	header: jobHeader,
	show:   func(record jobRecord) printable { return statusRecord{record} },
}

// fileTable shows a row for each file.
var fileTable = jobTable{
	header: fileHeader,
	show:   func(record jobRecord) printable { return record },
}
