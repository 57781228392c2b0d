package snapshotjobtest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRange(t *testing.T) {
	for _, tt := range []struct {
		asked        string
		body         string
		contentRange string
	}{
		{asked: "bytes=2-4", body: "234", contentRange: "bytes 2-4/10"},
		{asked: "bytes=7-", body: "789", contentRange: "bytes 7-9/10"},
		{asked: "bytes=-2", body: "89", contentRange: "bytes 8-9/10"},
		{asked: "bytes=7-99", body: "789", contentRange: "bytes 7-9/10"},
	} {
		t.Run(tt.asked, func(t *testing.T) {
			got := fetchDigits(t, setHeader("Range", tt.asked))
			got.assertStatus(t, http.StatusPartialContent)
			assert.Equal(t, tt.body, got.body)
			got.assertContentRange(t, tt.contentRange)
		})
	}
}

func TestRangeBeyondFile(t *testing.T) {
	for name, asked := range map[string]string{
		"beyond the end": "bytes=10-",
		"no last bytes":  "bytes=-0",
	} {
		t.Run(name, func(t *testing.T) {
			got := fetchDigits(t, setHeader("Range", asked))
			got.assertS3Error(t, 416, "InvalidRange")
			got.assertContentRange(t, "bytes */10")
		})
	}
}

// S3 sends the whole file for a range that it does not understand, and also for several.
func TestRangeIsIgnored(t *testing.T) {
	for name, asked := range map[string]string{
		"several ranges":       "bytes=0-1,3-4",
		"no numbers":           "bytes=a-b",
		"end before the begin": "bytes=4-2",
		"lines, and not bytes": "lines=1-2",
		"sign of the begin":    "bytes=+1-2",
		"sign of the end":      "bytes=1-+2",
		"sign of a length":     "bytes=-+2",
	} {
		t.Run(name, func(t *testing.T) {
			got := fetchDigits(t, setHeader("Range", asked))
			got.assertDigits(t)
		})
	}
}
