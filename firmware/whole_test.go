package firmware

import (
	"flag"
	"os/exec"
	"path/filepath"
	"testing"

	"firstspike/dataset"
	"firstspike/quantize"
	"firstspike/train"
)

var (
	network = flag.String("network", "", "hold the C code of the networks in these folders or files, a pattern, against all their test images (a minute each)")
	bits    = flag.Int("bits", 0, "with -network: round all layers to so many bits; 0: what export --to c chooses")
	cortexM = flag.Int("cortexm", 0, "with -network: emulate a Cortex-M4 on so many test images too, with arm-none-eabi-gcc and qemu-system-arm (10,000: 5 to 30 minutes)")
)

// The C code of whole networks decides all test images as the network does in Go.
func TestWhole(t *testing.T) {
	if *network == "" {
		t.Skip("needs -network")
	}
	paths, err := filepath.Glob(*network)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: nothing is there (%v)", *network, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) { whole(t, path) })
	}
}

func whole(t *testing.T, path string) {
	m, err := train.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	to := quantize.Enough(m)
	if *bits > 0 {
		for name := range to {
			to[name] = *bits
		}
	}
	q, err := quantize.Model(m, to)
	if err != nil {
		t.Fatal(err)
	}
	d := m.Experiment.Data
	all, test, err := dataset.OpenWith(d.Source, d.Options())
	if err != nil {
		t.Fatal(err)
	}
	learned, _, err := m.Experiment.Split(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := quantize.Calibrate(t.Context(), m, q, learned, 100, 0); err != nil {
		t.Fatal(err)
	}
	n, err := New(q, "network")
	if err != nil {
		t.Fatal(err)
	}
	var images [][]byte
	for i := range test.Len() {
		images = append(images, test.Image(i))
	}
	before, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	after, err := q.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	other, right, was := 0, 0, 0
	for i, image := range images {
		a, b := before.Predict(image).Class, after.Predict(image).Class
		if a != b {
			other++
		}
		if a == test.Label(i) {
			was++
		}
		if b == test.Label(i) {
			right++
		}
	}
	t.Logf("bits %v: %d of %d test images are decided otherwise than before; right %d, before %d", to, other, len(images), right, was)
	few := images[:min(10, len(images))]
	for _, compiler := range [][]string{strict, append([]string{"clang"}, strict[1:]...), {"gcc", "-std=c99", "-O3", "-march=native"}} {
		if _, err := exec.LookPath(compiler[0]); err != nil {
			t.Logf("%s is not installed", compiler[0])
			continue
		}
		decided := agree(t, n, images, compiled(t, n, few, compiler...), "IMAGES")
		t.Logf("%v: %d images as in Go, %d of them decided", compiler, len(images), decided)
	}
	if *cortexM > 0 {
		dir := t.TempDir()
		write(t, n, few, dir)
		images = images[:min(*cortexM, len(images))]
		agree(t, n, images, "testdata/cortexm/run", dir, "IMAGES")
		t.Logf("an emulated Cortex-M4: %d images as in Go", len(images))
	}
}
