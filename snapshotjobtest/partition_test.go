package snapshotjobtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestPartitionFollowsRegion(t *testing.T) {
	srv := newDailyServer(t, completedPDF(), func(o *snapshotjobtest.Options) {
		o.Region = "cn-north-1"
	})
	url := "https://quicksight.cn-north-1.amazonaws.com.cn" + dailyResultPath
	got := get(url).forRegion("cn-north-1").send(t, srv)
	const arn = "arn:aws-cn:quicksight:cn-north-1:111122223333:dashboard/sales/snapshot-job/daily"
	assert.Equal(t, arn, got.object(t)["Arn"])
	assert.Contains(t, got.uris(t)[0], ".s3.cn-north-1.amazonaws.com.cn/")
}
