package inspect_test

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"

	"firstspike/dataset"
	"firstspike/inspect"
	"firstspike/preset"
	"firstspike/tensorfile"
	"firstspike/train"
)

// shown is a set of two images, or recordings, that a preset's network can be
// shown.
func shown(t *testing.T, e train.Experiment) *dataset.Set {
	t.Helper()
	size := e.Data.Rows * e.Data.Cols
	if !e.Encode.Recordings() {
		pixels := make([]byte, 2*size)
		for i := range pixels {
			if x := i % e.Data.Cols; x > 1 && x < e.Data.Cols-2 { // slanted bars, and an edge
				pixels[i] = byte(37 * (x + i/e.Data.Cols/2) % 256)
			}
		}
		set, err := dataset.New("shown", e.Data.Rows, e.Data.Cols, pixels, []uint8{0, 1})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	var recordings [][]byte
	for k := range 2 {
		var events []byte // x, y, polarity and 23 bits of microseconds
		for i := range 3000 {
			at := i * 100
			// An edge that goes up and down, for noise is left out.
			events = append(events, byte(8+i%12), byte(8+k+i/12%12), byte(i/500%2<<7|at>>16), byte(at>>8), byte(at))
		}
		recordings = append(recordings, events)
	}
	set, err := dataset.NewRecordings("shown", e.Data.Rows, e.Data.Cols, recordings, []uint8{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func array(t *testing.T, f *tensorfile.File, name string) tensorfile.Tensor {
	t.Helper()
	a, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The arrays have what the roads of their images have, for every preset and any
// number of workers.
func TestDump(t *testing.T) {
	for _, p := range preset.All() {
		t.Run(p.Experiment.Name, func(t *testing.T) {
			e := p.Experiment.Clone()
			for i := range e.Layers {
				if n := len(e.Layers); i < n-1 || e.Readout.Rule == train.ReadoutSVM {
					e.Layers[i].Maps = min(e.Layers[i].Maps, 12)
				}
			}
			m, err := train.Untrained(e)
			if err != nil {
				t.Fatal(err)
			}
			if m.SVM != nil {
				for i := range m.SVM.Weights {
					m.SVM.Weights[i] = float32(i*i%13) - 6
				}
			}
			set := shown(t, e)
			d := inspect.Dump{Images: []int{1, 0, 1}}
			var done int
			f, err := d.Arrays(t.Context(), m, set, 1, func(n int) { done = n })
			if err != nil || done != 3 {
				t.Fatalf("%d images, %v", done, err)
			}
			again, err := d.Arrays(t.Context(), m, set, 2, nil)
			if err != nil || !reflect.DeepEqual(f, again) {
				t.Errorf("two workers give other arrays, %v", err)
			}
			each, err := d.Bytes(m)
			bytes := 0
			for _, a := range f.Tensors {
				if a.Name != "about" && a.Name != "steps" {
					bytes += len(a.Data)
				}
			}
			if err != nil || bytes != 3*each {
				t.Errorf("%d bytes an image, %v; the arrays of 3 have %d", each, err, bytes)
			}
			fired := 0
			for i, k := range d.Images {
				r, err := inspect.Follow(m, set.Image(k))
				if err != nil {
					t.Fatal(err)
				}
				check := func(name string, want []uint8, shape ...int) {
					a := array(t, f, "first_"+name)
					if got := a.Data[i*len(want):][:len(want)]; !reflect.DeepEqual(a.Shape, append([]int{3}, shape...)) || !reflect.DeepEqual(got, want) {
						t.Errorf("image %d has other spikes in %s, of shape %v", k, name, a.Shape)
					}
				}
				check(inspect.Input, r.Input.Major(), r.Input.Maps, r.Input.Rows, r.Input.Cols)
				for _, s := range r.Stations {
					check(s.Name, s.First.Major(), s.First.Maps, s.First.Rows, s.First.Cols)
					fired += s.First.Spikes()
				}
				last := r.Stations[len(r.Stations)-1]
				high, err := array(t, f, "potential_"+last.Name).Float32s()
				if err != nil {
					t.Fatal(err)
				}
				high = high[i*last.First.Neurons():]
				for j, v := range last.Potential {
					n := last.First.Neuron(j%last.First.Maps, j/last.First.Maps)
					if got := high[last.First.Shape.Major(n.Map, n.Row, n.Col)]; got != float32(v) {
						t.Fatalf("neuron %v has a potential of %v instead of %v", n, got, v)
					}
				}
				decisions, err := array(t, f, "decisions").Ints()
				if err != nil || decisions[i] != r.Decision.Class {
					t.Errorf("image %d is decided for %d instead of %d, %v", k, decisions[i], r.Decision.Class, err)
				}
			}
			if fired == 0 {
				t.Error("nothing fires")
			}
			if labels, err := array(t, f, "labels").Ints(); err != nil || !reflect.DeepEqual(labels, []int{1, 0, 1}) {
				t.Errorf("labels %v, %v", labels, err)
			}
			if steps, err := array(t, f, "steps").Ints(); err != nil || !reflect.DeepEqual(steps, []int{e.Encode.Steps}) {
				t.Errorf("steps %v, %v", steps, err)
			}
		})
	}
}

// Only what is named comes, in the network's order; what is not there is named.
func TestDumpSelects(t *testing.T) {
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	set := shown(t, p.Experiment)
	last := m.Network.Layers[len(m.Network.Layers)-1].Name
	f, err := inspect.Dump{Images: []int{0}, Layers: []string{last, inspect.Input}}.Arrays(t.Context(), m, set, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range f.Tensors {
		names = append(names, a.Name)
	}
	if want := []string{"first_input", "first_" + last, "potential_" + last, "images", "labels", "decisions", "steps", "about"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%q instead of %q", names, want)
	}
	if _, err := (inspect.Dump{Layers: []string{"s9"}}).Bytes(m); err == nil {
		t.Error("a layer that is not there has bytes")
	}
	for _, i := range []int{-1, 2} {
		if _, err := (inspect.Dump{Images: []int{i}}).Arrays(t.Context(), m, set, 1, nil); err == nil {
			t.Errorf("image %d of 2 has arrays", i)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (inspect.Dump{Images: []int{0}}).Arrays(ended, m, set, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v after the context has ended", err)
	}
	m.Network.Layers[0].Name = inspect.Input
	if _, err := (inspect.Dump{}).Bytes(m); err == nil {
		t.Error("a layer named input passes for the input")
	}
}

// The first spikes of two images of bars in a network that has learned nothing
// yet, as arrays for numpy.
func ExampleDump() {
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, bars := dataset.Bars()
	d := inspect.Dump{Images: []int{0, 1}}
	f, err := d.Arrays(context.Background(), m, bars, 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range f.Tensors[:4] {
		fmt.Println(t.Name, t.DType, t.Shape)
	}
	if err := tensorfile.WriteNPZ(io.Discard, f, zip.Deflate); err != nil { // to a file
		fmt.Println(err)
	}
	// Output:
	// first_input U8 [2 1 3 9]
	// first_s1 U8 [2 4 1 3]
	// first_s2 U8 [2 4 1 1]
	// potential_s2 F32 [2 4 1 1]
}
