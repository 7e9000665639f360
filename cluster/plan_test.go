package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet")
	for _, c := range []struct {
		engine Engine
		want   string
	}{{Slurm{}, "slurm/submit.sh"}, {Kubernetes{Image: "i", Storage: 1}, "kubernetes/small.yaml"}} {
		for range 2 { // the second time over what is there
			path, err := Write(dir, small(dir), c.engine)
			if err != nil || path != filepath.Join(dir, filepath.FromSlash(c.want)) {
				t.Fatalf("%s, %v; want %s", path, err, c.want)
			}
			files, err := c.engine.Files(small(dir))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				path := filepath.Join(dir, filepath.FromSlash(f.Name))
				if read(t, path) != f.Text {
					t.Errorf("%s differs", path)
				}
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*", ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "logs")); err != nil || !info.IsDir() {
		t.Errorf("no folder for logs: %v", err)
	}
	if _, err := Write(dir, Plan{Dir: dir}, Slurm{}); err == nil {
		t.Error("a plan of nothing was written")
	}
}

func TestRefuses(t *testing.T) {
	p := Plan{
		Name: "a\nb", Dir: "relative", Program: []string{Index},
		Stages: []Stage{{"", nil, 0}, {"b", []string{"x", "\xff"}, 2}}, Final: []string{"{index}-x"},
		CPUs: -1, Memory: -1, Grace: -time.Second, Most: -1,
	}
	_, err := Slurm{Time: 50 * time.Second, MaxArray: -1, Options: []string{"partition"}}.Files(p)
	checkFaults(t, err, []string{
		`name "a\nb": must be one line`,
		`dir "relative": must be the absolute path`,
		"program: holds {index}",
		"stages[0].name: is missing",
		"stages[0].count 0: must be 1 or more",
		`stages[1].args[1] "\xff": is no UTF-8`,
		"stages[1].args: nothing tells the 2 tasks apart",
		"final: holds {index}",
		"cpus -1: must not", "memory -1: must not", "grace -1s: must not", "most -1: must not",
		`options[0] "partition": must begin with a hyphen`,
		"time 50s: must be", "max array -1: must not",
	})
	for option, owned := range map[string]bool{
		"--array=0-9": true, "--arr=0-9": true, "-a0-9": true, "--dependency=afterok:1": true, "-dafterok:1": true, "-o/x": true, "-D": true, "--open-mode=append": true,
		"--partition=long": false, "-plong": false, "--account=me": false, "-A": false, "--exclude=n1": false, "--qos=low": false, "--constraint=avx512": false,
	} {
		_, err := Slurm{Options: []string{option}}.Files(small("/a"))
		if (err != nil) != owned {
			t.Errorf("%s: %v", option, err)
		}
	}
	checkFaults(t, Plan{}.check().err(), []string{"name: is missing", `dir "": must be`, "program: is missing", "stages: are missing"})
	q := small("/a%b")
	q.Grace = 100000 * time.Second
	_, err = Slurm{}.Files(q)
	checkFaults(t, err, []string{`dir "/a%b": Slurm reads % and \ in`, "grace 27h46m40s: Slurm takes 65535s at most"})
}

func TestLabel(t *testing.T) {
	for text, want := range map[string]string{"a": "a", "My sweep.toml": "my-sweep-toml", "--A__b--": "a-b"} {
		if got := label(text, 20); got != want {
			t.Errorf("%q is %q; want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(10, 40).Draw(t, "most")
		a, b := rapid.String().Draw(t, "a"), rapid.StringMatching(`[a-z0-9é]{0,60}`).Draw(t, "b")
		for _, text := range []string{a, b} {
			if l := label(text, most); !dnsLabel.MatchString(l) || len(l) > most {
				t.Errorf("%q is %q", text, l)
			}
		}
		if a, b := b, b+strings.Repeat("x", most); label(a, most) == label(b, most) {
			t.Errorf("%q and %q are one", a, b)
		}
	})
}
