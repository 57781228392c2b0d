package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// vendor counts what consumers without package config vendor.
func vendor() ([]row, error) {
	files := samples{}
	size := samples{}
	own := samples{}
	for _, client := range clients {
		v, err := vendorOnce(client)
		if err != nil {
			return nil, err
		}
		files.add(client, v.files)
		size.add(client, v.size)
		own.add(client, v.own)
	}
	return []row{
		files.row("Vendored files", count),
		size.row("Vendored bytes", kilobytes),
		own.row("Vendored bytes of the client's own module", kilobytes),
	}, nil
}

// vendored is what "go mod vendor" copied.
type vendored struct {
	files float64
	size  float64 // bytes
	own   float64 // of them, the bytes of the client's own module
}

// vendorOnce vendors the modules of a client's program.
func vendorOnce(client string) (vendored, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return vendored{}, err
	}
	defer os.RemoveAll(dir)
	folder, err := program{client: client}.write(dir)
	if err != nil {
		return vendored{}, err
	}
	if _, err := goInConsumer(folder, "mod", "vendor"); err != nil {
		return vendored{}, err
	}
	return countVendored(filepath.Join(folder, "vendor"))
}

// countVendored counts the files below a vendor folder.
func countVendored(root string) (vendored, error) {
	var v vendored
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		size := float64(info.Size())
		v.files++
		v.size += size
		if isBelow(path, root, officialModule) || isBelow(path, root, ourModule) {
			v.own += size
		}
		return nil
	})
	return v, err
}

// isBelow reports whether a path is inside a module of a vendor folder.
func isBelow(path, root, module string) bool {
	folder := filepath.Join(root, filepath.FromSlash(module))
	return strings.HasPrefix(path, folder+string(filepath.Separator))
}
