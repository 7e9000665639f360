package train_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/tensorfile"
	"firstspike/train"
)

// Every setting either decides what the layers before the last become, and is
// in their key, or does not. Who adds one has to say here which.
func TestPrefixKey(t *testing.T) {
	decides := map[string]bool{
		"name": false, "paper": false, "seed": true,
		"data.source": false, // the images' checksums count instead
		"data.rows":   true, "data.cols": true, "data.limit": true,
		"data.fit": false, "data.test": false, "data.split": false, // the same
		"data.group":    true,  // which images are held out for validation
		"data.classes":  false, // only the last layer decides
		"readout.rule":  false,
		"readout.svm.c": false, "readout.svm.loss": false, "readout.svm.features": false, "readout.svm.tolerance": false, "readout.svm.passes": false,
		"protocol.kind": true, "protocol.validation": true,
		"encode.steps": true, "encode.pad": true, "encode.threshold": true, "encode.abs": true, "encode.normalise": true, "encode.lateral": true,
		"encode.border": true, "encode.latency": true, "encode.fitted": true, "encode.rest": true, "encode.pointwise": true,
		"encode.pool.window": true, "encode.pool.stride": true, "encode.pool.pad": true,
		"encode.filters.*.kind": true, "encode.filters.*.size": true, "encode.filters.*.sigma1": true, "encode.filters.*.sigma2": true,
		"encode.filters.*.orientation": true, "encode.filters.*.div": true,
		"encode.events.mode": true, "encode.events.windows": true, "encode.events.polarity": true, "encode.events.bins": true, "encode.events.tau": true,
		"encode.events.refractory": true, "encode.events.split": true, "encode.events.noise": true, "encode.events.still": true,
		"layers.*.name": true, // random streams have it
		"layers.*.maps": true, "layers.*.kernel": true, "layers.*.stride": true, "layers.*.pad": true, "layers.*.threshold": true, "layers.*.fires": true,
		"layers.*.weights.mean": true, "layers.*.weights.std": true,
		"layers.*.pool.window": true, "layers.*.pool.stride": true, "layers.*.pool.pad": true, "layers.*.pool.repeats": true,
		"layers.*.learn.rule": true, "layers.*.learn.epochs": true, "layers.*.learn.shuffle": true, "layers.*.learn.k": true,
		"layers.*.learn.radius": true, "layers.*.learn.pointwise": true, "layers.*.learn.dropout": true, "layers.*.learn.inhibited": true,
		"layers.*.learn.shared": true, "layers.*.learn.final": true, "layers.*.learn.fill": true, "layers.*.learn.summed": true, "layers.*.learn.batch": true, "layers.*.learn.until": true,
		"layers.*.learn.a_plus": true, "layers.*.learn.a_minus": true, "layers.*.learn.stabiliser": true,
		"layers.*.learn.lower": true, "layers.*.learn.upper": true,
		"layers.*.learn.doubling.every": true, "layers.*.learn.doubling.max": true, "layers.*.learn.doubling.ratio": true, "layers.*.learn.doubling.delay": true,
		"layers.*.learn.punish.a_plus": true, "layers.*.learn.punish.a_minus": true, "layers.*.learn.punish.adapt": true, "layers.*.learn.punish.silent": true, "layers.*.learn.punish.margin": true, "layers.*.learn.punish.least": true,
		"layers.*.pointwise": true, "layers.*.ramp": true, "layers.*.learn.per_step": true, "layers.*.learn.until_every": true, "layers.*.learn.voltage": true, "layers.*.learn.doubling.updates": true,
		"layers.*.learn.exponential": true, "layers.*.learn.patch": true, "layers.*.learn.decay": true, "layers.*.learn.patience": true,
		"layers.*.learn.homeostasis.rate": true, "layers.*.learn.homeostasis.target": true, "layers.*.learn.homeostasis.least": true,
		"layers.*.learn.augment.shift": true, "layers.*.learn.augment.turn": true, "layers.*.learn.augment.grow": true, "layers.*.learn.augment.slant": true, "layers.*.learn.augment.mirror": true,
		"layers.*.learn.timing.gap": true, "layers.*.learn.timing.temperature": true, "layers.*.learn.timing.mean": true, "layers.*.learn.timing.spare": true, "layers.*.learn.timing.normalise": true, "layers.*.learn.timing.rate": true, "layers.*.learn.timing.decay": true,
	}
	learn, test := train.DataSum{Name: "learn", Images: 9, SHA256: "1"}, train.DataSum{Name: "test", Images: 9, SHA256: "2"}
	key := func(e train.Experiment) string { return train.PrefixKey(e, learn, test) }
	want := key(small())
	if len(want) != 64 || key(small()) != want {
		t.Fatalf("key %q, and then %q", want, key(small()))
	}
	e := small()
	stdp, finite := small(), small()
	stdp.Layers[2].Learn.Rule = train.RuleSTDP
	finite.Layers[2].Threshold = 9
	less := key(stdp) // of a last layer to which times matter only weights are kept
	if less != key(finite) || less == want || less == "" {
		t.Errorf("the keys of other last layers are %q and %q", less, key(finite))
	}
	seen := map[string]bool{}
	for _, path := range e.Paths() {
		parts := strings.Split(path, ".")
		last := parts[0] == "layers" && parts[1] == "s3"
		switch {
		case parts[0] == "layers":
			parts[1] = "*"
		case strings.HasPrefix(path, "encode.filters."):
			parts[2] = "*"
		}
		pattern := strings.Join(parts, ".")
		inKey, known := decides[pattern]
		if !known {
			t.Errorf("%s: say in this test whether %s decides what the layers before the last become, and if so see that it is in their key", path, pattern)
			continue
		}
		seen[pattern] = true
		changed := small()
		before, _ := changed.Value(path)
		for _, value := range []string{before + "x", "0.125", "17", "true", "false", "9x9"} {
			if value != before && changed.Set(path, value) == nil {
				break
			}
		}
		if reflect.DeepEqual(changed, small()) {
			t.Errorf("%s could not be changed", path)
		}
		got := key(changed)
		switch {
		case last:
			// No other last layer changes the key, but for one of which less is kept.
			if got != want && got != less {
				t.Errorf("%s is of the last layer and changed the key", path)
			}
		case inKey && got == want:
			t.Errorf("%s changed and the key did not", path)
		case !inKey && got != want:
			t.Errorf("%s changed the key", path)
		}
	}
	for pattern := range decides {
		if !seen[pattern] {
			t.Errorf("there is no setting %s", pattern)
		}
	}

	// What is not a setting.
	swapped := small()
	swapped.Layers[0], swapped.Layers[1] = swapped.Layers[1], swapped.Layers[0]
	fewer, more := small(), small()
	fewer.Layers = fewer.Layers[1:]
	more.Layers = slices.Insert(more.Layers, 1, more.Layers[1])
	filters := small()
	filters.Encode.Filters = filters.Encode.Filters[:1]
	for name, other := range map[string]train.Experiment{"swapped layers": swapped, "fewer layers": fewer, "more layers": more, "fewer filters": filters} {
		if got := key(other); got == want || got == "" {
			t.Errorf("%s: the key is %q as before", name, got)
		}
	}
	alone := small()
	alone.Layers = alone.Layers[2:]
	if got := key(alone); got != "" {
		t.Errorf("one layer: the key is %q; there is nothing to keep", got)
	}
	empty := small()
	empty.Encode.Lateral = []float64{}
	if key(empty) != want {
		t.Error("an empty list is another than none")
	}
	paper, paper2 := small(), small()
	paper.Protocol.Kind, paper2.Protocol = train.ProtocolPaper, train.Protocol{Kind: train.ProtocolPaper}
	if key(paper) != key(paper2) {
		t.Error("protocol.validation changed the key of an experiment that holds no images out")
	}
	names := func(s train.DataSum) train.DataSum { s.Name, s.Images = "x", 1; return s }
	sums := func(s train.DataSum) train.DataSum { s.SHA256 = "x"; return s }
	for _, c := range []struct {
		what        string
		e           train.Experiment
		learn, test train.DataSum
		same        bool
	}{
		{"names of data", small(), names(learn), names(test), true},
		{"training images", small(), sums(learn), test, false},
		{"test images that no epoch is chosen on", small(), learn, sums(test), true},
		{"training images, protocol paper", paper, sums(learn), test, false},
		{"test images, protocol paper", paper, learn, sums(test), false},
	} {
		if same := train.PrefixKey(c.e, c.learn, c.test) == key(c.e); same != c.same {
			t.Errorf("other %s: same key %v, want %v", c.what, same, c.same)
		}
	}
}

// The cache knows results by a number. If this test fails, and the change of
// results is meant, raise prefixResults in prefix.go and put the new sum here:
// otherwise trainings would take from their caches what is learned no more.
func TestPrefixResults(t *testing.T) {
	e := small()
	for i := range 2 {
		l := &e.Layers[i]
		l.Learn.Epochs, l.Learn.Shuffle, l.Learn.Dropout = 2, true, 0.2
	}
	e.Layers[1].Weights = train.Normal{Mean: 0.4, Std: 0.3} // some below 0
	e.Layers[1].Learn.Lower, e.Layers[1].Learn.Stabiliser = -0.5, false
	e.Layers[2].Learn.Epochs = 1
	e.Encode.Lateral = []float64{0.15, 0.1}
	cache := t.TempDir()
	run(t, filepath.Join(t.TempDir(), "run"), e, train.Options{Cache: cache})
	entries, err := train.CacheEntries(cache)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	f, err := tensorfile.Open(entries[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, tensor := range f.Tensors {
		fmt.Fprintf(h, "%s %v\n", tensor.Name, tensor.Shape)
		h.Write(tensor.Data)
	}
	fired := 0
	bits, err := f.Tensor("train.bits")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bits.Data {
		for ; b > 0; b &= b - 1 {
			fired++
		}
	}
	if share := float64(fired) / float64(500*20*16); math.Abs(share-0.5) > 0.45 {
		t.Errorf("%.2f of the neurons fire; the test shows little", share)
	}
	want := map[int]string{
		1: "e2928072b9733f86a302254c216999d6d66af4a0a8bb2982ac71e6ee8e9bdd7b",
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want[train.PrefixResults] {
		t.Errorf("what is cached has the sum %s, not %s, which belongs to prefixResults = %d", got, want[train.PrefixResults], train.PrefixResults)
	}
}
