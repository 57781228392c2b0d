package snapshotjob

import (
	"bytes"
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
)

var update = flag.Bool("update", false, "rewrite testdata/api.txt")

// TestAPI keeps the exported API from changing unseen.
func TestAPI(t *testing.T) {
	got := exportedAPI(t)
	const golden = "testdata/api.txt"
	if *update {
		if err := os.WriteFile(golden, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the exported API differs from %s; if that is meant, run go test -run TestAPI -update .\ngot:\n%s", golden, diff(string(want), string(got)))
	}
}

// exportedAPI prints the package's exported declarations, without comments and
// bodies, in order.
func exportedAPI(t *testing.T) []byte {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var decls []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(file)
		for _, decl := range file.Decls {
			var specs []any
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil || ast.IsExported(receiver(decl)) {
					decl.Body = nil
					specs = append(specs, decl)
				}
			case *ast.GenDecl:
				if decl.Tok != token.IMPORT {
					for _, spec := range decl.Specs {
						specs = append(specs, &ast.GenDecl{Tok: decl.Tok, Specs: []ast.Spec{spec}})
					}
				}
			}
			for _, spec := range specs {
				var b bytes.Buffer
				if err := printer.Fprint(&b, fset, spec); err != nil {
					t.Fatal(err)
				}
				decls = append(decls, b.String())
			}
		}
	}
	slices.Sort(decls)
	return []byte(strings.Join(decls, "\n") + "\n")
}

func receiver(method *ast.FuncDecl) string {
	t := method.Recv.List[0].Type
	if pointer, ok := t.(*ast.StarExpr); ok {
		t = pointer.X
	}
	return t.(*ast.Ident).Name
}

// diff lists the lines that only one of two texts has.
func diff(want, got string) string {
	var b strings.Builder
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, line := range w {
		if !slices.Contains(g, line) {
			b.WriteString("- " + line + "\n")
		}
	}
	for _, line := range g {
		if !slices.Contains(w, line) {
			b.WriteString("+ " + line + "\n")
		}
	}
	return b.String()
}
