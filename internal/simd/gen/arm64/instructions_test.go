package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

const assembler, copier = "aarch64-linux-gnu-as", "aarch64-linux-gnu-objcopy"

// Every word of the kernels is what GNU's assembler makes of the instruction
// behind it.
func TestWords(t *testing.T) {
	for _, name := range []string{assembler, copier} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	kernels, err := os.ReadFile("../../kernels_arm64.s")
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`WORD \$0x([0-9a-f]{8}) // (.*)\n`).FindAllSubmatch(kernels, -1)
	if len(words) == 0 || len(words) != bytes.Count(kernels, []byte("WORD ")) {
		t.Fatalf("%d words have an instruction", len(words))
	}
	var source bytes.Buffer
	for _, w := range words {
		fmt.Fprintf(&source, "%s\n", w[2])
	}
	dir := t.TempDir()
	object, binary := filepath.Join(dir, "o"), filepath.Join(dir, "bin")
	cmd := exec.Command(assembler, "-o", object, "-")
	cmd.Stdin = &source
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command(copier, "-O", "binary", "-j", ".text", object, binary).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 4*len(words) {
		t.Fatalf("%d instructions became %d bytes", len(words), len(want))
	}
	wrong := map[string]bool{}
	for i, w := range words {
		b := want[4*i:]
		if word := fmt.Sprintf("%02x%02x%02x%02x", b[3], b[2], b[1], b[0]); word != string(w[1]) && !wrong[word] {
			wrong[word] = true
			t.Errorf("%s is %s, not %s", w[2], word, w[1])
		}
	}
}
