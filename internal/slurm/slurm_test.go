package slurm

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Two at a time do not disturb each other, and both end with the test.
func TestStart(t *testing.T) {
	var ports []string
	t.Run("lends", func(t *testing.T) {
		for range 2 {
			env := Start(t)
			config, err := os.ReadFile(strings.TrimPrefix(env[0], "SLURM_CONF="))
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(`(?m)^Slurm.*Port=(\d+)$`).FindAllSubmatch(config, -1) {
				ports = append(ports, string(match[1]))
			}
			done := filepath.Join(t.TempDir(), "done")
			c := exec.Command("sbatch", "--output=/dev/null", "--wrap", "touch "+done)
			c.Env = append(os.Environ(), env...)
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
				if _, err := os.Stat(done); err == nil {
					break
				}
				if time.Since(begun) > time.Minute {
					t.Fatal("the job does not run")
				}
			}
		}
		for _, port := range ports {
			c, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
	})
	for _, port := range ports {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			t.Errorf("port %s still answers", port)
		}
	}
}
