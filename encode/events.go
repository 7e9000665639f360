package encode

import (
	"math"

	"firstspike/event"
	"firstspike/spike"
)

// Events says how a recording by an event camera becomes first spikes, as data.
// The zero Events is none of it: what is encoded are images.
//
// Events are taken from the recording, filtered, and dealt out to channels:
// each window of time has one for each polarity that counts. Of the events of
// a pixel in a channel, Mode makes one spike. Filters, in this order, are
// [event.Filter.WithoutRefractory], [event.Filter.WithoutNoise] and
// [event.Compensate].
type Events struct {
	Mode       string    `toml:"mode"`       // "first", "count", "rank" or "surface"; empty: images
	Windows    []float64 `toml:"windows"`    // where each window ends and the next begins, microseconds; a window more numbers than windows
	Polarity   string    `toml:"polarity"`   // "both", OFF before ON, "merged", "on" or "off"
	Bins       string    `toml:"bins"`       // "time" or empty: steps of equal time; "events": of equally many events
	Tau        float64   `toml:"tau"`        // time constant of "surface", microseconds
	Refractory int       `toml:"refractory"` // microseconds; 0: events are not filtered so
	Split      bool      `toml:"split"`      // a pixel's polarities are refractory each by itself
	Noise      int       `toml:"noise"`      // filter time, microseconds; 0: events are not filtered so
	Still      bool      `toml:"still"`      // undo the motion of N-MNIST's camera
}

// How the events of a pixel become one spike.
const (
	// EventsFirst: the step of the first of them.
	EventsFirst = "first"
	// EventsCount: the more, the earlier. With n of them, and m where there
	// are most in the window, the step is floor((m-n) steps/m).
	EventsCount = "count"
	// EventsRank: the more, the earlier, by rank among all pixels of all
	// channels, as [Picture.Latency] has it.
	EventsRank = "rank"
	// EventsSurface: the exponential time surface at the window's end. With
	// the last of them an age of a before the end, s = exp(-a/tau), the step
	// is floor((1-s) steps). Ages at which the step changes are rounded to
	// whole microseconds, so that all machines agree.
	EventsSurface = "surface"
)

// What becomes of the two polarities.
const (
	EventsBoth   = "both"
	EventsMerged = "merged"
	EventsOn     = "on"
	EventsOff    = "off"
)

// How steps divide a window.
const (
	BinsTime   = "time"
	BinsEvents = "events"
)

// Recordings reports whether the configuration is for recordings by an event
// camera, and not for images.
func (c Config) Recordings() bool { return c.Events.Mode != "" }

// none reports whether nothing is set.
func (e Events) none() bool {
	return e.Mode == "" && len(e.Windows) == 0 && e.Polarity == "" && e.Bins == "" && e.Tau == 0 && e.Refractory == 0 && !e.Split && e.Noise == 0 && !e.Still
}

// most is the largest number of windows.
const mostWindows = 64

// polarities is the number of channels a window has.
func (e Events) polarities() int {
	if e.Polarity == EventsBoth {
		return 2
	}
	return 1
}

// channels is how many there are.
func (e Events) channels() int { return max(0, len(e.Windows)-1) * e.polarities() }

// eventFaults is Faults for recordings.
func (c Config) eventFaults(rows, cols int, add func(bad bool, path, format string, args ...any)) {
	e := c.Events
	if e.Mode == "" {
		add(!e.none(), "events.mode", "is empty, so that nothing else in events has an effect; it can be %q, %q, %q or %q", EventsFirst, EventsCount, EventsRank, EventsSurface)
		return
	}
	const images = "has an effect on images only, and events.mode says that there are none; %s"
	add(len(c.Filters) > 0, "filters", images, "take them away (encode.filters= with nothing after it)")
	add(c.Pad != 0, "pad", images, "it must be 0")
	add(c.Threshold != 0, "threshold", images, "it must be 0")
	add(c.Abs, "abs", images, "it must be false")
	add(c.Normalise != 0, "normalise", images, "it must be 0")
	add(len(c.Lateral) > 0, "lateral", images, "take it away")
	add(c.Pool != Pool{}, "pool", images, "take it away")
	add(c.Pointwise, "pointwise", images, "it must be false")
	add(rows > event.MaxSide || cols > event.MaxSide, "events.mode", "a sensor of %dx%d pixels; recordings have at most %dx%d", rows, cols, event.MaxSide, event.MaxSide)
	switch e.Mode {
	case EventsFirst, EventsCount, EventsRank, EventsSurface:
	default:
		add(true, "events.mode", "%q; it can be %q, %q, %q or %q", e.Mode, EventsFirst, EventsCount, EventsRank, EventsSurface)
	}
	switch e.Polarity {
	case EventsBoth, EventsMerged, EventsOn, EventsOff:
	default:
		add(true, "events.polarity", "%q; it can be %q, %q, %q or %q", e.Polarity, EventsBoth, EventsMerged, EventsOn, EventsOff)
	}
	switch {
	case e.Bins != "" && e.Bins != BinsTime && e.Bins != BinsEvents:
		add(true, "events.bins", "%q; it can be %q or %q", e.Bins, BinsTime, BinsEvents)
	default:
		add(e.Bins != "" && e.Mode != EventsFirst, "events.bins", "has no effect under %q; take it away", e.Mode)
	}
	add(len(e.Windows) < 2 || len(e.Windows) > mostWindows+1, "events.windows", "%d numbers; give where the first window begins and where each ends, at most %d windows, such as 0,105000,210000,315000", len(e.Windows), mostWindows)
	for i, w := range e.Windows {
		whole := w == math.Trunc(w) && w >= 0 && w <= math.MaxUint32
		add(!whole, "events.windows", "%v; it must be a whole number of microseconds, at most %d", w, uint32(math.MaxUint32))
		add(whole && i > 0 && w <= e.Windows[i-1], "events.windows", "%v after %v; a window must end after it begins", w, e.Windows[max(i-1, 0)])
	}
	switch {
	case e.Mode == EventsSurface:
		add(!(e.Tau >= 1 && e.Tau <= 1e9), "events.tau", "%v; it must be 1 to 1e9 microseconds", e.Tau)
	default:
		add(e.Tau != 0, "events.tau", "has no effect under %q; it must be 0", e.Mode)
	}
	add(e.Refractory < 0 || e.Refractory > event.MaxTime, "events.refractory", "%d; it must be 0 (none) to %d microseconds", e.Refractory, event.MaxTime)
	add(e.Split && e.Refractory == 0, "events.split", "has no effect without a refractory period; it must be false")
	add(e.Noise < 0 || e.Noise > event.MaxTime, "events.noise", "%d; it must be 0 (none) to %d microseconds", e.Noise, event.MaxTime)
}

// A listener turns recordings into spikes.
type listener struct {
	Events
	path    event.Path
	ages    []uint32 // of mode "surface": the largest age of every step but the last
	events  []event.Event
	filter  event.Filter
	picture Picture
}

func newListener(e Events, steps int) *listener {
	l := &listener{Events: e}
	if e.Still {
		l.path = event.NMNIST().Path
	}
	if e.Mode == EventsSurface {
		for s := range steps - 1 {
			// (1-exp(-a/tau)) steps < s+1
			limit := math.Round(-e.Tau * math.Log(1-float64(s+1)/float64(steps)))
			l.ages = append(l.ages, uint32(min(limit, math.MaxUint32)))
		}
	}
	return l
}

// listen writes the spikes of a recording into dst, which has the shape and
// the steps already. What is behind the first event that cannot be is left out;
// vary, if it is not nil, changes the others.
func (l *listener) listen(data []byte, dst *spike.Map, vary func([]event.Event) []event.Event) {
	rows, cols := dst.Rows, dst.Cols
	all, _ := event.Decode(data, rows, cols, l.events[:0])
	l.events = all
	if l.Refractory > 0 {
		all = l.filter.WithoutRefractory(all, rows, cols, l.Refractory, l.Split)
	}
	if l.Noise > 0 {
		all = l.filter.WithoutNoise(all, rows, cols, l.Noise)
	}
	if l.Still {
		all = event.Compensate(all, l.path, rows, cols)
	}
	if vary != nil {
		all = vary(all)
	}
	dst.Silence()
	if l.Mode == EventsRank {
		l.picture.Resize(dst.Maps, rows, cols)
		clear(l.picture.At)
	}
	for w := range len(l.Windows) - 1 {
		from, to := uint32(l.Windows[w]), uint32(l.Windows[w+1])
		for len(all) > 0 && all[0].Time < from {
			all = all[1:]
		}
		n := 0
		for n < len(all) && all[n].Time < to {
			n++
		}
		l.window(all[:n], w*l.polarities(), from, to, dst)
		all = all[n:]
	}
	if l.Mode == EventsRank {
		l.picture.Latency(dst)
	}
}

// window writes what the events of a window, whose first channel is given,
// become.
func (l *listener) window(events []event.Event, channel int, from, to uint32, dst *spike.Map) {
	// Of polarities that do not count, no event is a part of any bin.
	kept := events[:0]
	for _, e := range events {
		if l.Polarity == EventsOn && !e.On || l.Polarity == EventsOff && e.On {
			continue
		}
		kept = append(kept, e)
	}
	place := func(e event.Event) int {
		ch := channel
		if l.Polarity == EventsBoth && e.On {
			ch++
		}
		return dst.Index(ch, int(e.Y), int(e.X))
	}
	steps := dst.Steps
	switch l.Mode {
	case EventsFirst:
		for i, e := range kept {
			s := uint64(e.Time-from) * uint64(steps) / uint64(to-from)
			if l.Bins == BinsEvents {
				s = uint64(i) * uint64(steps) / uint64(len(kept))
			}
			if at := place(e); dst.At[at] == spike.Silent {
				dst.At[at] = spike.Step(s)
			}
		}
	case EventsSurface:
		for _, e := range kept {
			age, s := to-e.Time, 0
			for s < len(l.ages) && age > l.ages[s] {
				s++
			}
			dst.At[place(e)] = spike.Step(s) // the last event overwrites the others
		}
	case EventsRank:
		// The picture has channels one after another.
		for _, e := range kept {
			ch := channel
			if l.Polarity == EventsBoth && e.On {
				ch++
			}
			l.picture.At[(ch*dst.Rows+int(e.Y))*dst.Cols+int(e.X)]++
		}
	case EventsCount:
		l.count(kept, place, dst)
	}
}

// count is the mode "count" in a window.
func (l *listener) count(events []event.Event, place func(event.Event) int, dst *spike.Map) {
	l.picture.Resize(dst.Maps, dst.Rows, dst.Cols)
	n := l.picture.At // in the order of dst
	for _, e := range events {
		n[place(e)] = 0
	}
	most := 0.0
	for _, e := range events {
		at := place(e)
		n[at]++
		most = max(most, n[at])
	}
	for _, e := range events {
		at := place(e)
		dst.At[at] = spike.Step(int(most-n[at]) * dst.Steps / int(most))
	}
}
