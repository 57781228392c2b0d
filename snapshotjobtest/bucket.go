package snapshotjobtest

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// bucket is an S3 bucket: its objects by key.
type bucket map[string]*object

// object is an object in a bucket, or one that will be there when its job ends. Once
// it is in a bucket it never changes: it is replaced by another.
type object struct {
	location location
	modified time.Time
	content  *content
}

// location is where an object is.
type location struct {
	bucket string
	key    string
}

// uri returns the s3:// URI of the location.
func (l location) uri() string {
	return "s3://" + l.bucket + "/" + l.key
}

// ownBucketName returns the name of QuickSight's own bucket. It is made up.
func (s *Server) ownBucketName() string {
	return "quicksight-snapshots-" + s.options.Region
}

// newObjectsLocked makes the files of a job, which are not in S3 yet. It also makes
// the buckets that they will go to, since these exist before the job ends.
func (s *Server) newObjectsLocked(j *job) [][]*object {
	objects := make([][]*object, len(j.life.Files))
	if j.life.finalStatus() != snapshotjob.SnapshotJobStatusCompleted {
		return objects
	}
	for i, file := range j.life.Files {
		if len(file.Errors) == 0 {
			objects[i] = s.newFileLocked(j, i)
		}
	}
	return objects
}

// newFileLocked makes the i-th file of a job for each of the job's destinations, or
// for QuickSight's own bucket if it has none.
func (s *Server) newFileLocked(j *job, i int) []*object {
	s.filesMade++
	content := s.newFileContent(j, i)
	var objects []*object
	for _, l := range s.fileLocations(j, i, s.filesMade) {
		s.ensureBucketLocked(l.bucket)
		objects = append(objects, &object{location: l, content: content})
	}
	return objects
}

// storeFilesLocked puts the files of a job that has ended into S3.
func (s *Server) storeFilesLocked(j *job) {
	for _, copies := range j.objects {
		for _, o := range copies {
			o.modified = j.ends
			s.storeLocked(o)
		}
	}
}

// fileLocations returns where the i-th file of a job goes. In QuickSight's own bucket
// no file takes the place of another one, since the key has the number of the file
// among all files that the server has made.
func (s *Server) fileLocations(j *job, i, number int) []location {
	name := fileName(i, j.life.Files[i])
	destinations := j.configuration.destinations()
	if len(destinations) == 0 {
		return []location{{
			bucket: s.ownBucketName(),
			key:    fmt.Sprintf("%s/%d/%s", j.id, number, name),
		}}
	}
	locations := make([]location, len(destinations))
	for d, destination := range destinations {
		configured := destination.BucketConfiguration
		prefix := strings.Trim(configured.BucketPrefix, "/")
		locations[d] = location{
			bucket: configured.BucketName,
			key:    prefix + "/" + j.id.String() + "/" + name,
		}
	}
	return locations
}

// fileExtensions has the end of a file's name for each format.
var fileExtensions = map[snapshotjob.SnapshotFileFormatType]string{
	snapshotjob.SnapshotFileFormatTypeCSV:   ".csv",
	snapshotjob.SnapshotFileFormatTypeExcel: ".xlsx",
	snapshotjob.SnapshotFileFormatTypePDF:   ".pdf",
}

// fileName returns the name of the i-th file of a job, such as
// 2-summary-orders.csv. It is made up.
func fileName(i int, file File) string {
	parts := []string{strconv.Itoa(i + 1)}
	for _, sheet := range file.Sheets {
		parts = append(parts, sheet.SheetID)
		parts = append(parts, sheet.VisualIDs...)
	}
	return strings.Join(parts, "-") + fileExtensions[file.Format]
}

// defaultFileSize is the size of a generated file in bytes.
const defaultFileSize = 1024

// newFileContent returns what the i-th file of a job holds.
func (s *Server) newFileContent(j *job, i int) *content {
	file := j.life.Files[i]
	if file.Content != nil {
		return bytesContent(file.Content)
	}
	size := cmp.Or(max(file.Size, 0), defaultFileSize)
	hash := hashOf(j.id.AWSAccountID, j.id.DashboardID, j.id.SnapshotJobID, strconv.Itoa(i))
	return generatedContent(file.Format, size, s.options.Seed^hash)
}

// ensureBucketLocked returns the bucket of a name. If there was none, there is one from
// now on.
func (s *Server) ensureBucketLocked(name string) bucket {
	if s.buckets[name] == nil {
		s.buckets[name] = bucket{}
	}
	return s.buckets[name]
}

// storeLocked makes an object exist, in the place of one of the same key.
func (s *Server) storeLocked(o *object) {
	s.ensureBucketLocked(o.location.bucket)[o.location.key] = o
}

// deleteLocked deletes an object, unless another one has taken its place.
func (s *Server) deleteLocked(o *object) {
	objects := s.buckets[o.location.bucket]
	if objects[o.location.key] == o {
		delete(objects, o.location.key)
	}
}

// ReplaceFile changes what a file of a job holds, as if somebody had overwritten
// the object in each of the job's destinations. The ETag and the time of the object
// change too. If the job has not ended, it will leave a file that holds this. The
// index is the file's place in the job, from 0. ReplaceFile panics if there is no such
// file.
func (s *Server) ReplaceFile(id snapshotjob.Job, index int, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.advanceLocked()
	j := s.jobLocked(id)
	if j == nil || !j.hasFile(index) {
		panic(fmt.Sprintf("snapshotjobtest: ReplaceFile: job %s has no file %d", id, index))
	}
	for d, old := range j.objects[index] {
		replacement := &object{
			location: old.location,
			modified: now,
			content:  bytesContent(content),
		}
		j.objects[index][d] = replacement
		if j.hasEndedLocked(now) {
			s.storeLocked(replacement)
		}
	}
}

// hasFile reports whether the job made a file at this place. That never changes, so that
// it needs no mutex.
func (j *job) hasFile(index int) bool {
	return index >= 0 && index < len(j.objects) && j.objects[index] != nil
}
