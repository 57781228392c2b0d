package snapshotjobtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// draws is how many lives the tests draw: enough for shares that are right to 2 percent.
const draws = 10_000

// distribution is what the tests draw from.
var distribution = snapshotjobtest.Distribution{
	Seed:       7,
	Queued:     2 * time.Second,
	Running:    time.Minute,
	Failed:     0.2,
	FileFailed: 0.1,
	Size:       1000,
}

// drawnLives returns the lives of many jobs.
func drawnLives() []snapshotjobtest.Life {
	lives := make([]snapshotjobtest.Life, draws)
	for i := range lives {
		job := daily
		job.SnapshotJobID = fmt.Sprint(i)
		lives[i] = distribution.Life(job)
	}
	return lives
}

func TestDistributionIsRepeatable(t *testing.T) {
	first := drawnLives()
	second := drawnLives()
	for i := range first {
		require.Equal(t, first[i], second[i], "job %d", i)
	}
}

func TestDistributionIsBounded(t *testing.T) {
	for _, life := range drawnLives() {
		assert.LessOrEqual(t, life.Running, 20*time.Minute)
		assert.LessOrEqual(t, life.Queued, 40*time.Second)
		assert.GreaterOrEqual(t, life.Queued, time.Duration(0))
	}
}

func TestDistributionShares(t *testing.T) {
	var belowMedian, failed, files, failedFiles float64
	for _, life := range drawnLives() {
		if life.Running < distribution.Running {
			belowMedian++
		}
		if life.ErrorType != "" {
			failed++
			continue // No file of it is drawn.
		}
		for _, file := range life.Files {
			files++
			if len(file.Errors) > 0 {
				failedFiles++
			}
		}
	}
	assert.InDelta(t, 0.5, belowMedian/draws, 0.02, "below the median")
	assert.InDelta(t, 0.2, failed/draws, 0.02, "failed jobs")
	assert.InDelta(t, 0.1, failedFiles/files, 0.02, "failed files")
}

func TestDistributionSizes(t *testing.T) {
	var files, belowMedian float64
	for _, life := range drawnLives() {
		if life.ErrorType != "" {
			continue // No file of it is drawn.
		}
		for _, file := range life.Files {
			files++
			if file.Size < distribution.Size {
				belowMedian++
			}
		}
	}
	assert.InDelta(t, 0.5, belowMedian/files, 0.02)
}

// A size of 0 would stand for the default, which is far above a median of 1.
func TestDistributionDrawsNoEmptyFile(t *testing.T) {
	small := snapshotjobtest.Distribution{Size: 1}
	for i := range 100 {
		job := daily
		job.SnapshotJobID = fmt.Sprint(i)
		for _, file := range small.Life(job).Files {
			assert.Positive(t, file.Size)
		}
	}
}

func TestDistributionFilesOfAddedJob(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Distribution{Size: 10}.Life(daily))
	formats := map[snapshotjob.SnapshotFileFormatType]int{}
	for file := range describeResult(t, srv.Client()).Files() {
		formats[file.Format]++
		assert.Len(t, file.Sheets, 1)
	}
	want := map[snapshotjob.SnapshotFileFormatType]int{"PDF": 1, "EXCEL": 1, "CSV": 5}
	assert.Equal(t, want, formats)
}

func TestDistributionSeed(t *testing.T) {
	other := distribution
	other.Seed = 8
	first := distribution.Life(daily)
	second := other.Life(daily)
	assert.NotEqual(t, first.Running, second.Running)
}

func TestDistributionZeroValueCompletesAtOnce(t *testing.T) {
	life := snapshotjobtest.Distribution{}.Life(daily)
	assert.Zero(t, life.Queued)
	assert.Zero(t, life.Running)
}

// A job that is added has files that it asks for, even if it fails.
func TestDistributionFilesOfAddedJobThatFails(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Distribution{Failed: 1}.Life(daily))
	out, err := srv.Client().DescribeDashboardSnapshotJob(t.Context(), daily)
	require.NoError(t, err)
	assert.Equal(t, snapshotjob.SnapshotJobStatusFailed, out.JobStatus)
	assert.Len(t, out.SnapshotConfiguration.FileGroups, 7)
}
