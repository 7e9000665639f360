package firstspike_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "firstspike"

// floors says for every package on which floor it stands. A package may import
// only packages of lower floors, so that each can be read, tested and used
// without what is above it.
var floors = map[string]int{
	"":                  1, // the root, which has documentation only
	"spike":             1,
	"event":             1,
	"tensorfile":        1,
	"internal/simd":     1,
	"internal/parallel": 1,
	"internal/hdf5":     1,
	"internal/slurm":    1,
	"internal/whole":    1,
	"figure":            1,
	"eventfile":         1,
	"fetch":             1,
	"cluster":           2,
	"dataset":           2,
	"encode":            2,
	"snn":               2,
	"readout":           2,
	"train":             3,
	"preset":            4,
	"conform":           4,
	"exchange":          4,
	"quantize":          4,
	"observe":           4,
	"nir":               4,
	"study":             4,
	"energy":            4,
	"inspect":           4,
	"gallery":           5,
	"lab":               5,
	"doctor":            5,
	"firmware":          5,
	"sweep":             5,
	"web/packed":        5,
	"web":               6,
	"web/engine":        command, // a page's program, and what makes it
	"cmd/firstspike":    command,
	"docs/picture":      command, // draws a figure of the documentation

	"docs/performance": command, // measures and draws the curves of the documentation
	"docs/replication": command, // trains and compares what the documentation tells of
	"docs/pairs":       command, // the same
	"docs/nmnist":      command, // compares recordings with simulated ones
	"docs/results":     command, // measures studies and writes the page of results
	"docs/parallel":    command, // simulates a training that is shared out
}

// command is the floor of programs: only they may print and log.
const command = 7

// A listed package, as go list describes it.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// name is the path of a package within the module, and false if it belongs to
// another.
func name(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "./...").Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Fatalf("go list: %s", failed.Stderr)
		}
		t.Fatal(err)
	}
	var list []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func TestFloors(t *testing.T) {
	list := packages(t)
	if len(list) < 5 {
		t.Fatalf("go list found %d packages", len(list))
	}
	for _, p := range list {
		own, _ := name(p.ImportPath)
		floor, ok := floors[own]
		if !ok {
			t.Errorf("package %s stands on no floor: add it to the table floors in floors_test.go, and to the list in doc.go", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			other, ours := name(path)
			if !ours {
				continue
			}
			below, ok := floors[other]
			if !ok {
				t.Errorf("%s imports %s, which stands on no floor: add it to the table floors in floors_test.go", p.ImportPath, path)
				continue
			}
			if below >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d): imports point down only", p.ImportPath, floor, path, below)
			}
		}
	}
}

// Below the commands nothing prints or logs: what there is to say goes to
// observers or into errors.
func TestNothingPrints(t *testing.T) {
	for _, p := range packages(t) {
		own, _ := name(p.ImportPath)
		if floors[own] >= command {
			continue
		}
		for _, path := range []string{"log", "log/slog"} {
			if slices.Contains(p.Imports, path) {
				t.Errorf("%s imports %s; only commands may log", p.ImportPath, path)
			}
		}
		for _, file := range p.GoFiles {
			for _, call := range prints(t, filepath.Join(p.Dir, file)) {
				t.Errorf("%s; only commands may print", call)
			}
		}
	}
}

func TestPrintsAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.go")
	source := `package p

import f "fmt"

func p() string {
	f.Println(1)
	f.Printf("2")
	println(3)
	f.Fprintln(nil, 4)
	return f.Sprint(5)
}
`
	if err := os.WriteFile(path, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	if calls := prints(t, path); len(calls) != 3 {
		t.Errorf("found %q; want the calls that print 1, 2 and 3", calls)
	}
}

// prints lists the calls in a file that print: fmt.Print and its kin, and the
// built-in print and println.
func prints(t *testing.T, path string) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	formatter := ""
	for _, imp := range file.Imports {
		if p, _ := strconv.Unquote(imp.Path.Value); p == "fmt" {
			formatter = "fmt"
			if imp.Name != nil {
				formatter = imp.Name.Name
			}
		}
	}
	var calls []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		what := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			if f.Name == "print" || f.Name == "println" {
				what = f.Name
			}
		case *ast.SelectorExpr:
			if x, ok := f.X.(*ast.Ident); ok && formatter != "" && x.Name == formatter && strings.HasPrefix(f.Sel.Name, "Print") {
				what = x.Name + "." + f.Sel.Name
			}
		}
		if what != "" {
			calls = append(calls, set.Position(call.Pos()).String()+": "+what)
		}
		return true
	})
	return calls
}
