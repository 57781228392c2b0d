package snapshotjob

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// modulePath is the path of this module and of its root package.
const modulePath = "github.com/quicksight-go/snapshotjob"

// allowedImports are the packages that the library's own packages may import, besides the standard
// library and each other.
var allowedImports = []string{
	"github.com/aws/aws-sdk-go-v2/aws",
	"github.com/aws/aws-sdk-go-v2/aws/middleware",
	"github.com/aws/aws-sdk-go-v2/aws/retry",
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4",
	"github.com/aws/aws-sdk-go-v2/aws/transport/http",
	"github.com/aws/smithy-go",
	"github.com/aws/smithy-go/encoding/httpbinding",
	"github.com/aws/smithy-go/middleware",
	"github.com/aws/smithy-go/rand",
	"github.com/aws/smithy-go/transport/http",
	"github.com/go-json-experiment/json",
	"github.com/go-json-experiment/json/jsontext",
}

// allowedModules are the modules that the library's packages may depend on, directly or not.
var allowedModules = []string{
	"github.com/aws/aws-sdk-go-v2",
	"github.com/aws/smithy-go",
	"github.com/go-json-experiment/json",
	modulePath,
}

func TestImports(t *testing.T) {
	checkImports(t, ".", allowedImports)
	checkModules(t, ".", allowedModules)
}

// The fake and the batch package pace requests.
func TestImportsOfPackagesThatPaceRequests(t *testing.T) {
	imports := append(slices.Clone(allowedImports), "golang.org/x/time/rate")
	modules := append(slices.Clone(allowedModules), "golang.org/x/time")
	for _, dir := range []string{"snapshotjobtest", "batch"} {
		if len(sourceFiles(t, dir)) == 0 {
			continue // the package does not exist yet
		}
		checkImports(t, dir, imports)
		checkModules(t, dir, modules)
	}
}

// checkImports checks what the package in a folder imports itself.
func checkImports(t *testing.T, dir string, allowed []string) {
	t.Helper()
	for _, name := range sourceFiles(t, dir) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if !isOfStandardLibrary(path) && !isOfThisModule(path) {
				assert.Contains(t, allowed, path, "%s imports it", name)
			}
		}
	}
}

// isOfStandardLibrary reports whether the first element of a path is no host name.
func isOfStandardLibrary(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func isOfThisModule(path string) bool {
	return path == modulePath || strings.HasPrefix(path, modulePath+"/")
}

// checkModules checks which modules the package in a folder depends on, directly or not.
func checkModules(t *testing.T, dir string, allowed []string) {
	t.Helper()
	for _, module := range goList(t, "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./"+dir) {
		assert.Contains(t, allowed, module, "%s depends on it", dir)
	}
}

func TestTestifyIsForTestsAlone(t *testing.T) {
	for _, path := range goList(t, "-f", `{{join .Imports "\n"}}`, "./...") {
		assert.NotContains(t, path, "github.com/stretchr/testify")
	}
}

// goList returns the words that go list prints, each once. It needs no network.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	words := strings.Fields(string(out))
	slices.Sort(words)
	return slices.Compact(words)
}
