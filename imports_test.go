package snapshotjob

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the library's packages may import themselves, besides the standard
// library and each other.
var allowedImports = []string{
	"github.com/go-json-experiment/json",
	"github.com/go-json-experiment/json/jsontext",
	"github.com/aws/aws-sdk-go-v2/aws",
	"github.com/aws/aws-sdk-go-v2/aws/middleware",
	"github.com/aws/aws-sdk-go-v2/aws/retry",
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4",
	"github.com/aws/aws-sdk-go-v2/aws/transport/http",
	"github.com/aws/smithy-go",
	"github.com/go-json-experiment/json",
	"github.com/aws/smithy-go/encoding/httpbinding",
	"github.com/aws/smithy-go/middleware",
	"github.com/aws/smithy-go/rand",
	"github.com/aws/smithy-go/transport/http",
}

// What they may import through these.
var allowedModules = []string{
	"github.com/aws/aws-sdk-go-v2",
	"github.com/aws/smithy-go",
	"github.com/go-json-experiment/json",
	"github.com/quicksight-go/snapshotjob",
}

func TestImports(t *testing.T) {
	for _, dir := range []string{".", "snapshotjobtest", "batch"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
		if len(files) == 0 && dir != "." {
			continue // not there yet
		}
		imports, modules := allowedImports, allowedModules
		if dir != "." { // both pace requests
			imports, modules = append(slices.Clone(imports), "golang.org/x/time/rate"), append(slices.Clone(modules), "golang.org/x/time")
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				first, _, _ := strings.Cut(path, "/")
				own := path == "github.com/quicksight-go/snapshotjob" || strings.HasPrefix(path, "github.com/quicksight-go/snapshotjob/")
				if strings.Contains(first, ".") && !own && !slices.Contains(imports, path) {
					t.Errorf("%s imports %s, which is not on the list of what the library builds on", name, path)
				}
			}
		}
		for _, module := range modulesOf(t, dir) {
			if !slices.Contains(modules, module) {
				t.Errorf("%s depends on module %s, which is not on the list", dir, module)
			}
		}
	}
}

// modulesOf lists the modules behind a package. It needs no network.
func modulesOf(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./"+dir)
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	return slices.Compact(modules)
}
