package quantize

import (
	"bytes"
	"slices"
	"testing"

	"firstspike/preset"
	"firstspike/train"
)

// What is packed and read back is the same network, and takes about as many bits
// as were asked for.
func TestPack(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	weights := 0
	for _, l := range m.Network.Layers {
		weights += len(l.Weights())
	}
	for _, bits := range []int{8, 4, 1} {
		q, err := Model(m, map[string]int{"s1": bits, "s2": bits, "s3": bits})
		if err != nil {
			t.Fatal(err)
		}
		Pack(q)
		var b bytes.Buffer
		if err := q.Write(&b); err != nil {
			t.Fatal(err)
		}
		size := b.Len()
		if least := weights * bits / 8; size < least || size > least+least/20+20000 {
			t.Errorf("%d bits: %d bytes for %d weights", bits, size, weights)
		}
		r, err := train.Read("packed", &b)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range q.Network.Layers {
			if !slices.Equal(r.Network.Layers[i].Weights(), l.Weights()) {
				t.Errorf("%d bits: other weights of %s", bits, l.Name)
			}
		}
	}
}
