package snapshotjobtest_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
