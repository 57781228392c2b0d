package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// vendor counts what consumers without package config vendor.
func vendor() ([]row, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var files, size, own [2]float64
	for i, client := range clients {
		folder, err := program{client, false}.write(dir)
		if err != nil {
			return nil, err
		}
		if _, err := goTool(folder, "mod", "vendor"); err != nil {
			return nil, err
		}
		modules := filepath.Join(folder, "vendor")
		err = filepath.WalkDir(modules, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			files[i]++
			size[i] += float64(info.Size())
			for _, module := range []string{"github.com/quicksight-go/snapshotjob", "github.com/aws/aws-sdk-go-v2/service/quicksight"} {
				if strings.HasPrefix(path, filepath.Join(modules, filepath.FromSlash(module))+string(filepath.Separator)) {
					own[i] += float64(info.Size())
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return []row{
		{name: "Vendored files", official: files[0], ours: files[1], format: count},
		{name: "Vendored bytes", official: size[0], ours: size[1], format: kilobytes},
		{name: "Vendored bytes of the client's own module", official: own[0], ours: own[1], format: kilobytes},
	}, nil
}
