package firstspike_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named finds what a page of documentation names in the code: a package, an
// exported identifier of it, and perhaps a field or method of that.
var named = regexp.MustCompile("\\b(spike|event|dataset|tensorfile|encode|snn|readout|train)\\.([A-Z]\\w*)(\\.[A-Z]\\w*)?")

// Pages that name something which is not in the code have fallen behind it.
func TestDocsNameWhatExists(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"docs/glossary.md", "docs/spyketorch.md", "docs/performance.md", "docs/nmnist.md", "docs/library.md", "docs/nir.md", "docs/elsewhere.md", "docs/microcontroller.md", "RATIONALE/*.md", "doc.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		pages = append(pages, found...)
	}
	symbols := map[string]map[string]bool{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if symbols[m[1]] == nil {
				symbols[m[1]] = exported(t, m[1])
			}
			if !symbols[m[1]][m[2]+m[3]] {
				t.Errorf("%s names %s, which does not exist", page, m[0])
			}
		}
	}
}

// exported lists the identifiers of a package, and the fields and methods of
// its types as Type.Name. What is promoted from embedded fields is not listed.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("package %s: %v", dir, err)
	}
	names := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					receiver := d.Recv.List[0].Type
					if star, ok := receiver.(*ast.StarExpr); ok {
						receiver = star.X
					}
					if id, ok := receiver.(*ast.Ident); ok {
						name = id.Name + "." + name
					}
				}
				names[name] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.ValueSpec:
						for _, id := range s.Names {
							names[id.Name] = true
						}
					case *ast.TypeSpec:
						names[s.Name.Name] = true
						if structure, ok := s.Type.(*ast.StructType); ok {
							for _, field := range structure.Fields.List {
								for _, id := range field.Names {
									names[s.Name.Name+"."+id.Name] = true
								}
							}
						}
					}
				}
			}
		}
	}
	return names
}
