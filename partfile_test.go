package snapshotjob

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// Linux has a device that is a full disk, and one that takes all and can't sync.
func TestWriteReportsTheDisk(t *testing.T) {
	const early = 16 << 20 // is synced before the end
	for _, tt := range []struct {
		device    string
		size      int64
		operation string // that fails; "": none
	}{
		{"/dev/full", 10, "write"},
		{"/dev/null", early - 1, ""},
		{"/dev/null", 3 * early, "sync"},
	} {
		t.Run(fmt.Sprint(tt.device, tt.size), func(t *testing.T) {
			device, err := os.OpenFile(tt.device, os.O_WRONLY, 0)
			if err != nil {
				t.Skip(err)
			}
			defer device.Close()
			if tt.operation == "sync" && device.Sync() == nil {
				t.Skip("here it can sync")
			}
			client := New(Options{Region: "us-east-1", DownloadTransport: zeros(tt.size)})
			d, _ := client.download(t.Context(), nil)
			n, err := d.write(t.Context(), ResultFile{URI: "https://host/key"}, device, "name")
			path, failed := errors.AsType[*os.PathError](err)
			switch {
			case failed != (tt.operation != "") || failed && path.Op != tt.operation:
				t.Errorf("write = %d, %v, want a failure of %q", n, err, tt.operation)
			case !failed && (err != nil || n != tt.size):
				t.Errorf("write = %d, %v, want all %d bytes", n, err, tt.size)
			case tt.operation == "sync" && n < early:
				t.Errorf("write = %d, %v, want at least %d bytes first", n, err, early)
			}
		})
	}
}

// zeros is a server of as many.
type zeros int64

func (z zeros) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: int64(z), Body: io.NopCloser(io.LimitReader(z, int64(z)))}, nil
}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestPublishWithoutItsFile(t *testing.T) {
	dir := t.TempDir()
	if name, err := publish(filepath.Join(dir, "gone"), filepath.Join(dir, "name")); !errors.Is(err, os.ErrNotExist) || name != "" {
		t.Errorf("publish = %q, %v, want that there is no such file", name, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left: %v, want nothing", left)
	}
}
