// Moduleproxy publishes modules of this repository in a module proxy that is a folder. What
// is published is what is committed, as the go command would fetch it from a tag:
//
//	go run ./moduleproxy -repository .. -version v0.1.0 -proxy DIR . cmd/snapshotjob
//
// GOPROXY=file://DIR installs from there. All modules of a release have one version, so that
// each of them has to require the others at that version, and must not replace any module.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("moduleproxy: ")
	var r release
	flag.StringVar(&r.repository, "repository", ".", "`folder` of the repository")
	flag.StringVar(&r.version, "version", "", "`version` to publish")
	flag.StringVar(&r.proxy, "proxy", "", "`folder` of the proxy")
	flag.Parse()
	if r.version == "" || r.proxy == "" || flag.NArg() == 0 {
		log.Fatal("want -version, -proxy, and the folders of modules")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := r.publish(ctx, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

// release is what to publish, and where.
type release struct {
	repository string
	version    string
	proxy      string
}

// committedModule is a module as it is committed.
type committedModule struct {
	folder  string // in the repository, with slashes; "." is the repository's own
	content []byte // of go.mod
	file    *modfile.File
}

// publish publishes the modules in the folders.
func (r *release) publish(ctx context.Context, folders []string) error {
	var modules []committedModule
	for _, folder := range folders {
		m, err := r.read(ctx, folder)
		if err != nil {
			return err
		}
		modules = append(modules, m)
	}
	for _, m := range modules {
		if err := r.check(m, modules); err != nil {
			return err
		}
		if err := r.write(ctx, m); err != nil {
			return fmt.Errorf("publishing %s: %w", m.folder, err)
		}
	}
	return nil
}

// read reads the go.mod of the module in a folder.
func (r *release) read(ctx context.Context, folder string) (committedModule, error) {
	name := path.Join(folder, "go.mod")
	content, err := r.git(ctx, "show", "HEAD:"+name)
	if err != nil {
		return committedModule{}, err
	}
	file, err := modfile.Parse(name, content, nil)
	if err != nil {
		return committedModule{}, err
	}
	return committedModule{
		folder:  folder,
		content: content,
		file:    file,
	}, nil
}

// check checks that users can install a module, which is one of those to publish.
func (r *release) check(m committedModule, modules []committedModule) error {
	if len(m.file.Replace) > 0 {
		return fmt.Errorf("%s/go.mod has a replace directive, with which go install refuses the module", m.folder)
	}
	for _, required := range m.file.Require {
		for _, other := range modules {
			if required.Mod.Path == other.file.Module.Mod.Path && required.Mod.Version != r.version {
				return fmt.Errorf("%s/go.mod requires %s: want %s, as all modules of a release have one version",
					m.folder, required.Mod, r.version)
			}
		}
	}
	return nil
}

// write writes the files of the proxy that are about a module.
func (r *release) write(ctx context.Context, m committedModule) error {
	modulePath := m.file.Module.Mod.Path
	escaped, err := module.EscapePath(modulePath)
	if err != nil {
		return err
	}
	folder := filepath.Join(r.proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	committed, err := r.git(ctx, "log", "-1", "--format=%cI")
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := r.pack(&archive, m); err != nil {
		return err
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":%q}`, r.version, strings.TrimSpace(string(committed)))
	for name, content := range map[string][]byte{
		"list":              []byte(r.version + "\n"),
		r.version + ".info": []byte(info),
		r.version + ".mod":  m.content,
		r.version + ".zip":  archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pack writes the module's archive. It has none of the files of the modules in its folders.
func (r *release) pack(archive *bytes.Buffer, m committedModule) error {
	version := module.Version{
		Path:    m.file.Module.Mod.Path,
		Version: r.version,
	}
	subfolder := m.folder
	if subfolder == "." {
		subfolder = ""
	}
	return zip.CreateFromVCS(archive, version, r.repository, "HEAD", subfolder)
}

// git returns what a git command prints. No command here takes long.
func (r *release) git(ctx context.Context, arguments ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "git", arguments...) //nolint:gosec // They are this program's.
	command.Dir = r.repository
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", strings.Join(arguments, " "), err)
	}
	return output, nil
}
