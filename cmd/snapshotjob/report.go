package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/cmd/snapshotjob/internal/report"
)

// reportFlags say where to write a report.
type reportFlags struct {
	Report string `placeholder:"FILE" help:"Write a web page that shows when the jobs ran, what failed and what to do."`
}

// check returns an error if the report cannot be written. So nobody learns that after a
// night of jobs.
func (f *reportFlags) check() error {
	if f.Report == "" {
		return nil
	}
	existing, err := os.Stat(f.Report)
	if err == nil && !existing.Mode().IsRegular() {
		return usagef("--report cannot be written: %s is no file", f.Report)
	}
	part, err := f.createPart()
	if err != nil {
		return usagef("--report cannot be written: %w", err)
	}
	return errors.Join(part.Close(), os.Remove(part.Name()))
}

// createPart creates the file that becomes the report when it is whole.
func (f *reportFlags) createPart() (*os.File, error) {
	return os.Create(f.Report + ".part")
}

// write writes the report of exports that began at a time, if there is to be one. So many
// requests were not taken up. What the report replaces stays until it is whole.
func (f *reportFlags) write(began time.Time, exports []*export, notTakenUp int) error {
	if f.Report == "" {
		return nil
	}
	run := report.Run{
		Began:      began,
		Ended:      time.Now(),
		NotTakenUp: notTakenUp,
	}
	for _, ended := range exports {
		run.Jobs = append(run.Jobs, reportJob(ended))
	}
	if err := f.publish(run); err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	return nil
}

// publish writes the report, and gives it its name.
func (f *reportFlags) publish(run report.Run) error {
	part, err := f.createPart()
	if err != nil {
		return err
	}
	if err := errors.Join(report.Write(part, run), part.Close()); err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return os.Rename(part.Name(), f.Report)
}

// reportJob returns what the report shows of an export.
func reportJob(ended *export) report.Job {
	job := report.Job{
		Name:     ended.outcome.Job.String(),
		Outcome:  reportOutcome(ended),
		Started:  ended.outcome.Started,
		Finished: finishedAt(ended),
		Problem:  reportProblem(ended.err()),
		Advice:   adviseOnExport(ended),
	}
	for _, file := range ended.files {
		if file.Err == nil {
			job.Files++
			job.Bytes += file.Size
		}
	}
	return job
}

// finishedAt returns when the job of an export finished, or was given up. A job that existed
// before may have finished long before this run saw that.
func finishedAt(ended *export) time.Time {
	result := ended.outcome.Result
	if ended.outcome.Adopted && result != nil && !result.LastUpdatedTime.IsZero() {
		return result.LastUpdatedTime
	}
	return ended.outcome.Finished
}

// reportProblem returns why an export is not completed, or nothing.
func reportProblem(err error) string {
	isUnknown := errors.Is(err, snapshotjob.ErrOutcomeUnknown)
	switch {
	case isInterruption(err) && isUnknown:
		return "interrupted: whether the job was started is not known"
	case isInterruption(err):
		return "interrupted"
	default:
		return errorText(err)
	}
}

// reportOutcome returns what became of an export.
func reportOutcome(ended *export) report.Outcome {
	err := ended.err()
	switch {
	case err == nil:
		return report.Completed
	case errors.Is(err, snapshotjob.ErrOutcomeUnknown):
		return report.Unfinished
	case ended.outcome.Started.IsZero():
		return report.NotStarted
	case ended.isUnderWay(), isInterruption(err):
		return report.Unfinished
	default:
		return report.Failed
	}
}

// adviseOnExport returns what to do about an export that failed, or nothing.
func adviseOnExport(ended *export) string {
	err := ended.err()
	if err == nil {
		return ""
	}
	if isInterruption(err) || errors.Is(err, snapshotjob.ErrOutcomeUnknown) {
		return "Run the same command again: it goes on where it stopped, and starts no job twice."
	}
	if failed, ok := errors.AsType[*snapshotjob.JobError](err); ok {
		return adviseOnJob(failed)
	}
	if _, ok := errors.AsType[*snapshotjob.ResourceExistsException](err); ok {
		return "Use another job id: another job has this one until 24 hours after its end."
	}
	if _, ok := errors.AsType[*snapshotjob.AccessDeniedException](err); ok {
		return "Use credentials that are valid and may see the dashboard, and those that started the job."
	}
	if _, ok := errors.AsType[*snapshotjob.ResourceNotFoundException](err); ok {
		return "Check the ids and the region."
	}
	if ended.isUnderWay() {
		return "Run the same command again: the job goes on, and is not started twice."
	}
	if ended.outcome.Result != nil || snapshotjob.IsTransient(err) {
		return "Run the same command again: what is there already is kept."
	}
	return "Correct what the error names, and run the same command again."
}

// adviseOnJob returns what to do about a job that failed, or lacks files.
func adviseOnJob(failed *snapshotjob.JobError) string {
	if failed.TryAgain() {
		return "Run the job again under another id: security settings changed while it ran."
	}
	types := []string{failed.ErrorType}
	for _, file := range failed.Files {
		for _, info := range file.Errors {
			types = append(types, info.ErrorType)
		}
	}
	advice := map[string]string{
		snapshotjob.ErrorTypeDashboardAccessDenied: "Share the dashboard with the user again.",
		snapshotjob.ErrorTypeCapabilityRestricted:  "Allow the user to export data, by the custom permissions of the account.",
		snapshotjob.ErrorTypeDatasetDeleted:        "Repair the dashboard: a dataset of it is gone.",
	}
	for _, errorType := range types {
		if text := advice[errorType]; text != "" {
			return text
		}
	}
	return "Open the dashboard in QuickSight to see whether it works, and run the job again under another id."
}
