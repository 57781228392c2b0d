package snapshotjob

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the lists of the exported API in testdata")

// TestAPI keeps the exported API from changing unseen.
func TestAPI(t *testing.T) {
	tests := map[string]string{ // from a package's folder to the list of what it exports
		".":               "testdata/api.txt",
		"batch":           "testdata/api_batch.txt",
		"snapshotjobtest": "testdata/api_snapshotjobtest.txt",
	}
	for folder, golden := range tests {
		t.Run(folder, func(t *testing.T) {
			got := exportedAPI(t, folder)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o666))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			if got != string(want) {
				t.Errorf("the exported API differs from %s; if that is meant, run go test -run TestAPI -update .\n%s",
					golden, diff(string(want), got))
			}
		})
	}
}

// exportedAPI lists what the package in a folder exports, a line each, in alphabetical order:
// however a declaration is laid out, its line is the same.
func exportedAPI(t *testing.T, folder string) string {
	t.Helper()
	var lines []string
	for _, name := range sourceFiles(t, folder) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.FileExports(file)
		for _, decl := range file.Decls {
			lines = append(lines, exportedLines(t, decl)...)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// sourceFiles returns the Go files of a folder, except for those of tests.
func sourceFiles(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.HasSuffix(name, "_test.go")
	})
}

// exportedLines returns the lines of a declaration. It expects that unexported names have been
// removed.
func exportedLines(t *testing.T, decl ast.Decl) []string {
	t.Helper()
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return functionLines(t, decl)
	case *ast.GenDecl:
		var lines []string
		for _, spec := range decl.Specs {
			lines = append(lines, specLines(t, decl.Tok, spec)...)
		}
		return lines
	}
	return nil
}

// functionLines returns the line of a function, or of a method of an exported type.
func functionLines(t *testing.T, decl *ast.FuncDecl) []string {
	t.Helper()
	signature := strings.TrimPrefix(onOneLine(t, decl.Type), "func")
	if decl.Recv == nil {
		return []string{"func " + decl.Name.Name + signature}
	}
	receiver := onOneLine(t, decl.Recv.List[0].Type)
	if !ast.IsExported(strings.TrimPrefix(receiver, "*")) {
		return nil
	}
	return []string{"func (" + receiver + ") " + decl.Name.Name + signature}
}

// specLines returns the lines of a type and of its fields, or of constants or variables.
func specLines(t *testing.T, kind token.Token, spec ast.Spec) []string {
	t.Helper()
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		structType, ok := spec.Type.(*ast.StructType)
		if !ok {
			return []string{"type " + spec.Name.Name + " " + onOneLine(t, spec.Type)}
		}
		lines := []string{"type " + spec.Name.Name + " struct"}
		for _, field := range structType.Fields.List {
			lines = append(lines, fieldLines(t, spec.Name.Name, field)...)
		}
		return lines
	case *ast.ValueSpec:
		var lines []string
		for i, name := range spec.Names {
			line := kind.String() + " " + name.Name
			if spec.Type != nil {
				line += " " + onOneLine(t, spec.Type)
			}
			if kind == token.CONST && i < len(spec.Values) {
				line += " = " + onOneLine(t, spec.Values[i])
			}
			lines = append(lines, line)
		}
		return lines
	}
	return nil
}

// fieldLines returns a line for each name of a field.
func fieldLines(t *testing.T, typeName string, field *ast.Field) []string {
	t.Helper()
	text := onOneLine(t, field.Type)
	if field.Tag != nil {
		text += " " + field.Tag.Value
	}
	var lines []string
	for _, name := range field.Names {
		lines = append(lines, "field "+typeName+"."+name.Name+" "+text)
	}
	return lines
}

// onOneLine prints a piece of syntax, whose positions it doesn't know, and so without line breaks.
func onOneLine(t *testing.T, node ast.Node) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, printer.Fprint(&text, token.NewFileSet(), node))
	return strings.Join(strings.Fields(text.String()), " ")
}

// diff lists the lines that only one of two texts has.
func diff(want, got string) string {
	wantLines := strings.Split(want, "\n")
	gotLines := strings.Split(got, "\n")
	var b strings.Builder
	for _, line := range wantLines {
		if !slices.Contains(gotLines, line) {
			b.WriteString("- " + line + "\n")
		}
	}
	for _, line := range gotLines {
		if !slices.Contains(wantLines, line) {
			b.WriteString("+ " + line + "\n")
		}
	}
	return b.String()
}
