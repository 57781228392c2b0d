package snapshotjobtest_test

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

func TestPresignedURL(t *testing.T) {
	srv := newDailyServer(t, completedPDF())
	uri := dailyURI(t, srv)
	assert.GreaterOrEqual(t, len(uri), 1000, "real URLs have about 1,500 bytes")
	assert.LessOrEqual(t, len(uri), 2000, "real URLs have about 1,500 bytes")
	u, err := url.Parse(uri)
	require.NoError(t, err)
	assert.Equal(t, "https", u.Scheme)
	assert.Regexp(t, `\.s3\.us-east-1\.amazonaws\.com$`, u.Host)
	for _, name := range []string{
		"X-Amz-Algorithm",
		"X-Amz-Credential",
		"X-Amz-Date",
		"X-Amz-Expires",
		"X-Amz-Security-Token",
		"X-Amz-Signature",
		"X-Amz-SignedHeaders",
	} {
		assert.NotEmpty(t, u.Query().Get(name), name)
	}
}

func TestEachResultHasItsOwnURLs(t *testing.T) {
	srv := newDailyServer(t, completedPDF())
	first := dailyURI(t, srv)
	second := dailyURI(t, srv)
	assert.NotEqual(t, first, second)
}

// A URL is signed when the result is told, which may be long after the request arrived.
func TestURLOfStalledResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newDailyServer(t, completedPDF())
		stall := snapshotjobtest.Stall(6 * time.Minute)
		srv.Fail(snapshotjobtest.DescribeDashboardSnapshotJobResult, stall)
		fetchDaily(t, srv).assertOK(t)
	})
}

func TestURLLifetimeThatS3RefusesPanics(t *testing.T) {
	const week = 7 * 24 * time.Hour
	for _, lifetime := range []time.Duration{-1, week + 1} {
		assert.Panics(t, func() {
			snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) {
				o.URLLifetime = lifetime
			})
		}, "%s", lifetime)
	}
}

func TestLongestURLLifetime(t *testing.T) {
	srv := newDailyServer(t, completedPDF(), func(o *snapshotjobtest.Options) {
		o.URLLifetime = 7 * 24 * time.Hour
	})
	fetchDaily(t, srv).assertOK(t)
}
