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

var update = flag.Bool("update", false, "rewrite testdata/api.txt")

// TestAPI keeps the exported API from changing unseen.
func TestAPI(t *testing.T) {
	const golden = "testdata/api.txt"
	got := exportedAPI(t)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	if got != string(want) {
		t.Errorf("the exported API differs from %s; if that is meant, run go test -run TestAPI -update .\n%s",
			golden, diff(string(want), got))
	}
}

// exportedAPI prints the package's exported declarations, without comments and bodies, in order.
func exportedAPI(t *testing.T) string {
	t.Helper()
	fset := token.NewFileSet()
	var texts []string
	for _, name := range sourceFiles(t, ".") {
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.FileExports(file)
		for _, decl := range file.Decls {
			for _, part := range exportedParts(decl) {
				var text strings.Builder
				require.NoError(t, printer.Fprint(&text, fset, part))
				texts = append(texts, text.String())
			}
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, "\n") + "\n"
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

// exportedParts returns what a declaration exports: a function without its body, or each name of a
// group in a declaration of its own. It expects that unexported names have been removed.
func exportedParts(decl ast.Decl) []ast.Decl {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv != nil && !ast.IsExported(receiverName(decl)) {
			return nil
		}
		decl.Body = nil
		return []ast.Decl{decl}
	case *ast.GenDecl:
		if decl.Tok == token.IMPORT {
			return nil
		}
		var parts []ast.Decl
		for _, spec := range decl.Specs {
			parts = append(parts, &ast.GenDecl{Tok: decl.Tok, Specs: []ast.Spec{spec}})
		}
		return parts
	}
	return nil
}

// receiverName returns the name of the type that a method belongs to.
func receiverName(method *ast.FuncDecl) string {
	receiver := method.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	return receiver.(*ast.Ident).Name
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
