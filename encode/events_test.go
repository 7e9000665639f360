package encode_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/encode"
	"firstspike/event"
	"firstspike/spike"
)

// drawRecording draws a recording of a sensor of 3x4 pixels, as bytes too.
func drawRecording(t *rapid.T) ([]event.Event, []byte) {
	r := event.Recording{Rows: 3, Cols: 4, Events: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event.Event {
		return event.Event{
			Time: rapid.Uint32Range(0, 120).Draw(t, "time"), On: rapid.Bool().Draw(t, "on"),
			X: uint8(rapid.IntRange(0, 3).Draw(t, "x")), Y: uint8(rapid.IntRange(0, 2).Draw(t, "y")),
		}
	}), 0, 50).Draw(t, "events")}
	slices.SortStableFunc(r.Events, func(a, b event.Event) int { return int(a.Time) - int(b.Time) })
	data, err := r.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Events, data
}

// The encoding of recordings, said once more, channel by channel and pixel by
// pixel.
func TestEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := encode.Config{Steps: rapid.IntRange(1, 20).Draw(t, "steps"), Events: encode.Events{
			Mode:     rapid.SampledFrom([]string{"first", "count", "rank", "surface"}).Draw(t, "mode"),
			Polarity: rapid.SampledFrom([]string{"both", "merged", "on", "off"}).Draw(t, "polarity"),
			Windows:  rapid.SampledFrom([][]float64{{0, 100}, {10, 40, 110}, {0, 1, 60, 61}}).Draw(t, "windows"),
		}}
		ev := &c.Events
		switch ev.Mode {
		case "first":
			ev.Bins = rapid.SampledFrom([]string{"", "time", "events"}).Draw(t, "bins")
		case "surface":
			ev.Tau = rapid.Float64Range(1, 200).Draw(t, "tau")
		}
		ev.Refractory, ev.Noise = rapid.IntRange(0, 30).Draw(t, "refractory"), rapid.IntRange(0, 30).Draw(t, "noise")
		ev.Split = ev.Refractory > 0 && rapid.Bool().Draw(t, "split")
		e, err := encode.New(c, 3, 4)
		if err != nil {
			t.Fatal(err)
		}
		events, data := drawRecording(t)
		var got spike.Map
		e.Encode(data, &got)
		e.Encode(data, &got) // what is left from before must not show

		var f event.Filter
		if ev.Refractory > 0 {
			events = f.WithoutRefractory(events, 3, 4, ev.Refractory, ev.Split)
		}
		if ev.Noise > 0 {
			events = f.WithoutNoise(events, 3, 4, ev.Noise)
		}
		per := 1
		if ev.Polarity == "both" {
			per = 2
		}
		want := spike.NewMap(spike.Shape{Maps: per * (len(ev.Windows) - 1), Rows: 3, Cols: 4}, c.Steps)
		if want.Shape != got.Shape || want.Shape != c.Shape(3, 4) || got.Steps != c.Steps {
			t.Fatalf("%v with %d steps", got.Shape, got.Steps)
		}
		counts := encode.Picture{}
		counts.Resize(want.Maps, 3, 4)
		for ch := range want.Maps {
			from, to := ev.Windows[ch/per], ev.Windows[ch/per+1]
			counted := func(e event.Event) bool { // in the window, of whatever channel
				return float64(e.Time) >= from && float64(e.Time) < to && !(ev.Polarity == "on" && !e.On || ev.Polarity == "off" && e.On)
			}
			mine := func(e event.Event, row, col int) bool {
				return counted(e) && int(e.X) == col && int(e.Y) == row && (per == 1 || e.On == (ch%per == 1))
			}
			total, most := 0, 0
			for _, e := range events {
				if counted(e) {
					total++
				}
			}
			for i := range 2 * 12 {
				n := 0
				for _, e := range events {
					if counted(e) && int(e.Y) == i/2/4 && int(e.X) == i/2%4 && (per == 1 || e.On == (i%2 == 1)) {
						n++
					}
				}
				most = max(most, n)
			}
			for row := range 3 {
				for col := range 4 {
					n, place, step := 0, 0, spike.Silent
					for _, e := range events {
						if mine(e, row, col) {
							since := float64(e.Time) - from
							switch {
							case ev.Mode == "surface":
								s := math.Exp(-(to - float64(e.Time)) / ev.Tau)
								step = spike.Step(min((1-s)*float64(c.Steps), float64(c.Steps-1)))
								if age := to - float64(e.Time); got.Step(ch, row, col) != step {
									// Limits are in whole microseconds.
									for _, a := range []float64{age - 0.5, age + 0.5} {
										if other := spike.Step(min((1-math.Exp(-a/ev.Tau))*float64(c.Steps), float64(c.Steps-1))); other == got.Step(ch, row, col) {
											step = other
										}
									}
								}
							case n > 0:
							case ev.Bins == "events":
								step = spike.Step(place * c.Steps / total)
							default:
								step = spike.Step(since * float64(c.Steps) / (to - from))
							}
							n++
						}
						if counted(e) {
							place++
						}
					}
					if ev.Mode == "count" && n > 0 {
						step = spike.Step((most - n) * c.Steps / most)
					}
					counts.Channel(ch)[row*4+col] = float64(n)
					want.Set(ch, row, col, step)
				}
			}
		}
		if ev.Mode == "rank" {
			counts.Latency(want)
		}
		if !got.Equal(want) {
			t.Fatalf("%+v of %v: %v; want %v", c.Events, events, got.Major(), want.Major())
		}
		fired, all := spike.NewBits(got.Shape), spike.NewBits(got.Shape)
		all.From(want)
		e.Fired(data, fired)
		if !slices.Equal(fired, all) {
			t.Fatal("Fired differs from Encode")
		}
	})
}

// Upstream's bins of a millisecond, of the first recording, tell when each
// pixel was first seen.
func TestEventsGolden(t *testing.T) {
	f, err := os.Open("../event/testdata/00001-binned.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(z)
	var first []int // column of the first event, 350 if there is none
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n := slices.IndexFunc(row, func(v string) bool { return v != "0" })
		if n < 0 {
			n = len(row)
		}
		first = append(first, n)
	}
	if len(first) != 2*34*34 {
		t.Fatalf("%d rows", len(first))
	}
	data, err := os.ReadFile("../event/testdata/00001.bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		steps int
		end   float64
	}{{255, 255000}, {175, 350000}, {50, 350000}} {
		e, err := encode.New(encode.Config{Steps: c.steps, Events: encode.Events{Mode: "first", Polarity: "both", Windows: []float64{0, c.end}}}, 34, 34)
		if err != nil {
			t.Fatal(err)
		}
		var m spike.Map
		e.Encode(data, &m)
		spikes := 0
		for i, s := range m.Major() {
			want := int(spike.Silent)
			if float64(first[i]*1000) < c.end {
				want = first[i] * 1000 * c.steps / int(c.end)
				spikes++
			}
			if int(s) != want {
				t.Fatalf("%d steps: neuron %d fires at %d; upstream's at %d", c.steps, i, s, want)
			}
		}
		if spikes < 800 {
			t.Errorf("%d spikes only", spikes)
		}
	}
}

// Without the motion, the edges of a digit are in fewer pixels.
func TestEventsStill(t *testing.T) {
	data, err := os.ReadFile("../event/testdata/00001.bin")
	if err != nil {
		t.Fatal(err)
	}
	spikes := func(still bool) int {
		e, err := encode.New(encode.Config{Steps: 10, Events: encode.Events{Mode: "first", Polarity: "merged", Windows: []float64{0, 320000}, Noise: 5000, Still: still}}, 34, 34)
		if err != nil {
			t.Fatal(err)
		}
		var m spike.Map
		e.Encode(data, &m)
		return m.Spikes()
	}
	if moved, still := spikes(false), spikes(true); still >= moved*9/10 {
		t.Errorf("%d pixels fire without the motion, %d with it", still, moved)
	}
}

// Events are varied after filters and without the motion.
func TestEventsVary(t *testing.T) {
	data, err := os.ReadFile("../event/testdata/00001.bin")
	if err != nil {
		t.Fatal(err)
	}
	e, err := encode.New(encode.Config{Steps: 10, Events: encode.Events{Mode: "first", Polarity: "merged", Windows: []float64{0, 320000}, Noise: 5000, Still: true}}, 34, 34)
	if err != nil {
		t.Fatal(err)
	}
	want, err := event.Decode(data, 34, 34, nil)
	if err != nil {
		t.Fatal(err)
	}
	var f event.Filter
	want = event.Compensate(f.WithoutNoise(want, 34, 34, 5000), event.NMNIST().Path, 34, 34)
	var m spike.Map
	e.Vary = func(events []event.Event) []event.Event {
		if !slices.Equal(events, want) {
			t.Error("what is varied is not what was filtered and made still")
		}
		return events[:1]
	}
	e.Encode(data, &m)
	if n := m.Spikes(); n != 1 {
		t.Errorf("of one event %d spikes", n)
	}
}

func TestEventsFaults(t *testing.T) {
	good := encode.Config{Steps: 10, Events: encode.Events{Mode: "first", Polarity: "both", Windows: []float64{0, 1000}}}
	for _, c := range []struct {
		change func(c *encode.Config)
		path   string // "" for none
	}{
		{func(c *encode.Config) {}, ""},
		{func(c *encode.Config) { c.Steps = 0 }, "steps"},
		{func(c *encode.Config) { c.Filters = []encode.Filter{{Kind: "pixel", Size: 1}} }, "filters"},
		{func(c *encode.Config) { c.Pad = 1 }, "pad"},
		{func(c *encode.Config) { c.Threshold = 1 }, "threshold"},
		{func(c *encode.Config) { c.Abs = true }, "abs"},
		{func(c *encode.Config) { c.Normalise = 1 }, "normalise"},
		{func(c *encode.Config) { c.Lateral = []float64{.1} }, "lateral"},
		{func(c *encode.Config) { c.Events.Mode = "last" }, "events.mode"},
		{func(c *encode.Config) { c.Events.Mode, c.Filters = "", []encode.Filter{{Kind: "pixel", Size: 1}} }, "events.mode"},
		{func(c *encode.Config) { c.Events.Polarity = "" }, "events.polarity"},
		{func(c *encode.Config) { c.Events.Bins = "equal" }, "events.bins"},
		{func(c *encode.Config) { c.Events.Mode, c.Events.Bins = "count", "time" }, "events.bins"},
		{func(c *encode.Config) { c.Events.Windows = nil }, "events.windows"},
		{func(c *encode.Config) { c.Events.Windows = []float64{0} }, "events.windows"},
		{func(c *encode.Config) { c.Events.Windows = []float64{0, 0} }, "events.windows"},
		{func(c *encode.Config) { c.Events.Windows = []float64{0.5, 3} }, "events.windows"},
		{func(c *encode.Config) { c.Events.Windows = []float64{-1, 3} }, "events.windows"},
		{func(c *encode.Config) { c.Events.Windows = []float64{0, math.NaN()} }, "events.windows"},
		{func(c *encode.Config) { c.Events.Windows = []float64{0, math.Inf(1)} }, "events.windows"},
		{func(c *encode.Config) { c.Events.Windows = make([]float64, 100) }, "events.windows"},
		{func(c *encode.Config) { c.Events.Tau = 5 }, "events.tau"},
		{func(c *encode.Config) { c.Events.Mode = "surface" }, "events.tau"},
		{func(c *encode.Config) { c.Events.Mode, c.Events.Tau = "surface", math.NaN() }, "events.tau"},
		{func(c *encode.Config) { c.Events.Refractory = -1 }, "events.refractory"},
		{func(c *encode.Config) { c.Events.Split = true }, "events.split"},
		{func(c *encode.Config) { c.Events.Noise = -1 }, "events.noise"},
	} {
		e := good
		c.change(&e)
		faults := e.Faults(34, 34)
		if c.path == "" && len(faults) > 0 || c.path != "" && (len(faults) == 0 || faults[0].Path != c.path) {
			t.Errorf("%+v: %v; want %q", e, faults, c.path)
		}
	}
	if faults := good.Faults(300, 34); len(faults) != 1 || !strings.Contains(faults[0].Err.Error(), "at most 256x256") {
		t.Error(faults)
	}
	// Whatever the bytes are, nothing panics.
	e, err := encode.New(good, 34, 34)
	if err != nil {
		t.Fatal(err)
	}
	var m spike.Map
	e.Encode([]byte("no recording"), &m)
	if e.Intensities().Channels != 0 || e.Kernels() != nil {
		t.Error("a recording has intensities, or kernels")
	}
}

func FuzzEvents(f *testing.F) {
	data, err := os.ReadFile("../event/testdata/00001.bin")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:1000], 3, 50000)
	f.Add([]byte("no recording"), 255, 1)
	modes := []string{"first", "count", "rank", "surface"}
	f.Fuzz(func(t *testing.T, data []byte, steps, end int) {
		for _, mode := range modes {
			c := encode.Config{Steps: steps, Events: encode.Events{Mode: mode, Polarity: "both", Windows: []float64{0, float64(end)}}}
			if mode == "surface" {
				c.Events.Tau = 1000
			}
			e, err := encode.New(c, 34, 34)
			if err != nil {
				return
			}
			var m spike.Map
			e.Encode(data, &m)
			for _, s := range m.At {
				if s != spike.Silent && int(s) >= steps {
					t.Fatalf("%s: step %d of %d", mode, s, steps)
				}
			}
		}
	})
}
