package firstspike_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever uses a package has its documentation and nothing else: it begins with
// a chapter, in a file of its own, has an example, and leaves nothing out.
func TestEverythingHasADescription(t *testing.T) {
	public := 0
	for _, p := range packages(t) {
		own, _ := name(p.ImportPath)
		if floors[own] >= floors["web"] || own == "web/packed" || strings.HasPrefix(own, "internal/") {
			continue // a program, or a part of one
		}
		public++
		for _, gap := range undescribed(t, p.Dir) {
			t.Errorf("package %s: %s", p.ImportPath, gap)
		}
	}
	if public < 10 {
		t.Errorf("found %d public packages", public)
	}
}

// undescribed lists what is missing in the documentation of the package in a folder.
func undescribed(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var code, tests []*ast.File
	chapter := false
	for _, path := range files {
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		switch {
		case err != nil:
			t.Fatal(err)
		case strings.HasSuffix(path, "_test.go"):
			tests = append(tests, file)
			continue
		}
		code = append(code, file)
		chapter = chapter || filepath.Base(path) == "doc.go" && file.Doc != nil
	}
	var gaps []string
	if !chapter {
		gaps = append(gaps, "doc.go has no chapter")
	}
	if len(doc.Examples(tests...)) == 0 {
		gaps = append(gaps, "no example")
	}
	p, err := doc.NewFromFiles(set, code, dir)
	if err != nil {
		t.Fatal(err)
	}
	miss := func(name, text string) {
		if strings.TrimSpace(text) == "" {
			gaps = append(gaps, name+" has no comment")
		}
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, spec := range v.Decl.Specs {
				s := spec.(*ast.ValueSpec)
				if v.Doc == "" && s.Doc == nil && s.Comment == nil {
					miss(s.Names[0].Name, "")
				}
			}
		}
	}
	funcs := func(list []*doc.Func) {
		for _, f := range list {
			miss(strings.TrimPrefix(f.Recv+"."+f.Name, "."), f.Doc)
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs(p.Funcs)
	for _, typ := range p.Types {
		miss(typ.Name, typ.Doc)
		values(typ.Consts)
		values(typ.Vars)
		funcs(typ.Funcs)
		funcs(typ.Methods)
	}
	return gaps
}

func TestGapsAreFound(t *testing.T) {
	dir := t.TempDir()
	source := "package p\n\nconst A = 1\n\n// B is described.\nvar B, c = 1, 2\n\ntype D struct{}\n\nfunc (D) E() {}\n\nfunc f() {}\n\nconst (\n\tG = 1 // is described\n\tH = 2\n)\n"
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	want := "[doc.go has no chapter no example H has no comment A has no comment D has no comment D.E has no comment]"
	if got := fmt.Sprint(undescribed(t, dir)); got != want {
		t.Errorf("found %s; want %s", got, want)
	}
}

// The examples of this package are whole programs that fit on a screen: fewer
// than 60 lines with code on them.
func TestExamplesAreShort(t *testing.T) {
	files, err := filepath.Glob("example_*_test.go")
	if err != nil || len(files) < 6 {
		t.Fatalf("%q, %v; there are six examples or more", files, err)
	}
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := codeLines(source); n >= 60 {
			t.Errorf("%s has %d lines of code; an example has fewer than 60", path, n)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		list := doc.Examples(file)
		if len(list) != 1 || list[0].Output == "" {
			t.Errorf("%s does not hold one example with output", path)
		} else if _, whole := list[0].Code.(*ast.File); !whole {
			t.Errorf("%s is not shown as a whole; beside the example it needs a declaration of its own, and no tests", path)
		}
	}
}

// codeLines counts the lines of a source that hold more than comments.
func codeLines(source []byte) int {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return len(lines)
		case token.SEMICOLON: // perhaps one that only the scanner sees
		default:
			lines[file.Line(pos)] = true
		}
	}
}

func TestCodeLines(t *testing.T) {
	if n := codeLines([]byte("// A comment.\npackage p\n\n/* and\nanother */\nvar x = 1 // here\n")); n != 2 {
		t.Errorf("%d lines of code; want 2", n)
	}
}
