package snapshotjob

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseContentRange(t *testing.T) {
	const most = 1<<63 - 1
	for text, want := range map[string]contentRange{
		"bytes 0-9/10":  {first: 0, end: 10, size: 10},
		"bytes 4-9/10":  {first: 4, end: 10, size: 10},
		"bytes 4-4/100": {first: 4, end: 5, size: 100},
		"bytes 9223372036854775806-9223372036854775806/9223372036854775807": {
			first: most - 1,
			end:   most,
			size:  most,
		},
	} {
		got, ok := parseContentRange(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
}

func TestParseContentRangeThatIsNone(t *testing.T) {
	for _, text := range []string{
		"",
		"bytes */10",
		"bytes 4-9/*",
		"bytes 10-9/10",
		"bytes 0-10/10",
		"bytes -1-9/10",
		"bytes +4-9/10",
		"bytes 4/10",
		"bytes 4-9",
		"items 4-9/10",
		"bytes 4-9/x",
		"bytes 4-9/-1",
		"bytes 99999999999999999999-9/10",
		"bytes 9223372036854775807-9223372036854775807/9223372036854775807",
	} {
		_, ok := parseContentRange(text)
		assert.False(t, ok, text)
	}
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 4-9/10")
	f.Add("bytes 4-9/*")
	f.Add("bytes +4-/+5")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseContentRange(text)
		if !ok {
			return
		}
		if got.first < 0 || got.end <= got.first || got.size < got.end {
			t.Errorf("%q: got %+v", text, got)
		}
		if !strings.Contains(text, strconv.FormatInt(got.size, 10)) {
			t.Errorf("%q: got %+v", text, got)
		}
	})
}

func TestChecksumOfTheWholeFileIsNotThatOfAPart(t *testing.T) {
	const content = "0123456789"
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(content)))
	o := options(responses(completed))
	o.DownloadTransport = transportFunc(func(req *http.Request) (*http.Response, error) {
		response := mockResponse{status: 200, body: content, header: map[string]string{
			"Etag":                 `"1"`,
			"X-Amz-Checksum-Crc32": base64.StdEncoding.EncodeToString(sum),
		}}
		var first, last int
		if n, _ := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-%d", &first, &last); n == 2 {
			response.status = 206
			response.body = content[first : last+1]
			response.header["Content-Range"] = fmt.Sprintf("bytes %d-%d/%d", first, last, len(content))
		}
		return response.response()
	})
	result := resultCSV(resultMade("https://example.com/file.csv"))
	_, err := New(o).Download(t.Context(), exampleJob, t.TempDir(), func(o *DownloadOptions) {
		o.Result = result
		o.PartSize = 4
		o.MaxAttempts = 1
	})
	assert.NoError(t, err)
}
