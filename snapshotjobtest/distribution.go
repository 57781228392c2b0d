package snapshotjobtest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// Distribution draws lives, for simulations:
//
//	Options.Life = snapshotjobtest.Distribution{Seed: 1, Queued: 2 * time.Second, Running: time.Minute, Failed: 0.01}.Life
//
// A job's draw depends on Seed and the job's ids only, whatever the order in
// which jobs are started. The zero value's jobs are completed at once. A job that
// is added with such a life has 1 PDF, 1 Excel and 5 CSV; one that is started, the
// files that it asks for.
type Distribution struct {
	Seed uint64

	// Queued and Running are medians. Durations are log-normal: two of three lie
	// between half the median and twice, and none is beyond 20 times.
	Queued, Running time.Duration

	// Failed is the share of jobs that fail, from 0 to 1, and FileFailed the
	// share of the other jobs' files that are not made. The reasons are those
	// that AWS documents.
	Failed, FileFailed float64

	// Size is the median of the files' sizes in bytes, spread like durations.
	// 0: 1,024 bytes each.
	Size int64
}

// Reasons as the API reference words them (DescribeDashboardSnapshotJobResult).
var (
	jobErrors = []FileError{
		{snapshotjob.ErrorTypeDashboardAccessDenied, "The registered user lost access to the dashboard."},
		{snapshotjob.ErrorTypeCapabilityRestricted, "The registered user is restricted from exporting data in all selected formats."},
	}
	fileErrors = []FileError{
		{snapshotjob.ErrorTypeCapabilityRestricted, "The registered user is restricted from exporting data in some selected formats."},
		{snapshotjob.ErrorTypeRLSChanged, "Row-level security settings have changed. Re-run the job with current settings."},
		{snapshotjob.ErrorTypeCLSChanged, "Column-level security settings have changed. Re-run the job with current settings."},
		{snapshotjob.ErrorTypeDatasetDeleted, "The dataset has been deleted. Verify the dataset exists before re-running the job."},
	}
)

// Life draws the life of a job. It fits [Options].Life.
func (d Distribution) Life(job snapshotjob.Job) Life {
	h := fnv.New64a()
	h.Write([]byte(job.AWSAccountID + "\x00" + job.DashboardID + "\x00" + job.SnapshotJobID))
	r := rand.New(rand.NewPCG(d.Seed, h.Sum64()))
	spread := func(median float64) float64 {
		return median * min(20, math.Exp2(r.NormFloat64()))
	}
	life := Life{Queued: time.Duration(spread(float64(d.Queued))), Running: time.Duration(spread(float64(d.Running)))}
	if r.Float64() < d.Failed {
		reason := jobErrors[r.IntN(len(jobErrors))]
		life.ErrorType, life.ErrorMessage = reason.Type, reason.Message
		return life
	}
	life.Files = []File{PDF("sheet"), Excel("sheet", "visual")} // as many as a job may ask for
	for i := range 5 {
		life.Files = append(life.Files, CSV("sheet", fmt.Sprint("visual-", i+1)))
	}
	for i := range life.Files {
		f := &life.Files[i]
		f.Size = int64(spread(float64(d.Size)))
		if r.Float64() < d.FileFailed {
			f.Errors = []FileError{fileErrors[r.IntN(len(fileErrors))]}
		}
	}
	return life
}
