package main

import (
	"bufio"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A containerFile is what of the Containerfile decides what runs.
type containerFile struct {
	image    []string // commands that put something into /image
	env      []string
	dir      string
	user     uint32
	entry    string
	fromNone bool // the last stage begins with nothing
}

func readContainerfile(t *testing.T) containerFile {
	t.Helper()
	f, err := os.Open("../../Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var c containerFile
	for s := bufio.NewScanner(f); s.Scan(); {
		word, rest, _ := strings.Cut(s.Text(), " ")
		switch word {
		case "FROM":
			c.fromNone = rest == "scratch"
		case "RUN":
			if strings.Contains(rest, "/image") {
				c.image = append(c.image, rest)
			}
		case "ENV":
			c.env = append(c.env, rest)
		case "WORKDIR":
			c.dir = rest
		case "USER":
			id, _, _ := strings.Cut(rest, ":")
			n, err := strconv.ParseUint(id, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			c.user = uint32(n)
		case "ENTRYPOINT":
			c.entry = strings.Trim(rest, `[]"`)
		}
	}
	return c
}

// There is no container engine in tests, but what it does can be done without:
// the commands of the Containerfile make a folder, and the program runs with
// that as all there is, as its user and in its environment.
func TestContainer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("changing the root needs root")
	}
	if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil {
		t.Skip("there are no certificates here")
	}
	c := readContainerfile(t)
	if len(c.image) == 0 || c.dir == "" || c.user == 0 || c.entry == "" || !c.fromNone {
		t.Fatalf("the Containerfile is not as this test knows it: %+v", c)
	}
	root, err := os.MkdirTemp("", "container-") // t.TempDir is for root alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, line := range c.image {
		// -trimpath changes no more than paths, and would have everything compiled anew.
		line = strings.ReplaceAll(strings.ReplaceAll(line, " -trimpath", ""), "/image", root)
		build := exec.Command("sh", "-c", "umask 022; "+line)
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	binary, err := elf.Open(filepath.Join(root, c.entry))
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	if slices.ContainsFunc(binary.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Error("the binary is not static")
	}

	// It can write nothing but the folder that is mounted, and /tmp.
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		name := strings.TrimPrefix(path, root)
		if open := info.Mode()&0o002 != 0; open != (name == "/tmp" || name == c.dir) {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}

	for _, run := range []struct {
		args string
		want string
	}{
		{"version", "firstspike "},
		{"presets", "mozafari2018"},
		{"train --data mnist:3,8 --limit 300 --epochs s1=1 --epochs s2=1 --epochs s3=1 --out run", "\ntest: "},
		{"test run", "right"},
		{"doctor run --fix", "After the changes: "},
		{"cache", "s1, s2"},
	} {
		p := exec.Command(c.entry, strings.Fields(run.args)...)
		p.Env, p.Dir = c.env, c.dir
		p.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: c.user, Gid: c.user}}
		out, err := p.CombinedOutput()
		if err != nil || !strings.Contains(string(out), run.want) {
			t.Errorf("%s: %v; want %q in\n%s", run.args, err, run.want, out)
		}
		if strings.Contains(string(out), "no folder for") {
			t.Errorf("%s misses a folder:\n%s", run.args, out)
		}
	}
	for _, made := range []string{"run/model.safetensors", "run/result.json", ".cache/firstspike/prefix-*"} {
		if found, err := filepath.Glob(filepath.Join(root, c.dir, made)); err != nil || len(found) == 0 {
			t.Errorf("no %s: %v", made, err)
		}
	}
}
