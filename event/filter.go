package event

// WithoutRefractory drops events that come too soon after another of the same
// pixel, of either polarity: event n of a pixel stays if
//
//	t(n) - t(n-1) > microseconds
//
// where t(n-1) is the time of the event before it, whether that stayed or not;
// so a pixel that fires without pause is silenced after its first event. The
// first event of a pixel counts as preceded by one at -microseconds: at time 0
// it is dropped. This is tonic's RefractoryPeriod. With split, the polarities
// of a pixel count as two pixels.
//
// It works in place and returns what is left of events, which must lie in the
// sensor of rows x cols pixels and in order of time.
func (f *Filter) WithoutRefractory(events []Event, rows, cols, microseconds int, split bool) []Event {
	f.reset(2*rows*cols, -int64(microseconds))
	kept := events[:0]
	for _, e := range events {
		at := int(e.Y)*cols + int(e.X)
		if split && e.On {
			at += rows * cols
		}
		t := int64(e.Time)
		if t-f.memory[at] > int64(microseconds) {
			kept = append(kept, e)
		}
		f.memory[at] = t
	}
	return kept
}

// WithoutNoise drops events that nothing near them goes with: an event at time
// t stays if one of the four pixels beside, above and below it had its last
// event, of either polarity and whether it stayed or not, after
//
//	t - microseconds
//
// Every pixel of a sensor of rows x cols counts as having fired at time 0, so
// all events before the time microseconds stay. This is tonic's Denoise.
//
// It works in place and returns what is left of events, which must lie in the
// sensor and in order of time.
func (f *Filter) WithoutNoise(events []Event, rows, cols, microseconds int) []Event {
	f.reset(rows*cols, 0)
	kept := events[:0]
	for _, e := range events {
		x, y, at := int(e.X), int(e.Y), int(e.Y)*cols+int(e.X)
		t := int64(e.Time)
		f.memory[at] = t
		since := t - int64(microseconds)
		if x > 0 && f.memory[at-1] > since || x < cols-1 && f.memory[at+1] > since ||
			y > 0 && f.memory[at-cols] > since || y < rows-1 && f.memory[at+cols] > since {
			kept = append(kept, e)
		}
	}
	return kept
}

// A Filter is the working memory of filters: the time of every pixel's last
// event. The zero Filter is ready; every goroutine needs one.
type Filter struct {
	memory []int64
}

func (f *Filter) reset(n int, t int64) {
	if cap(f.memory) < n {
		f.memory = make([]int64, n)
	}
	f.memory = f.memory[:n]
	for i := range f.memory {
		f.memory[i] = t
	}
}

// Picture is the recording as a grey picture, Rows*Cols bytes, row by row: how
// many events each pixel has, of either polarity, of which sixteen or more are
// white.
func (r Recording) Picture() []byte {
	pixels := make([]byte, r.Rows*r.Cols)
	for _, e := range r.Events {
		at := &pixels[int(e.Y)*r.Cols+int(e.X)]
		*at = byte(min(255, int(*at)+16))
	}
	return pixels
}

// Crop keeps the events of a window of rows x cols pixels whose first row and
// column are top and left, in coordinates of the window. It works in place.
// The window may reach beyond the sensor; a side is at most [MaxSide].
func Crop(events []Event, top, left, rows, cols int) []Event {
	kept := events[:0]
	for _, e := range events {
		x, y := int(e.X)-left, int(e.Y)-top
		if x < 0 || y < 0 || x >= cols || y >= rows {
			continue
		}
		e.X, e.Y = uint8(x), uint8(y)
		kept = append(kept, e)
	}
	return kept
}
