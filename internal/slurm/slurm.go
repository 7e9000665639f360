package slurm

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"
)

// CPUs is how many the one node has, whatever the machine has.
const CPUs = 8

var (
	//go:embed slurm.conf.tmpl
	configuration string
	//go:embed slurm.sh
	script string

	configurationTemplate = template.Must(template.New("slurm.conf").Parse(configuration))
)

// Start starts a Slurm that ends with the test, and returns what its commands
// (sbatch, squeue, …) need in their environment. It skips the test, and says
// why, where there can be none.
func Start(t testing.TB) (env []string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a Slurm of one's own needs root")
	}
	for _, name := range []string{"bash", "munged", "slurmctld", "slurmd", "sbatch"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("there is no %s here (Debian: apt install slurm-wlm munge)", name)
		}
	}
	dir, err := os.MkdirTemp("", "slurm-") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // or munged refuses it
		t.Fatal(err)
	}
	config := filepath.Join(dir, "slurm.conf")
	if err := configure(dir, config); err != nil {
		t.Fatal(err)
	}
	env = []string{"SLURM_CONF=" + config}

	output, err := os.Create(filepath.Join(dir, "output.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	c := exec.Command("bash", "-c", script)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	c.Stdout, c.Stderr = output, output
	lifeline, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		c.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		lifeline.Close()
		<-ended
		if t.Failed() {
			t.Log(logs(dir))
		}
	})
	if !ready(env, ended) {
		t.Fatal("Slurm did not start")
	}
	return env
}

// configure writes the configuration and the key.
func configure(dir, path string) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	host, _, _ = strings.Cut(host, ".")
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = configurationTemplate.Execute(&text, struct {
		Host, Dir           string
		Control, Node, CPUs int
	}{host, dir, ports[0], ports[1], CPUs})
	if err != nil {
		return err
	}
	for _, name := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "munge.key"), []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

// freePorts finds ports that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // not before all are found, which so differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// ready waits until the node takes jobs, and is false if that does not come.
func ready(env []string, ended <-chan struct{}) bool {
	late := time.After(30 * time.Second)
	for {
		c := exec.Command("sinfo", "--noheader", "--partition=debug", "--format=%T")
		c.Env = append(os.Environ(), env...)
		if out, err := c.Output(); err == nil && strings.TrimSpace(string(out)) == "idle" {
			return true
		}
		select {
		case <-ended:
			return false
		case <-late:
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// logs is the last of what the programs said.
func logs(dir string) string {
	var b strings.Builder
	for _, name := range []string{"output.log", "munge.log", "slurmctld.log", "slurmd.log"} {
		text, _ := os.ReadFile(filepath.Join(dir, name))
		fmt.Fprintf(&b, "%s:\n%s\n", name, text[max(0, len(text)-4000):])
	}
	return b.String()
}
