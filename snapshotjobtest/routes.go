package snapshotjobtest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/quicksight-go/snapshotjob"
)

// Operation names what a request asks for.
type Operation string

// The operations of the API, and the one of S3 that fetches files.
const (
	StartDashboardSnapshotJob          Operation = "StartDashboardSnapshotJob"
	DescribeDashboardSnapshotJob       Operation = "DescribeDashboardSnapshotJob"
	DescribeDashboardSnapshotJobResult Operation = "DescribeDashboardSnapshotJobResult"
	StartDashboardSnapshotJobSchedule  Operation = "StartDashboardSnapshotJobSchedule"
	GetObject                          Operation = "GetObject"
)

// route tells which operation a path is, and "" for none. It takes the escaped
// path, so that a %2F belongs to its id. Of a schedule, the id stands in the
// place of the job's.
func route(method, escapedPath string) (Operation, snapshotjob.Job) {
	part := strings.Split(escapedPath, "/")
	for i := range part {
		raw, err := url.PathUnescape(part[i])
		if err != nil {
			return "", snapshotjob.Job{}
		}
		part[i] = raw
	}
	// "" accounts {id} dashboards {id} snapshot-jobs {id} result
	if len(part) < 6 || part[0] != "" || part[1] != "accounts" || part[3] != "dashboards" {
		return "", snapshotjob.Job{}
	}
	job := snapshotjob.Job{AWSAccountID: part[2], DashboardID: part[4]}
	kind := method + " " + part[5]
	if len(part) > 6 {
		job.SnapshotJobID = part[6]
		kind += "/{id}"
	}
	if len(part) > 7 {
		kind += "/" + strings.Join(part[7:], "/")
	}
	// Service model: the http trait of each operation.
	switch kind {
	case "POST snapshot-jobs":
		return StartDashboardSnapshotJob, job
	case "GET snapshot-jobs/{id}":
		return DescribeDashboardSnapshotJob, job
	case "GET snapshot-jobs/{id}/result":
		return DescribeDashboardSnapshotJobResult, job
	case "POST schedules/{id}":
		return StartDashboardSnapshotJobSchedule, job
	}
	return "", snapshotjob.Job{}
}

// isS3 reports whether a request is for S3: by its host, by the service that it
// was signed for, because it is presigned, which no API request is, or because
// its path begins with a bucket, and is none of the API's.
func (s *Server) isS3(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if s3Host.MatchString(r.Host) || strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request") ||
		strings.Contains(r.URL.RawQuery, "X-Amz-Signature=") {
		return true
	}
	if op, _ := route(r.Method, r.URL.EscapedPath()); op != "" {
		return false
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buckets[bucket] != nil
}
