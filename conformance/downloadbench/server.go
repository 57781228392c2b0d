package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// runServer serves the object until its standard input ends. It prints its URL.
func runServer() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, http.HandlerFunc(serveObject))
}

func serveObject(w http.ResponseWriter, r *http.Request) {
	content := io.NewSectionReader(object{}, 0, *size<<20)
	w.Header().Set("Etag", `"bench"`)
	http.ServeContent(w, r, "object.bin", time.Unix(1, 0), content)
}

// object is content of any length, which needs no memory: the pattern over and
// over.
type object struct{}

var pattern = bytes.Repeat([]byte("snapshotjob,"), 1<<16)

// ReadAt implements io.ReaderAt.
func (object) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		offset := (at + int64(n)) % int64(len(pattern))
		n += copy(p[n:], pattern[offset:])
	}
	return n, nil
}
