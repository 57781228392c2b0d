package snapshotjobtest

import (
	"fmt"
	"strings"

	"github.com/quicksight-go/snapshotjob"
)

// partition is one of the separate parts of AWS.
type partition struct {
	regionPrefix string // what the names of its regions begin with
	name         string // as ARNs have it
	suffix       string // of host names
}

// partitions are those of AWS's partition data. The last one has all regions that
// the others don't.
var partitions = []partition{
	{regionPrefix: "cn-", name: "aws-cn", suffix: "amazonaws.com.cn"},
	{regionPrefix: "us-gov-", name: "aws-us-gov", suffix: "amazonaws.com"},
	{regionPrefix: "us-isob-", name: "aws-iso-b", suffix: "sc2s.sgov.gov"},
	{regionPrefix: "us-isof-", name: "aws-iso-f", suffix: "csp.hci.ic.gov"},
	{regionPrefix: "us-iso-", name: "aws-iso", suffix: "c2s.ic.gov"},
	{regionPrefix: "eu-isoe-", name: "aws-iso-e", suffix: "cloud.adc-e.uk"},
	{regionPrefix: "eusc-", name: "aws-eusc", suffix: "amazonaws.eu"},
	{regionPrefix: "", name: "aws", suffix: "amazonaws.com"},
}

// partition returns the partition of the server's region.
func (s *Server) partition() partition {
	for _, p := range partitions {
		if strings.HasPrefix(s.options.Region, p.regionPrefix) {
			return p
		}
	}
	panic("unreachable: every region has the empty prefix")
}

// arn returns the ARN of a job.
func (s *Server) arn(id snapshotjob.Job) string {
	return fmt.Sprintf("arn:%s:quicksight:%s:%s:dashboard/%s/snapshot-job/%s",
		s.partition().name, s.options.Region, id.AWSAccountID, id.DashboardID, id.SnapshotJobID)
}
