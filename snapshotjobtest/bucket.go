package snapshotjobtest

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// object is a file in a bucket.
type object struct {
	bucket, key string
	exists      time.Time // since when
	modified    time.Time
	*content
}

// bucket is QuickSight's own; its name is made up.
func (s *Server) bucket() string { return "quicksight-snapshots-" + s.options.Region }

// put makes the i-th file of a job an object of each destination, or else of the
// service's own bucket, from the end of the job on. It needs the mutex.
func (s *Server) put(j *job, i int) (objects []*object) {
	s.objects++
	file := j.life.Files[i]
	name := strconv.Itoa(i + 1)
	for _, sheet := range file.Sheets {
		name += "-" + strings.Join(append([]string{sheet.SheetID}, sheet.VisualIDs...), "-")
	}
	name += map[snapshotjob.SnapshotFileFormatType]string{"CSV": ".csv", "EXCEL": ".xlsx", "PDF": ".pdf"}[file.Format]
	o := object{bucket: s.bucket(), key: fmt.Sprintf("%s/%d/%s", j.Job, s.objects, name), exists: j.ends(), modified: j.ends()}
	if file.Content != nil {
		o.content = bytesContent(file.Content)
	} else {
		h := fnv.New64a()
		fmt.Fprint(h, j.Job, i)
		o.content = generatedContent(file.Format, or(max(0, file.Size), 1024), s.options.Seed^h.Sum64())
	}
	for _, d := range j.configuration.destinations() {
		at := o
		at.bucket, at.key = d.BucketConfiguration.BucketName, strings.Trim(d.BucketConfiguration.BucketPrefix, "/")+"/"+j.Job.String()+"/"+name
		objects = append(objects, &at)
	}
	if objects == nil {
		objects = []*object{&o}
	}
	for _, o := range objects {
		s.store(o)
	}
	return objects
}

// store makes an object exist, in the place of one of the same key. It needs the
// mutex.
func (s *Server) store(o *object) {
	if s.buckets[o.bucket] == nil {
		s.buckets[o.bucket] = map[string]*object{}
	}
	s.buckets[o.bucket][o.key] = o
}

// ReplaceFile changes what a job's file holds, as if somebody had overwritten
// the object, in each of its destinations: its ETag and its time change too. The index is the file's place in
// the job, from 0; it panics if there is no such file.
func (s *Server) ReplaceFile(id snapshotjob.Job, index int, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var j *job
	if a := s.accounts[id.AWSAccountID]; a != nil {
		j = a.jobs[id]
	}
	if j == nil || index < 0 || index >= len(j.objects) || j.objects[index] == nil {
		panic(fmt.Sprintf("snapshotjobtest: ReplaceFile: job %s has no file %d", id, index))
	}
	for i, o := range j.objects[index] {
		changed := &object{o.bucket, o.key, o.exists, time.Now().Add(s.options.ClockSkew), bytesContent(content)}
		j.objects[index][i] = changed
		s.store(changed)
	}
}
