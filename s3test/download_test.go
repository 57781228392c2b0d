package s3test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// download downloads the files of job into a new folder, which must succeed.
func download(
	t *testing.T, client *snapshotjob.Client, optFns ...func(*snapshotjob.DownloadOptions),
) []snapshotjob.DownloadedFile {
	t.Helper()
	files, err := client.Download(t.Context(), job, t.TempDir(), optFns...)
	require.NoError(t, err)
	return files
}

// assertFile asserts that a file was downloaded with the content that was stored,
// and that nothing else is left in its folder.
func assertFile(t *testing.T, file snapshotjob.DownloadedFile, content []byte) {
	t.Helper()
	require.NoError(t, file.Err)
	got, err := os.ReadFile(file.Path)
	require.NoError(t, err)
	// A failure that printed megabytes would help nobody.
	assert.True(t, bytes.Equal(content, got), "%s has other bytes than those that were stored", file.Path)
	assert.Equal(t, int64(len(content)), file.Size)
	hidden, err := filepath.Glob(filepath.Join(filepath.Dir(file.Path), ".*"))
	require.NoError(t, err)
	assert.Empty(t, hidden, "left behind")
}

// oddKey is a key with characters that are escaped in different ways.
const oddKey = "a b/ü+%=&?#'()*!~@:;,$/c.csv"

// objects are the contents of some objects, by their keys.
func objects() map[string][]byte {
	plain := random(100_000)
	return map[string][]byte{
		"plain.csv": plain,
		"empty.csv": {},
		"large.csv": random(20 << 20),
		oddKey:      plain,
	}
}

// partSizes are sizes of parts. 0 stands for the default.
var partSizes = []int64{0, 1 << 20}

// TestDownloadOfObjects downloads objects that the client asks for with its own
// signature.
func TestDownloadOfObjects(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		for key, content := range objects() {
			s.put(key, content)
			testPartSizes(t, s, key, s3URI(key), content)
		}
	})
}

// TestDownloadOfPresignedURLs downloads objects by presigned URLs.
func TestDownloadOfPresignedURLs(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		for key, content := range objects() {
			s.put(key, content)
			testPartSizes(t, s, key, s.presign(key, 0), content)
		}
	})
}

// testPartSizes downloads an object in parts of every size.
func testPartSizes(t *testing.T, s *store, key, uri string, content []byte) {
	t.Helper()
	for _, size := range partSizes {
		t.Run(fmt.Sprintf("%s, parts of %d", key, size), func(t *testing.T) {
			files := download(t, s.client(always(uri)), func(o *snapshotjob.DownloadOptions) {
				o.PartSize = size
			})
			assertFile(t, files[0], content)
		})
	}
}

// tamper changes the signature at the end of a presigned URL.
func tamper(url string) string { return url[:len(url)-4] + "0000" }

// TestDownloadRefused has the servers refuse what they must.
func TestDownloadRefused(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		s.put("plain.csv", random(1000))
		for _, test := range []struct{ name, uri, code string }{
			{name: "no such key", uri: s3URI("missing.csv"), code: "NoSuchKey"},
			{name: "no such bucket", uri: "s3://missing.example/plain.csv", code: "NoSuchBucket"},
			{name: "tampered URL", uri: tamper(s.presign("plain.csv", 0)), code: "SignatureDoesNotMatch"},
		} {
			t.Run(test.name, func(t *testing.T) {
				assertRefused(t, s.client(always(test.uri)), test.code)
			})
		}
	})
}

// TestDownloadWithWrongSecret signs with a secret key that the servers don't know.
func TestDownloadWithWrongSecret(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		s.put("plain.csv", random(1000))
		wrong := static(aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: "wrong"})
		client := s.client(always(s3URI("plain.csv")), func(o *snapshotjob.Options) {
			o.Credentials = wrong
		})
		assertRefused(t, client, "SignatureDoesNotMatch")
	})
}

// assertRefused asserts that a download fails with a code, shows no signature and
// leaves nothing in its folder.
func assertRefused(t *testing.T, client *snapshotjob.Client, code string) {
	t.Helper()
	dir := t.TempDir()
	files, err := client.Download(t.Context(), job, dir)
	var coded interface {
		error
		ErrorCode() string
	}
	require.ErrorAs(t, err, &coded)
	assert.Equal(t, code, coded.ErrorCode())
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, files, files), "X-Amz-Signature=")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestExpiredURLsAreRenewedOnce gives three files with expired URLs: one more call
// brings fresh ones for all of them.
func TestExpiredURLsAreRenewedOnce(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		content := random(1000)
		s.put("plain.csv", content)
		old := s.presign("plain.csv", time.Hour)
		fresh := s.presign("plain.csv", 0)
		a := &api{uris: func(call int) []string {
			if call == 1 {
				return []string{old, old, old}
			}
			return []string{fresh, fresh, fresh}
		}}
		files := download(t, s.client(a))
		assert.Len(t, files, 3)
		for _, file := range files {
			assertFile(t, file, content)
		}
		assert.EqualValues(t, 2, a.calls.Load(), "calls for the result")
	})
}

// TestExpiredURLThatStaysExpired gives a file whose URL is expired in every
// result.
func TestExpiredURLThatStaysExpired(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		s.put("plain.csv", random(1000))
		a := always(s.presign("plain.csv", time.Hour))
		_, err := s.client(a).Download(t.Context(), job, t.TempDir())
		assert.Error(t, err)
		assert.EqualValues(t, 2, a.calls.Load(), "calls for the result")
	})
}

// TestBrokenConnectionIsResumed breaks three connections of a download.
func TestBrokenConnectionIsResumed(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		content := random(1 << 20)
		s.put("plain.csv", content)
		for _, uri := range []string{s3URI("plain.csv"), s.presign("plain.csv", 0)} {
			c := cutFirst(3, 300_000)
			files := download(t, s.client(always(uri), through(c)))
			assertFile(t, files[0], content)
			assert.Equal(t, []string{
				"",
				"bytes=300000-1048575 If-Match",
				"bytes=600000-1048575 If-Match",
				"bytes=900000-1048575 If-Match",
			}, c.requests)
		}
	})
}

// TestChangedObjectStartsAnew changes an object while it is downloaded.
func TestChangedObjectStartsAnew(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		after := random(1 << 20)
		s.put("plain.csv", random(1<<20))
		c := cutFirst(1, 300_000)
		c.broken = func() { s.put("plain.csv", after) }
		files := download(t, s.client(always(s3URI("plain.csv")), through(c)))
		assertFile(t, files[0], after)
		assert.Len(t, c.requests, 3, "the first, the one that finds the change, and one from the beginning")
	})
}

// TestChangedObjectEndsStream changes an object while it is streamed: a stream
// can't start anew.
func TestChangedObjectEndsStream(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		s.put("plain.csv", random(1<<20))
		c := cutFirst(1, 300_000)
		c.broken = func() { s.put("plain.csv", random(1<<20)) }
		client := s.client(always(s3URI("plain.csv")), through(c))
		reader, err := client.Open(t.Context(), firstFile(t, client))
		require.NoError(t, err)
		defer reader.Close()
		_, err = io.Copy(io.Discard, reader)
		assert.ErrorIs(t, err, snapshotjob.ErrFileChanged)
	})
}

// firstFile asks for the result of job, and returns its first file.
func firstFile(t *testing.T, client *snapshotjob.Client) snapshotjob.ResultFile {
	t.Helper()
	result, err := client.DescribeDashboardSnapshotJobResult(t.Context(), job)
	require.NoError(t, err)
	files := slices.Collect(result.Files())
	require.NotEmpty(t, files)
	return files[0]
}

// TestCorruptResponseIsFetchedAgain changes a byte of the first response.
func TestCorruptResponseIsFetchedAgain(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		content := random(100_000)
		s.put("plain.csv", content)
		files := download(t, s.client(always(s3URI("plain.csv")), through(flipFirst(1))))
		assertFile(t, files[0], content)
	})
}

// TestCorruptObjectIsRefused changes a byte of every response.
func TestCorruptObjectIsRefused(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *store) {
		s.put("plain.csv", random(100_000))
		client := s.client(always(s3URI("plain.csv")), through(flipFirst(100)))
		_, err := client.Download(t.Context(), job, t.TempDir())
		assert.ErrorIs(t, err, snapshotjob.ErrChecksum)
	})
}
