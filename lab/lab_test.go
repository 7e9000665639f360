package lab_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/inspect"
	"firstspike/lab"
	"firstspike/readout"
	"firstspike/spike"
	"firstspike/train"
)

// On bars nothing is filtered, so that the heat lies where the bars are.
func TestHeatIsWhereTheImageIs(t *testing.T) {
	m, err := nets["bars"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	set, warm := images(t, m), 0
	for i := range set.Len() {
		w, err := l.Why(set.Image(i))
		if err != nil {
			t.Fatal(err)
		}
		for p, v := range w.Heat {
			if v != 0 && set.Image(i)[p] == 0 {
				t.Errorf("image %d: heat %v at the black pixel %d", i, v, p)
			}
			if v != 0 {
				warm++
			}
		}
	}
	if warm == 0 {
		t.Error("no heat at all")
	}
}

// Neither settings nor lessons reach the model that a lab was made of.
func TestModelStays(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.Experiment.TOML()
	if err != nil {
		t.Fatal(err)
	}
	last := m.Network.Layers[2]
	weights := slices.Clone(last.Weights())
	if f := l.Set("layers.s1.threshold", "1"); f != nil {
		t.Fatal(f)
	}
	ch, err := l.Teach(images(t, m).Image(0), 3)
	if err != nil || ch.Outcome == "silent" {
		t.Fatalf("%v, %v", ch.Outcome, err)
	}
	after, err := m.Experiment.TOML()
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(text) || !slices.Equal(last.Weights(), weights) || m.Network.Layers[0].Threshold != 15 {
		t.Error("the model has changed")
	}
}

func TestSettings(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	before := l.Settings()
	if len(before) != 5 || before[4] != (lab.Setting{Path: "layers.s3.threshold", Value: "+Inf", Came: "+Inf"}) {
		t.Fatalf("settings %v", before)
	}
	for _, x := range []struct{ path, value, want string }{
		{"layers.s1.treshold", "3", "did you mean layers.s1.threshold?"},
		{"layers.s1.maps", "3", "cannot be set"},
		{"encode.steps", "0", "it must be 1 to 255"},
		{"encode.steps", "many", "not a whole number"},
		{"layers.s1.threshold", "-1", "threshold"},
		{"layers.s1.threshold", "inf", "a layer that another follows"},
		{"encode.threshold", "nan", "not a number"},
	} {
		f := l.Set(x.path, x.value)
		if len(f) == 0 || !strings.Contains(f.String(), x.want) || f[0].Path == "" {
			t.Errorf("%s = %s: %v; want %s", x.path, x.value, f, x.want)
		}
		if !slices.Equal(l.Settings(), before) {
			t.Errorf("%s = %s: the settings are %v", x.path, x.value, l.Settings())
		}
	}
	if f := l.Set("layers.s2.threshold", "7.5"); f != nil {
		t.Fatal(f)
	}
	if s := l.Settings()[3]; s.Value != "7.5" || s.Came != "10" || l.Network().Layers[1].Threshold != 7.5 {
		t.Errorf("after setting: %v", s)
	}
	if l.Reset(); !slices.Equal(l.Settings(), before) {
		t.Errorf("after a reset: %v", l.Settings())
	}
}

// All results go through JSON and come back, infinite thresholds included.
func TestJSON(t *testing.T) {
	each(t, func(t *testing.T, m *train.Model, l *lab.Lab, set *dataset.Set) {
		for _, pixels := range [][]byte{set.Image(0), make([]byte, set.Rows*set.Cols)} {
			image, err := l.Image(dataset.Grey{Rows: set.Rows, Cols: set.Cols, Pixels: pixels})
			check(t, image, err)
			decision, err := l.Decide(pixels)
			check(t, decision, err)
			judgement, err := l.Judge(pixels, 0)
			check(t, judgement, err)
			road, err := l.Road(pixels)
			check(t, road, err)
			contrasts, err := l.Contrasts(pixels)
			check(t, contrasts, err)
			name := m.Network.Layers[len(m.Network.Layers)-1].Name
			neuron, err := l.Neuron(pixels, name, 0, 0, 0)
			check(t, neuron, err)
			why, err := l.Why(pixels)
			check(t, why, err)
			if m.Experiment.Layers[len(m.Network.Layers)-1].Learn.Rule == train.RuleRSTDP {
				change, err := l.Teach(pixels, 0)
				check(t, change, err)
			}
		}
		check(t, l.Network(), nil)
		check(t, l.Settings(), nil)
	})
}

// check sends a value through JSON.
func check[T any](t *testing.T, v T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back T
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(v, back) {
		t.Errorf("%T came back another from %s", v, text[:min(len(text), 300)])
	}
}

// Whatever comes from a browser is refused, not trusted.
func TestRefuses(t *testing.T) {
	m, err := nets["bars"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	good := make([]byte, 27)
	for name, f := range map[string]func() error{
		"few pixels":     func() error { _, err := l.Decide(good[:26]); return err },
		"many pixels":    func() error { _, err := l.Road(append(good, 0)); return err },
		"no pixels":      func() error { _, err := l.Why(nil); return err },
		"judge":          func() error { _, err := l.Judge(nil, 0); return err },
		"contrasts":      func() error { _, err := l.Contrasts(nil); return err },
		"layer":          func() error { _, err := l.Neuron(good, "s9", 0, 0, 0); return err },
		"map":            func() error { _, err := l.Neuron(good, "s1", 4, 0, 0); return err },
		"row":            func() error { _, err := l.Neuron(good, "s1", 0, -1, 0); return err },
		"column":         func() error { _, err := l.Neuron(good, "s1", 0, 0, 3); return err },
		"map's kernel":   func() error { _, _, err := l.Map("s2", 9); return err },
		"label":          func() error { _, err := l.Teach(good, 2); return err },
		"negative label": func() error { _, err := l.Teach(good, -1); return err },
		"canvas":         func() error { _, err := l.Image(dataset.Grey{Rows: 3, Cols: 3, Pixels: good}); return err },
		"huge canvas":    func() error { _, err := l.Image(dataset.Grey{Rows: 1 << 40, Cols: 1 << 40}); return err },
		"no picture":     func() error { _, err := l.Picture("a.txt", []byte("hello")); return err },
	} {
		if f() == nil {
			t.Errorf("%s: nothing is wrong with it", name)
		}
	}
	other := *m
	other.Decision = m.Decision[:1]
	if _, err := lab.New(&other); err == nil {
		t.Error("a model with one class for four maps makes a lab")
	}
	other.Decision = readout.DecisionMap{0, 1, 2, 0}
	if _, err := lab.New(&other); err == nil {
		t.Error("a model with a third class of two makes a lab")
	}
}

// A picture becomes what predict makes of it.
func TestImage(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	pixels := images(t, m).Image(3)
	im, err := l.Image(dataset.Grey{Rows: 28, Cols: 28, Pixels: pixels})
	if err != nil || !slices.Equal(im.Pixels, pixels) || !im.AsIs {
		t.Fatalf("an image of the network's own size: %+v, %v", im, err)
	}
	// Three times as large, dark on light.
	canvas := dataset.Grey{Rows: 84, Cols: 84, Pixels: make([]byte, 84*84), Polarity: dataset.DarkOnLight}
	for i := range canvas.Pixels {
		canvas.Pixels[i] = 255 - pixels[i/84/3*28+i%84/3]
	}
	want, note := dataset.Digit(canvas, 28, 28)
	im, err = l.Image(canvas)
	if err != nil || !slices.Equal(im.Pixels, want) || !im.Inverted || im.Note != note.String() {
		t.Fatalf("a canvas: %+v, %v", im, err)
	}
	if d, err := l.Decide(im.Pixels); err != nil || d.Silent {
		t.Errorf("the canvas is decided %+v, %v", d, err)
	}
}

// A picture is refused by its header, before any memory is taken for it.
func TestPictureLimits(t *testing.T) {
	m, err := nets["bars"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	// The beginning of a PNG file of any size, of grey pixels of 8 bits.
	png := func(cols, rows uint32) []byte {
		head := binary.BigEndian.AppendUint32([]byte("IHDR"), cols)
		head = append(binary.BigEndian.AppendUint32(head, rows), 8, 0, 0, 0, 0)
		return binary.BigEndian.AppendUint32(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...), crc32.ChecksumIEEE(head))
	}
	var images bytes.Buffer
	w := gzip.NewWriter(&images)
	w.Write([]byte("\x00\x00\x08\x03\x00\x00\x03\xe8\x00\x00\x01\x00\x00\x00\x01\x00"))
	w.Close()
	for _, x := range []struct {
		data []byte
		want string
	}{
		{png(100_000, 100_000), "mine: the PNG image has 100000x100000 pixels, and a side may have at most 65535; scale it down first"},
		{png(8000, 4001), "mine: the PNG image has 8000x4001 pixels, and at most 32000000 in all are read; scale it down first"},
		{[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00\x3b"), "mine: the GIF image has 65535x65535 pixels, and at most 32000000 in all are read; scale it down first"},
		{images.Bytes(), "mine: holds 1000 images of 256x256 pixels, and at most 32000000 pixels in all are read as pictures; split the file"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := l.Picture("mine", x.data)
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; err == nil || err.Error() != x.want || taken > 1<<20 {
			t.Errorf("%d bytes were taken, error\n%v, want\n%s", taken, err, x.want)
		}
	}
}

// The contrasts are those of the encoder.
func TestContrasts(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	pixels := images(t, m).Image(0)
	c, err := l.Contrasts(pixels)
	if err != nil || len(c.Filters) != 6 || c.Rows != 28 || c.Cols != 28 {
		t.Fatalf("%d filters of %dx%d, %v", len(c.Filters), c.Rows, c.Cols, err)
	}
	encoder, err := encode.New(m.Experiment.Encode, 28, 28)
	if err != nil {
		t.Fatal(err)
	}
	var input spike.Map
	encoder.Encode(pixels, &input)
	want := encoder.Intensities()
	for i, f := range c.Filters {
		if f.Size != m.Experiment.Encode.Filters[i].Size || len(f.Kernel) != f.Size*f.Size {
			t.Errorf("filter %d: %d weights of %d", i, len(f.Kernel), f.Size)
		}
		for k, v := range f.Intensities {
			if v != float32(want.Channel(i)[k]) {
				t.Fatalf("filter %d, pixel %d: %v; want %v", i, k, v, want.Channel(i)[k])
			}
			if (f.Responses[k] >= 50) != (v > 0) {
				t.Fatalf("filter %d, pixel %d: a response of %v has the intensity %v", i, k, f.Responses[k], v)
			}
			if v == 0 && input.At[k*6+i] != spike.Silent {
				t.Fatalf("filter %d, pixel %d fires", i, k)
			}
		}
	}
}

// Behind pooling a response is the strongest of its window, and the heat lies
// where that was.
func TestPooledContrasts(t *testing.T) {
	m, err := nets["edges"]()
	if err != nil {
		t.Fatal(err)
	}
	m = with(t, m, map[string]string{"encode.lateral": ""})
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	set := images(t, m)
	c, err := l.Contrasts(set.Image(0))
	if err != nil || len(c.Filters) != 4 || c.Rows != 12 || c.Cols != 12 {
		t.Fatalf("%d filters of %dx%d, %v", len(c.Filters), c.Rows, c.Cols, err)
	}
	for i, f := range c.Filters {
		for k, v := range f.Intensities {
			if r := f.Responses[k]; max(r, -r) != v {
				t.Fatalf("filter %d, position %d: a response of %v has the intensity %v", i, k, r, v)
			}
		}
	}
	warm := 0
	for i := range set.Len() {
		l.Contrasts(set.Image((i + 1) % set.Len())) // another one must not matter
		w, err := l.Why(set.Image(i))
		if err != nil {
			t.Fatal(err)
		}
		for p, v := range w.Heat {
			// A Gabor filter of 5x5 pixels answers where one within two pixels is lit.
			lit := false
			for y := max(p/28-4, 0); y <= min(p/28+4, 27); y++ {
				for x := max(p%28-4, 0); x <= min(p%28+4, 27); x++ {
					lit = lit || set.Image(i)[y*28+x] > 0
				}
			}
			if v != 0 {
				if warm++; !lit {
					t.Fatalf("image %d: heat %v at pixel %d, and all is black there", i, v, p)
				}
			}
		}
	}
	if warm == 0 {
		t.Error("no heat at all")
	}
}

// What a map looks for is what the gallery shows, but for a factor.
func TestFeature(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	for depth, layer := range m.Network.Layers {
		all, err := inspect.Features(m, depth)
		if err != nil {
			t.Fatal(err)
		}
		for fm := 0; fm < layer.Maps; fm += 7 {
			_, f, err := l.Map(layer.Name, fm)
			if err != nil {
				t.Fatal(err)
			}
			most := float32(0)
			for _, v := range all[fm].Values {
				most = max(most, v, -v)
			}
			for i, v := range f.Values {
				if math.Abs(float64(v-all[fm].Values[i]/most)) > 1e-5 {
					t.Fatalf("%s %d: %v at %d; want %v", layer.Name, fm, v, i, all[fm].Values[i]/most)
				}
			}
		}
	}
}

// Errors are listed with the surest of the wrong ones first.
func TestCompare(t *testing.T) {
	want := []lab.Judgement{
		{Outcome: "wrong", MarginSteps: 3}, {Outcome: "wrong", MarginPotential: .5}, {Outcome: "wrong", MarginPotential: .1},
		{Outcome: "silent"},
		{Outcome: "right", MarginPotential: .1}, {Outcome: "right", MarginPotential: .5}, {Outcome: "right", MarginSteps: 1, MarginPotential: -.2}, {Outcome: "right", MarginSteps: 2},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, lab.Judgement.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// A lab is made to run in a browser.
func TestWebAssembly(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err) // as in a browser
	}
	cmd := exec.Command("go", "build", "-o", os.DevNull, "firstspike/lab")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
