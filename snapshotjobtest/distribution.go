package snapshotjobtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Distribution draws lives at random, for simulations:
//
//	distribution := snapshotjobtest.Distribution{
//		Seed:    1,
//		Queued:  2 * time.Second,
//		Running: time.Minute,
//		Failed:  0.01,
//	}
//	options.Life = distribution.Life
//
// What is drawn for a job depends on Seed and on the ids of the job only, and not
// on the order in which jobs are started. The jobs of the zero value are completed
// at once.
//
// A life that was drawn has 7 files, as many as the service allows: 1 PDF, 1 Excel and
// 5 CSV. A job that is added with it has these files. A job that is started has the
// files that it asks for, of which the first 7 have what was drawn. If [Options] allow
// more, each further file has 1,024 bytes and no errors.
type Distribution struct {
	// Seed makes other draws of the same distribution. Default: 0.
	Seed uint64

	// Queued and Running are the medians of how long jobs are queued and running.
	// The durations are log-normal: two of three lie between half the median and
	// twice the median, and none is beyond 20 times the median. Default: 0.
	Queued, Running time.Duration

	// Failed is the share of jobs that fail, from 0 to 1. The reasons are those
	// that AWS documents. Default: 0.
	Failed float64

	// FileFailed is the share of files that are not made, from 0 to 1, in the
	// jobs that don't fail. The reasons are those that AWS documents. Default: 0.
	FileFailed float64

	// Size is the median of the files' sizes in bytes, which are spread as
	// durations are. Default: every file has 1,024 bytes.
	Size int64
}

// jobErrors are the reasons why a job fails, as the API reference words them
// (DescribeDashboardSnapshotJobResult).
var jobErrors = []FileError{
	{
		Type:    snapshotjob.ErrorTypeDashboardAccessDenied,
		Message: "The registered user lost access to the dashboard.",
	},
	{
		Type:    snapshotjob.ErrorTypeCapabilityRestricted,
		Message: "The registered user is restricted from exporting data in all selected formats.",
	},
}

// fileErrors are the reasons why a file is not made, from the same place.
var fileErrors = []FileError{
	{
		Type:    snapshotjob.ErrorTypeCapabilityRestricted,
		Message: "The registered user is restricted from exporting data in some selected formats.",
	},
	{
		Type:    snapshotjob.ErrorTypeRLSChanged,
		Message: "Row-level security settings have changed. Re-run the job with current settings.",
	},
	{
		Type:    snapshotjob.ErrorTypeCLSChanged,
		Message: "Column-level security settings have changed. Re-run the job with current settings.",
	},
	{
		Type:    snapshotjob.ErrorTypeDatasetDeleted,
		Message: "The dataset has been deleted. Verify the dataset exists before re-running the job.",
	},
}

// Life draws the life of a job. It fits [Options].Life.
func (d Distribution) Life(job snapshotjob.Job) Life {
	hash := hashOf(job.AWSAccountID, job.DashboardID, job.SnapshotJobID)
	random := rand.New(rand.NewPCG(d.Seed, hash))

	life := Life{
		Queued:  time.Duration(spread(random, float64(d.Queued))),
		Running: time.Duration(spread(random, float64(d.Running))),
	}
	life.Files = allFiles() // A job that fails was asked for them too.
	if random.Float64() < d.Failed {
		reason := pick(random, jobErrors)
		life.ErrorType = reason.Type
		life.ErrorMessage = reason.Message
		return life
	}
	for i := range life.Files {
		file := &life.Files[i]
		size := spread(random, float64(d.Size))
		file.Size = int64(math.Ceil(size)) // Rounded up, because 0 is the default size.
		if random.Float64() < d.FileFailed {
			file.Errors = []FileError{pick(random, fileErrors)}
		}
	}
	return life
}

// spread draws from a log-normal distribution with this median, cut off at 20 times
// the median.
func spread(random *rand.Rand, median float64) float64 {
	return median * min(20, math.Exp2(random.NormFloat64()))
}

// pick draws one of the reasons, all of which are equally likely.
func pick(random *rand.Rand, reasons []FileError) FileError {
	return reasons[random.IntN(len(reasons))]
}

// allFiles returns as many files as a job may ask for.
func allFiles() []File {
	files := []File{
		PDF("sheet"),
		Excel("sheet", "visual"),
	}
	for i := range 5 {
		files = append(files, CSV("sheet", fmt.Sprintf("visual-%d", i+1)))
	}
	return files
}
