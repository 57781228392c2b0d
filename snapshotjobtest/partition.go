package snapshotjobtest

import (
	"fmt"
	"strings"

	"github.com/quicksight-go/snapshotjob"
)

// partitions by the beginning of their regions' names (AWS partition data); all
// other regions are those of "aws".
var partitions = []struct{ prefix, name, suffix string }{
	{"cn-", "aws-cn", "amazonaws.com.cn"},
	{"us-gov-", "aws-us-gov", "amazonaws.com"},
	{"us-isob-", "aws-iso-b", "sc2s.sgov.gov"},
	{"us-isof-", "aws-iso-f", "csp.hci.ic.gov"},
	{"us-iso-", "aws-iso", "c2s.ic.gov"},
	{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"},
	{"eusc-", "aws-eusc", "amazonaws.eu"},
	{"", "aws", "amazonaws.com"},
}

func (s *Server) partition() (name, suffix string) {
	for _, p := range partitions {
		if strings.HasPrefix(s.options.Region, p.prefix) {
			return p.name, p.suffix
		}
	}
	panic("unreachable: every region has the empty prefix")
}

func (s *Server) arn(id snapshotjob.Job) string {
	partition, _ := s.partition()
	return fmt.Sprintf("arn:%s:quicksight:%s:%s:dashboard/%s/snapshot-job/%s",
		partition, s.options.Region, id.AWSAccountID, id.DashboardID, id.SnapshotJobID)
}
