package doctor

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
)

// few is an examination that takes a second.
var few = Options{Images: 60, Learn: 300, Workers: 1}

// ill is the default experiment with changes, and fewer maps.
func ill(t *testing.T, changes string) train.Experiment {
	t.Helper()
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	for _, s := range strings.Fields("layers.s2.maps=40 layers.s3.maps=30 " + changes) {
		path, value, _ := strings.Cut(s, "=")
		if err := e.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func digits(t *testing.T, n int) *dataset.Set {
	t.Helper()
	learn, _, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	return learn.Limit(n)
}

// sick are experiments with one fault each.
var sick = []struct {
	changes string
	images  func(*dataset.Set) *dataset.Set // nil: as they are
	layer   string
	cause   string
	lasting bool // no change of the experiment can mend it
}{
	{changes: "layers.s1.threshold=150", layer: "s1", cause: "threshold-high"},
	{changes: "layers.s1.threshold=1.5", layer: "s1", cause: "threshold-low"},
	{changes: "layers.s2.threshold=100", layer: "s2", cause: "threshold-high"},
	{changes: "layers.s2.threshold=1", layer: "s2", cause: "threshold-low"},
	{changes: "layers.s3.threshold=5000", layer: "s3", cause: "threshold-high"},
	{changes: "layers.s3.threshold=5", layer: "s3", cause: "threshold-low"},
	{changes: "encode.threshold=3000", layer: "encode", cause: "encode-threshold-high"},
	{changes: "encode.pad=0", layer: "encode", cause: "encode-pad-small"},
	{changes: "encode.pad=20", layer: "encode", cause: "encode-pad-large"},
	{changes: "layers.s1.pad=8", layer: "s1", cause: "pad-large"},
	{changes: "layers.s2.pool.window=0 layers.s2.pool.stride=0", layer: "s2", cause: "pool-missing"},
	{changes: "layers.s2.pool.window=14 layers.s2.pool.stride=14", layer: "s2", cause: "pool-coarse"},
	{changes: "layers.s1.weights.mean=0.05", layer: "s1", cause: "weights-low"},
	{changes: "layers.s2.weights.mean=-0.3", layer: "s2", cause: "weights-low"},
	{changes: "layers.s3.weights.mean=-0.5", layer: "s3", cause: "weights-low"},
	{changes: "layers.s1.weights.mean=1.5", layer: "s1", cause: "weights-at-bounds"},
	{changes: "layers.s1.weights.std=0", layer: "s1", cause: "weights-alike"},
	{changes: "layers.s1.learn.k=28", layer: "s1", cause: "k-large"},
	{changes: "layers.s2.learn.k=36", layer: "s2", cause: "k-large"},
	{changes: "layers.s1.learn.k=1", layer: "s1", cause: "k-small"},
	{changes: "layers.s2.maps=120 layers.s2.learn.k=1", layer: "s2", cause: "k-small"},
	{changes: "layers.s1.learn.radius=20", layer: "s1", cause: "radius-large"},
	{changes: "layers.s1.learn.a_plus=4 layers.s1.learn.doubling.max=100", layer: "s1", cause: "rates-large"},
	{changes: "layers.s3.learn.a_plus=0.5 layers.s3.learn.a_minus=-0.4", layer: "s3", cause: "rates-large"},
	{changes: "layers.s1.learn.a_plus=0 layers.s1.learn.a_minus=0 layers.s1.learn.doubling.every=0", layer: "s1", cause: "rates-zero"},
	{changes: "layers.s3.learn.a_plus=0 layers.s3.learn.a_minus=0 layers.s3.learn.punish.a_plus=0 layers.s3.learn.punish.a_minus=0", layer: "s3", cause: "rates-zero"},
	{changes: "layers.s3.learn.a_plus=1e-9 layers.s3.learn.a_minus=-1e-9 layers.s3.learn.punish.a_plus=-1e-9 layers.s3.learn.punish.a_minus=1e-9", layer: "s3", cause: "rates-small"},
	{changes: "layers.s1.learn.a_minus=0 layers.s1.learn.doubling.ratio=0", layer: "s1", cause: "rates-one-sided"},
	{changes: "layers.s1.learn.a_minus=0.003 layers.s1.learn.doubling.ratio=0.75", layer: "s1", cause: "rates-reversed"},
	{changes: "layers.s3.learn.a_plus=-0.004 layers.s3.learn.a_minus=0.003", layer: "s3", cause: "rates-reversed"},
	{changes: "layers.s3.learn.punish.a_plus=0.004 layers.s3.learn.punish.a_minus=-0.0005", layer: "s3", cause: "punish-reversed"},
	{changes: "layers.s2.learn.epochs=0", layer: "s2", cause: "no-epochs"},
	{images: dark, layer: "data", cause: "images-inverted"},
	{images: ones, layer: "data", cause: "one-class", lasting: true},
	{images: sorted, changes: "data.limit=300", layer: "data", cause: "one-class"},
	{images: blank, layer: "data", cause: "images-blank", lasting: true},
	{images: faint, layer: "encode", cause: "encode-threshold-high"},
}

// dark is a set with light and dark exchanged.
func dark(s *dataset.Set) *dataset.Set {
	return changed(s, func(v byte) byte { return 255 - v })
}

func blank(s *dataset.Set) *dataset.Set {
	return changed(s, func(byte) byte { return 0 })
}

func faint(s *dataset.Set) *dataset.Set {
	return changed(s, func(v byte) byte { return v / 64 })
}

func changed(s *dataset.Set, f func(byte) byte) *dataset.Set {
	var pixels []byte
	for i := range s.Len() {
		for _, v := range s.Image(i) {
			pixels = append(pixels, f(v))
		}
	}
	set, err := dataset.New(s.Name, s.Rows, s.Cols, pixels, s.Labels)
	if err != nil {
		panic(err)
	}
	return set
}

func ones(s *dataset.Set) *dataset.Set {
	var ids []int
	for i := range s.Len() {
		if s.Label(i) == 1 {
			ids = append(ids, i)
		}
	}
	return s.Subset(ids)
}

// sorted is a set class by class, as some files are.
func sorted(s *dataset.Set) *dataset.Set {
	ids := make([]int, s.Len())
	for i := range ids {
		ids[i] = i
	}
	slices.SortStableFunc(ids, func(a, b int) int { return s.Label(a) - s.Label(b) })
	return s.Subset(ids)
}

// The first finding is the fault that was planted, and its change mends it.
func TestSick(t *testing.T) {
	set := digits(t, 4000)
	for _, c := range sick {
		t.Run(c.layer+"/"+c.cause, func(t *testing.T) {
			t.Parallel()
			e, images := ill(t, c.changes), set
			if c.images != nil {
				images = c.images(set)
			}
			x, err := Trial(t.Context(), e, images, few)
			if err != nil {
				t.Fatal(err)
			}
			if len(x.Findings) == 0 {
				t.Fatalf("%s: nothing was found", c.changes)
			}
			f := x.Findings[0]
			if f.Layer != c.layer || f.Cause != c.cause || f.Severity != Grave {
				t.Fatalf("%s: the first finding is %s\nall: %s", c.changes, tell(f), tellAll(x))
			}
			if f.Text == "" || len(f.Evidence) == 0 {
				t.Errorf("%s has no text or no evidence", tell(f))
			}
			if (len(f.Change) == 0 && !f.Invert) != c.lasting {
				t.Errorf("%s asks for %v", tell(f), f.Change)
			}
			p, err := x.Prove(t.Context(), images, few)
			if err != nil {
				t.Fatal(err)
			}
			if c.lasting {
				return
			}
			if m := p.Mended[0]; !m.Gone || m.Cause != c.cause {
				t.Errorf("%s: %v does not mend it: %v", tell(f), p.Change, m.After)
			}
			if n := p.After.Count(Grave); n > 0 {
				t.Errorf("%s: after %v: %s", tell(f), p.Change, tellAll(p.After))
			}
		})
	}
}

func tell(f Finding) string {
	return fmt.Sprintf("%v %s/%s (follows %q) %v", f.Severity, f.Layer, f.Cause, f.Follows, f.Evidence)
}

func tellAll(x *Exam) string {
	text := ""
	for _, f := range x.Findings {
		text += "\n" + tell(f)
	}
	return text
}

// In the published experiments as they are, and after a short training, nothing
// is grave.
func TestHealthy(t *testing.T) {
	set := digits(t, 4000)
	for _, p := range preset.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			if p.Wants != "" {
				t.Skipf("brings no images: it wants %s", p.Wants)
			}
			if p.Encode.Recordings() {
				t.Skip("takes recordings, of which the doctor knows nothing")
			}
			if known, ok := dataset.Lookup(p.Data.Source); ok && !dataset.Inside(p.Data.Source) {
				if _, here := known.Find(); !here {
					t.Skipf("%s is not on this machine", p.Data.Source)
				}
			}
			own, _, err := dataset.Open(p.Data.Source)
			if err != nil {
				t.Fatal(err)
			}
			learn := 300
			if p.Data.Classes == 2 { // the small ones take longer to find their features
				learn = 600
			}
			x, err := Trial(t.Context(), p.Experiment, own.Limit(4000), Options{Images: 100, Learn: learn})
			if err != nil {
				t.Fatal(err)
			}
			if x.Count(Grave) > 0 {
				t.Errorf("a trial: %s", tellAll(x))
			}
		})
	}
	t.Run("run", func(t *testing.T) {
		t.Parallel()
		m, epochs := run(t, "layers.s1.learn.epochs=6 layers.s2.learn.epochs=10 layers.s3.learn.epochs=6", set)
		x, err := Examine(t.Context(), m, set, Options{Images: 100, Epochs: epochs})
		if err != nil {
			t.Fatal(err)
		}
		if x.Count(Grave) > 0 || x.Trial != nil {
			t.Errorf("a run: %s", tellAll(x))
		}
	})
}

// run trains an experiment with changes in a folder of the test's.
func run(t *testing.T, changes string, set *dataset.Set) (*train.Model, []train.EpochEnd) {
	t.Helper()
	e := ill(t, "data.limit=800 protocol.validation=100 "+changes)
	dir := filepath.Join(t.TempDir(), "run")
	trainer, err := train.Create(dir, e, train.Options{Train: set, Test: set.Limit(50)})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if _, err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	epochs, err := train.ReadEpochs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, epochs
}

// Runs that were trained with a fault, or not long enough.
func TestSickRun(t *testing.T) {
	set := digits(t, 800)
	for _, c := range []struct{ changes, layer, cause string }{
		{"layers.s1.learn.epochs=4 layers.s1.threshold=1.5 layers.s2.learn.epochs=1 layers.s3.learn.epochs=1", "s1", "threshold-low"},
		{"layers.s1.learn.epochs=1 layers.s2.learn.epochs=1 layers.s3.learn.epochs=1", "s1", "not-converged"},
	} {
		t.Run(c.cause, func(t *testing.T) {
			t.Parallel()
			m, epochs := run(t, c.changes, set)
			x, err := Examine(t.Context(), m, set, Options{Images: 60, Epochs: epochs})
			if err != nil {
				t.Fatal(err)
			}
			if f := x.Find(c.layer, c.cause); f == nil || f.Severity == Note || x.Findings[0].Layer != c.layer {
				t.Fatalf("%s: %s was not found: %s", c.changes, c.cause, tellAll(x))
			}
			p, err := x.Prove(t.Context(), set, few)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range p.Mended {
				if m.Cause == c.cause && !m.Gone {
					t.Errorf("%s: %v does not mend %s: %v", c.changes, p.Change, c.cause, m.After)
				}
			}
		})
	}
}

// A run that was better before.
func TestCourse(t *testing.T) {
	score := func(right int) *train.Score { return &train.Score{Right: right, Wrong: 100 - right} }
	m, err := train.Untrained(ill(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rights []int
		found  bool
	}{{[]int{80, 90, 91}, false}, {[]int{80, 95, 93}, false}, {[]int{80, 95, 85}, true}} {
		var epochs []train.EpochEnd
		for _, n := range c.rights {
			epochs = append(epochs, train.EpochEnd{Layer: "s3", Validation: score(n)}, train.EpochEnd{Layer: "s2"})
		}
		x, err := Examine(t.Context(), m, digits(t, 50), Options{Images: 20, Epochs: epochs})
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Find("s3", "falls-again") != nil; got != c.found {
			t.Errorf("%v: found %v", c.rights, got)
		}
	}
}
