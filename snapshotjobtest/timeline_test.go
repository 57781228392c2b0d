package snapshotjobtest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

// span is how long a job is queued and runs, in seconds.
type span struct{ queued, running int }

// life returns the life of a job that completes after the span.
func (s span) life() snapshotjobtest.Life {
	seconds := func(n int) time.Duration {
		return time.Duration(n) * time.Second
	}
	return snapshotjobtest.Completed().After(seconds(s.queued), seconds(s.running))
}

// newTimelineServer returns a server with so many slots, whose jobs have the given spans by their ids.
func newTimelineServer(t *testing.T, slots int, spans map[string]span) *snapshotjobtest.Server {
	t.Helper()
	return snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.MaxRunningJobs = slots
		o.RequestsPerSecond = -1
		o.Life = func(job snapshotjob.Job) snapshotjobtest.Life {
			return spans[job.SnapshotJobID].life()
		}
	})
}

// moment returns the second that a description has as a time, since the bubble's clock began.
func moment(seconds any) float64 {
	return seconds.(float64) - 946684800
}

// describe returns the status of a job, and since when the job has had it: the second of the bubble's clock.
func describe(t *testing.T, srv *snapshotjobtest.Server, id string) string {
	t.Helper()
	description := get(jobsPath+"/"+id).send(t, srv).object(t)
	return fmt.Sprintf("%v since %v", description["JobStatus"], moment(description["LastUpdatedTime"]))
}

// assertDescribed checks what describe returns of each job.
func assertDescribed(t *testing.T, srv *snapshotjobtest.Server, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for id := range want {
		got[id] = describe(t, srv, id)
	}
	assert.Equal(t, want, got)
}

// The 13th job waits until one of the 12 ends.
func TestQueuedJobWaitsForSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, noRateLimit)
		startMany(t, srv, "j", 13)
		for _, step := range []struct {
			after time.Duration
			first string
			last  string
		}{
			{after: 1999 * time.Millisecond, first: "QUEUED since 0", last: "QUEUED since 0"},
			{after: time.Millisecond, first: "RUNNING since 2", last: "QUEUED since 0"},
			{after: 39999 * time.Millisecond, first: "RUNNING since 2", last: "QUEUED since 0"},
			{after: time.Millisecond, first: "COMPLETED since 42", last: "RUNNING since 42"},
			{after: 39999 * time.Millisecond, first: "COMPLETED since 42", last: "RUNNING since 42"},
			{after: time.Millisecond, first: "COMPLETED since 42", last: "COMPLETED since 82"},
		} {
			advanceClock(step.after)
			assertDescribed(t, srv, map[string]string{"j0": step.first, "j12": step.last})
		}
	})
}

// A slot is taken at the moment when it becomes free, also if nobody asks for a long time.
func TestNobodyAsksInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t, noRateLimit)
		startMany(t, srv, "j", 30)
		advanceClock(time.Hour)
		assertDescribed(t, srv, map[string]string{
			"j0":  "COMPLETED since 42",
			"j11": "COMPLETED since 42",
			"j12": "COMPLETED since 82",
			"j23": "COMPLETED since 82",
			"j24": "COMPLETED since 122",
			"j29": "COMPLETED since 122",
		})
	})
}

// The life of a job that waits begins when it was started.
func TestCreatedTimeOfWaitingJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{
			"a": {queued: 1, running: 100},
			"b": {queued: 1},
		})
		startJobs(t, srv, "a", "b")
		advanceClock(time.Hour)
		description := get(jobsPath+"/b").send(t, srv).object(t)
		assert.Zero(t, moment(description["CreatedTime"]))
		assert.EqualValues(t, 101, moment(description["LastUpdatedTime"]))
	})
}

// The time of a counts from its start, but the slot goes to the job that was started first.
func TestWaitingJobsBeginInOrderOfStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{
			"first": {queued: 1, running: 99},
			"a":     {queued: 50, running: 10},
			"b":     {queued: 5, running: 10},
			"c":     {queued: 20, running: 10},
		})
		startJobs(t, srv, "first", "a", "b", "c")
		advanceClock(105 * time.Second)
		assertDescribed(t, srv, map[string]string{
			"first": "COMPLETED since 100",
			"a":     "RUNNING since 100",
			"b":     "QUEUED since 0",
			"c":     "QUEUED since 0",
		})
		advanceClock(10 * time.Second)
		assertDescribed(t, srv, map[string]string{"b": "RUNNING since 110", "c": "QUEUED since 0"})
		advanceClock(10 * time.Second)
		assertDescribed(t, srv, map[string]string{"b": "COMPLETED since 120", "c": "RUNNING since 120"})
	})
}

// A job whose time has not come holds up nobody.
func TestLaterStartMayBeginEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{
			"a": {queued: 10, running: 5},
			"b": {queued: 2, running: 60},
		})
		startJobs(t, srv, "a")
		advanceClock(time.Second)
		startJobs(t, srv, "b")
		advanceClock(59 * time.Second)
		assertDescribed(t, srv, map[string]string{"a": "QUEUED since 0", "b": "RUNNING since 3"})
		advanceClock(3 * time.Second)
		assertDescribed(t, srv, map[string]string{"a": "RUNNING since 63", "b": "COMPLETED since 63"})
	})
}

// A job that is queued forever never takes a slot, and a job that runs forever keeps its slot.
func TestEndlessJobsAndSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 2, map[string]span{
			"queued":  {queued: -1},
			"running": {running: -1},
			"a":       {queued: 1, running: 10},
			"b":       {queued: 1, running: 10},
		})
		startJobs(t, srv, "queued", "running", "a", "b")
		advanceClock(1000 * time.Hour)
		assertDescribed(t, srv, map[string]string{
			"queued":  "QUEUED since 0",
			"running": "RUNNING since 0",
			"a":       "COMPLETED since 11",
			"b":       "COMPLETED since 21",
		})
	})
}

// Jobs that take no time all get the one slot at the same moment.
func TestJobsWithoutDurationShareSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{
			"first": {queued: 1, running: 9},
			"a":     {queued: 1},
			"b":     {queued: 1},
			"c":     {queued: 1, running: 1},
			"d":     {queued: 1},
		})
		startJobs(t, srv, "first", "a", "b", "c", "d")
		advanceClock(time.Hour)
		assertDescribed(t, srv, map[string]string{
			"a": "COMPLETED since 10",
			"b": "COMPLETED since 10",
			"c": "COMPLETED since 11",
			"d": "COMPLETED since 11",
		})
	})
}

// A job that was added runs at its time, whatever runs already. It takes the slot of others, though.
func TestAddedJobNeedsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{
			"a": {queued: 1, running: 9},
			"b": {queued: 1, running: 9},
		})
		startJobs(t, srv, "a", "b")
		srv.AddJob(daily, span{queued: 5, running: 10}.life())
		advanceClock(5 * time.Second)
		assertDescribed(t, srv, map[string]string{"a": "RUNNING since 1", "daily": "RUNNING since 5"})
		advanceClock(10 * time.Second)
		assertDescribed(t, srv, map[string]string{"b": "RUNNING since 15", "daily": "COMPLETED since 15"})
	})
}

func TestAddedJobsCountForLimit(t *testing.T) {
	srv := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) {
		o.MaxRunningJobs = 1
	})
	srv.AddJob(daily, snapshotjobtest.Completed().After(0, -1))
	got := post(jobsPath, goodStart).send(t, srv)
	got.assertError(t, 409, "LimitExceededException")
	srv.AddJob(daily, snapshotjobtest.Completed())
	post(jobsPath, goodStart).send(t, srv).assertOK(t)
}

// A job that is replaced gives its slot away at that moment.
func TestReplacedJobFreesSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{"a": {queued: 1, running: 9}})
		srv.AddJob(daily, snapshotjobtest.Completed().After(time.Second, -1))
		startJobs(t, srv, "a")
		advanceClock(time.Minute)
		assertDescribed(t, srv, map[string]string{"a": "QUEUED since 0"})
		srv.AddJob(daily, snapshotjobtest.Completed().After(-1, 0))
		advanceClock(time.Second)
		assertDescribed(t, srv, map[string]string{"a": "RUNNING since 60", "daily": "QUEUED since 60"})
	})
}

// Each account has slots of its own.
func TestAccountsShareNoSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{"a": {running: 9}})
		other := daily
		other.AWSAccountID = "444455556666"
		srv.AddJob(other, snapshotjobtest.Completed().After(0, -1))
		startJobs(t, srv, "a")
		assertDescribed(t, srv, map[string]string{"a": "RUNNING since 0"})
	})
}

// The id of a job is taken for 24 hours after its actual end.
func TestIDOfJobThatWaitedForSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{
			"a": {queued: 1, running: 3599},
			"b": {queued: 1, running: 3600},
		})
		startJobs(t, srv, "a", "b") // b ends after 2 hours.
		again := post(jobsPath, startOf(pdfGroup).withID("b").json())
		advanceClock(26*time.Hour - time.Second)
		again.send(t, srv).assertError(t, 409, "ResourceExistsException")
		advanceClock(time.Second)
		again.send(t, srv).assertOK(t)
	})
}

// The files of a job that waited for a slot are there from its actual end on.
func TestFileOfJobThatWaitedForSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newTimelineServer(t, 1, map[string]span{
			"a":      {queued: 1, running: 59},
			"weekly": {queued: 1, running: 60},
		})
		startJobs(t, srv, "a")
		start := startOf(pdfGroup).withID("weekly").with(destinationsOf(bucketOf("b", "p", "us-east-1")))
		post(jobsPath, start.json()).send(t, srv).assertOK(t)
		file := getObject("https://b.s3.us-east-1.amazonaws.com" + weeklyKey)
		advanceClock(2*time.Minute - time.Second)
		file.send(t, srv).assertS3Error(t, 404, "NoSuchKey")
		advanceClock(time.Hour)
		got := file.send(t, srv)
		got.assertOK(t)
		assert.Equal(t, "Sat, 01 Jan 2000 00:02:00 GMT", got.header.Get("Last-Modified"))
	})
}

// The file of a job that is under way can be replaced, which its end doesn't undo.
func TestReplaceFileBeforeEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, inReports(completedCSV("old")).After(0, time.Minute))
		srv.ReplaceFile(daily, 0, []byte("new"))
		file := getObject(reportsURL + "/p/111122223333/sales/daily/1-s-v.csv")
		file.send(t, srv).assertS3Error(t, 404, "NoSuchKey")
		advanceClock(time.Minute)
		got := file.send(t, srv)
		assert.Equal(t, "new", got.body)
		assert.Equal(t, "Sat, 01 Jan 2000 00:01:00 GMT", got.header.Get("Last-Modified"))
	})
}

// Work that is done late is done by the clock of that time.
func TestStalledStartBeginsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := snapshotjobtest.NewTestServer(t)
		srv.Fail(snapshotjobtest.StartDashboardSnapshotJob, snapshotjobtest.Stall(time.Minute))
		startJobs(t, srv, "a")
		assertDescribed(t, srv, map[string]string{"a": "QUEUED since 60"})
	})
}

// A bubble's clock begins in the year 2000, which is before everything outside of it.
func TestJobFromOutsideOfBubbleStaysQueued(t *testing.T) {
	srv := newDailyServer(t, snapshotjobtest.Completed())
	get(dailyResultPath).send(t, srv).assertOK(t)
	synctest.Test(t, func(t *testing.T) {
		description := get(dailyPath).send(t, srv).object(t)
		assert.Equal(t, "QUEUED", description["JobStatus"])
	})
}

// plannedJob is a job of a simulation.
type plannedJob struct {
	id    string
	span  span
	start int // the second of its start

	// Seconds that the simulation finds out; -1 for what has not happened.
	created int // -1 too if the start was refused
	begun   int
	ended   int
}

// planJobs draws some jobs, in the order of their starts.
func planJobs(random *rand.Rand) []*plannedJob {
	var jobs []*plannedJob
	start := 0
	for i := range 10 {
		start += random.IntN(5)
		jobs = append(jobs, &plannedJob{
			id:      fmt.Sprint("j", i),
			span:    span{queued: random.IntN(12), running: random.IntN(12)},
			start:   start,
			created: -1,
			begun:   -1,
			ended:   -1,
		})
	}
	return jobs
}

// isRunning reports whether the job runs, as far as the simulation has come.
func (j *plannedJob) isRunning() bool {
	return j.begun >= 0 && j.ended < 0
}

// isReady reports whether the job waits for nothing but a slot.
func (j *plannedJob) isReady(second int) bool {
	return j.created >= 0 && j.begun < 0 && j.created+j.span.queued <= second
}

// simulation knows what becomes of jobs. Unlike the server it looks at all jobs again and again, until
// nothing changes any more.
type simulation struct {
	slots int
	jobs  []*plannedJob
}

// countRunning returns how many jobs run.
func (s *simulation) countRunning() int {
	n := 0
	for _, j := range s.jobs {
		if j.isRunning() {
			n++
		}
	}
	return n
}

// settle ends the jobs that end in a second, and lets those begin that can.
func (s *simulation) settle(second int) {
	for {
		for _, j := range s.jobs {
			if j.isRunning() && j.begun+j.span.running <= second {
				j.ended = second
			}
		}
		ready := slices.IndexFunc(s.jobs, func(j *plannedJob) bool {
			return j.isReady(second)
		})
		if ready < 0 || s.countRunning() >= s.slots {
			return
		}
		s.jobs[ready].begun = second
	}
}

// start starts a job, unless all slots are taken. It returns the status of the response.
func (s *simulation) start(j *plannedJob, second int) int {
	s.settle(second)
	if s.countRunning() >= s.slots {
		return 409
	}
	j.created = second
	s.settle(second)
	return 200
}

// describe returns what a description of the job says.
func (j *plannedJob) describe() string {
	switch {
	case j.ended >= 0:
		return fmt.Sprint("COMPLETED since ", j.ended)
	case j.begun >= 0:
		return fmt.Sprint("RUNNING since ", j.begun)
	}
	return fmt.Sprint("QUEUED since ", j.created)
}

// The server agrees with the simulation, whether it is asked in every second or only in some.
func TestTimelineAgreesWithSimulation(t *testing.T) {
	for seed := range uint64(30) {
		runInBubble(t, fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			model := &simulation{
				slots: 1 + random.IntN(3),
				jobs:  planJobs(random),
			}
			askedEvery := 1 + random.IntN(20)
			model.follow(t, askedEvery)
		})
	}
}

// follow starts the jobs at a server as planned, and checks from time to time what it says of them.
func (s *simulation) follow(t *testing.T, askedEvery int) {
	t.Helper()
	spans := map[string]span{}
	for _, j := range s.jobs {
		spans[j.id] = j.span
	}
	srv := newTimelineServer(t, s.slots, spans)
	for second := range 150 {
		for _, j := range s.jobs {
			if j.start == second {
				start := startOf(pdfGroup).withID(j.id)
				got := post(jobsPath, start.json()).send(t, srv)
				got.assertStatus(t, s.start(j, second))
			}
		}
		s.settle(second)
		if second%askedEvery == 0 {
			s.compare(t, srv, second)
		}
		advanceClock(time.Second)
	}
}

// compare checks what the server says of each job that was started.
func (s *simulation) compare(t *testing.T, srv *snapshotjobtest.Server, second int) {
	t.Helper()
	for _, j := range s.jobs {
		if j.created >= 0 {
			assert.Equal(t, j.describe(), describe(t, srv, j.id), "%s at %d", j.id, second)
		}
	}
}
