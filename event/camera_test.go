package event_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/event"
)

// stroke is a picture of 28x28 pixels with a slanted stroke, soft at its edges.
func stroke() []byte {
	pixels := make([]byte, 28*28)
	for y := 5; y < 23; y++ {
		x := 18 - y/3
		pixels[y*28+x-1], pixels[y*28+x], pixels[y*28+x+1], pixels[y*28+x+2] = 90, 255, 250, 60
	}
	return pixels
}

func recorder(t testing.TB, c event.Camera) *event.Recorder {
	t.Helper()
	r, err := c.Recorder()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The events are the same on every machine: this is what they were on the
// first.
func TestCameraIsTheSame(t *testing.T) {
	r := recorder(t, event.NMNIST())
	h := sha256.New()
	n := 0
	for number := range uint64(3) {
		rec := r.Record(stroke(), 28, 28, number)
		data, err := rec.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(data)
		n += len(rec.Events)
	}
	const want = "07327546ed4562166d0d858fc1010ab5d23918dce5862b8136ba0e8b0286bf8c"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("%d events with the sum %s; want %s", n, got, want)
	}
}

// What was recorded before does not show, and the number does.
func TestCameraNumber(t *testing.T) {
	r := recorder(t, event.NMNIST())
	first := slices.Clone(r.Record(stroke(), 28, 28, 7).Events)
	r.Record(make([]byte, 28*28), 28, 28, 8)
	if again := r.Record(stroke(), 28, 28, 7).Events; !slices.Equal(first, again) {
		t.Error("the same picture and number give other events")
	}
	if other := r.Record(stroke(), 28, 28, 8).Events; slices.Equal(first, other) {
		t.Error("another number gives the same events")
	}
	c := event.NMNIST()
	c.Seed++
	if other := recorder(t, c).Record(stroke(), 28, 28, 7).Events; slices.Equal(first, other) {
		t.Error("another seed gives the same events")
	}
}

// quiet is a camera without chance that looks at a picture which moves to the
// right at a pixel a millisecond.
func quiet() event.Camera {
	return event.Camera{Rows: 8, Cols: 32, Path: event.Path{{Time: 0, X: -8 << 8}, {Time: 16000, X: 8 << 8}}, Duration: 20000,
		Dark: 0.1, On: 0.5, Off: 0.5, Refractory: 100}
}

// A bright bar that moves to the right makes pixels brighter where it comes
// and darker where it goes, as often, and in this order.
func TestCameraBar(t *testing.T) {
	pixels := make([]byte, 8*4)
	for i := range pixels {
		pixels[i] = 255
	}
	rec := recorder(t, quiet()).Record(pixels, 8, 4, 0)
	last := map[[2]uint8]event.Event{}
	on, off := map[uint8]int{}, map[uint8]int{}
	for _, e := range rec.Events {
		p := [2]uint8{e.X, e.Y}
		if e.On {
			if o, ok := last[p]; ok && !o.On {
				t.Fatalf("pixel %v became brighter at %d, after it had become darker at %d", p, e.Time, o.Time)
			}
			on[e.X]++
		} else {
			off[e.X]++
		}
		last[p] = e
	}
	// ln 11 / 0.5 = 4.8 events each way, where the bar is blurred only by the
	// pixels themselves. In the middle all of it passes.
	for x := uint8(11); x < 21; x++ {
		if on[x] < 8*3 || on[x] > 8*5 || off[x] < 8*3 || off[x] > 8*5 {
			t.Errorf("column %d: %d events as it became brighter and %d as it became darker, of 8 pixels", x, on[x], off[x])
		}
	}
	// A step of the path later, the next column sees the same.
	first := func(x uint8) int {
		i := slices.IndexFunc(rec.Events, func(e event.Event) bool { return e.X == x })
		return int(rec.Events[i].Time)
	}
	for x := uint8(13); x < 20; x++ {
		if d := first(x+1) - first(x); d < 900 || d > 1100 {
			t.Errorf("column %d fires %d µs after the one before it", x+1, d)
		}
	}
}

// A pixel does not fire again within the refractory period, and what it sees
// meanwhile is lost.
func TestCameraRefractory(t *testing.T) {
	c := quiet()
	pixels := slices.Repeat([]byte{0, 255, 0, 255}, 8)
	before := len(recorder(t, c).Record(pixels, 8, 4, 0).Events)
	c.Refractory = 1500
	rec := recorder(t, c).Record(pixels, 8, 4, 0)
	if n := len(rec.Events); n == 0 || n >= before {
		t.Errorf("%d events; without a refractory period there are %d", n, before)
	}
	last := map[[2]uint8]uint32{}
	for _, e := range rec.Events {
		p := [2]uint8{e.X, e.Y}
		if t0, ok := last[p]; ok && e.Time < t0+1500 {
			t.Fatalf("pixel %v fires at %d and at %d", p, t0, e.Time)
		}
		last[p] = e.Time
	}
}

// Events for no reason come at the rates that are asked for.
func TestCameraNoise(t *testing.T) {
	c := quiet()
	c.Duration, c.Leak, c.Hot = 1000000, 2, []event.Hot{{X: 3, Y: 4, Rate: 100}}
	r := recorder(t, c)
	leak, hot, hotOn := 0, 0, 0
	for number := range uint64(20) {
		for _, e := range r.Record(make([]byte, 8*4), 8, 4, number).Events {
			switch {
			case e.X == 3 && e.Y == 4:
				hot++
				if e.On {
					hotOn++
				}
			case e.On:
				leak++
			default:
				t.Fatalf("%+v of a dark picture", e)
			}
		}
	}
	// Within five standard deviations of a Poisson process.
	for _, x := range []struct {
		name string
		n    int
		mean float64
	}{{"leak", leak, 20 * 2 * 255}, {"hot", hot, 20 * 102}, {"hot on", hotOn, 20 * 52}} {
		if math.Abs(float64(x.n)-x.mean) > 5*math.Sqrt(x.mean) {
			t.Errorf("%s: %d events; want about %v", x.name, x.n, x.mean)
		}
	}
}

// Whatever a picture and a path are, events can be written.
func TestCameraAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 12).Draw(t, "rows"), rapid.IntRange(1, 12).Draw(t, "cols")
		c := event.Camera{Rows: rapid.IntRange(1, 10).Draw(t, "sensor rows"), Cols: rapid.IntRange(1, 10).Draw(t, "sensor cols"),
			Duration: rapid.IntRange(1, 30000).Draw(t, "duration"), Dark: rapid.Float64Range(1e-3, 2).Draw(t, "dark"),
			Blur: rapid.IntRange(0, 64).Draw(t, "blur"), On: rapid.Float64Range(0.01, 1).Draw(t, "on"), Off: rapid.Float64Range(0.01, 1).Draw(t, "off"),
			Mismatch: rapid.Float64Range(0, 0.25).Draw(t, "mismatch"), Lag: rapid.Float64Range(0, 1e5).Draw(t, "lag"),
			Refractory: rapid.IntRange(100, 5000).Draw(t, "refractory"), Spread: rapid.IntRange(0, 5000).Draw(t, "spread"),
			Jitter: rapid.IntRange(0, 5000).Draw(t, "jitter"), Leak: rapid.Float64Range(0, 100).Draw(t, "leak")}
		for time := 0; time < 30000; time += rapid.IntRange(1, 9000).Draw(t, "time") {
			c.Path = append(c.Path, event.Knot{Time: time, X: rapid.IntRange(-16<<8, 16<<8).Draw(t, "x"), Y: rapid.IntRange(-16<<8, 16<<8).Draw(t, "y")})
		}
		pixels := rapid.SliceOfN(rapid.Byte(), rows*cols, rows*cols).Draw(t, "pixels")
		r, err := c.Recorder()
		if err != nil {
			t.Fatal(err)
		}
		rec := r.Record(pixels, rows, cols, 1)
		if err := rec.Check(); err != nil {
			t.Fatal(err)
		}
		for _, e := range rec.Events {
			if int(e.Time) >= c.Duration {
				t.Fatalf("%+v, and the recording ends at %d", e, c.Duration)
			}
		}
	})
}

func TestCameraFaults(t *testing.T) {
	for _, c := range []struct {
		change func(c *event.Camera)
		want   string
	}{
		{func(c *event.Camera) { c.Rows = 0 }, "Rows, Cols"},
		{func(c *event.Camera) { c.Rows = 250 }, "Rows: 250"},
		{func(c *event.Camera) { c.Duration = 1 << 30 }, "Duration"},
		{func(c *event.Camera) { c.Dark = math.NaN() }, "Dark"},
		{func(c *event.Camera) { c.Blur = -1 }, "Blur"},
		{func(c *event.Camera) { c.On = 0 }, "On, Off"},
		{func(c *event.Camera) { c.Off = math.Inf(1) }, "On, Off"},
		{func(c *event.Camera) { c.Mismatch = 1 }, "Mismatch"},
		{func(c *event.Camera) { c.Lag = -1 }, "Lag"},
		{func(c *event.Camera) { c.Refractory = 0 }, "Refractory"},
		{func(c *event.Camera) { c.Leak = -1 }, "Leak"},
		{func(c *event.Camera) { c.Path = event.Path{{X: 1 << 20}} }, "Path: knot 0"},
		{func(c *event.Camera) { c.Path = event.Path{{Time: 5}, {Time: 5}} }, "Path: knot 1"},
		{func(c *event.Camera) { c.Hot = []event.Hot{{X: 34}} }, "Hot"},
	} {
		camera := event.NMNIST()
		c.change(&camera)
		if _, err := camera.Recorder(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	r := recorder(b, event.NMNIST())
	pixels := stroke()
	for i := 0; b.Loop(); i++ {
		r.Record(pixels, 28, 28, uint64(i))
	}
}
