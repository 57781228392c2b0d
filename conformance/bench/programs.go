package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The modules that a consumer's program may need.
const (
	sdkModule      = "github.com/aws/aws-sdk-go-v2"
	configModule   = "github.com/aws/aws-sdk-go-v2/config"
	officialModule = "github.com/aws/aws-sdk-go-v2/service/quicksight"
	ourModule      = "github.com/quicksight-go/snapshotjob"
)

// sources are the programs of consumers. They are no Go files for this module's
// go command, since each of them becomes a module of its own.
//
//go:embed programs
var sources embed.FS

// program is a consumer's program. With a client, it asks for the result of one
// job and prints the job's status.
type program struct {
	client     string // one of clients, or baseline
	withConfig bool   // whether package config loads the settings and credentials
}

// baseline stands for a program without a client: it serves and calls over HTTP,
// as any backend does.
const baseline = "baseline"

// name is the name of the program's source and of its folder.
func (p program) name() string {
	if p.withConfig {
		return p.client + "_config"
	}
	return p.client
}

// requirements are the modules that the program needs.
func (p program) requirements() []string {
	var modules []string
	switch p.client {
	case baseline:
		return nil
	case ours:
		modules = append(modules, ourModule)
	case official:
		modules = append(modules, officialModule)
	}
	modules = append(modules, sdkModule)
	if p.withConfig {
		modules = append(modules, configModule)
	}
	return modules
}

// write makes the program's module in a new folder below dir, and returns the
// folder. The versions are those that this module builds with.
func (p program) write(dir string) (string, error) {
	source, err := sources.ReadFile("programs/" + p.name() + ".go.txt")
	if err != nil {
		return "", err
	}
	mod, err := p.goMod()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(dir, p.name())
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(folder, "main.go"), source, 0o666); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte(mod), 0o666); err != nil {
		return "", err
	}
	_, err = goInConsumer(folder, "mod", "tidy")
	return folder, err
}

// goMod returns the text of the program's go.mod.
func (p program) goMod() (string, error) {
	var mod strings.Builder
	mod.WriteString("module example.com/consumer\n\ngo 1.26.0\n")
	for _, module := range p.requirements() {
		if module == ourModule {
			root, err := goHere("list", "-mod=readonly", "-m", "-f", "{{.Dir}}", ourModule)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&mod, "\nrequire %s v0.0.0\n\nreplace %s => %s\n", ourModule, ourModule, root)
			continue
		}
		version, err := goHere("list", "-mod=readonly", "-m", "-f", "{{.Version}}", module)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&mod, "\nrequire %s %s\n", module, version)
	}
	return mod.String(), nil
}

// consumersGo returns the version of the Go that builds consumers' programs.
func consumersGo() (string, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	folder, err := program{client: baseline}.write(dir)
	if err != nil {
		return "", err
	}
	return goInConsumer(folder, "env", "GOVERSION")
}

// goHere runs the go command in the current folder, which belongs to this module.
func goHere(args ...string) (string, error) {
	return output(exec.Command("go", args...))
}

// goInConsumer runs the go command in a consumer's module. It knows nothing of any
// workspace, and may complete go.mod and go.sum.
func goInConsumer(folder string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	return output(cmd)
}

// output runs a command and returns its output, without the space around it. An
// error tells what the command wrote to its standard error.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%s: %w: %s", cmd, err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
