package encode

import "firstspike/spike"

// A Pool is max-pooling of intensities: complex cells, which answer to an edge
// anywhere in their field as simple cells do to one in a place. The zero Pool is
// none.
type Pool struct {
	Window int `toml:"window"` // rows and columns of the window; 0 is no pooling
	Stride int `toml:"stride"` // step of the window; 0 is Window, windows side by side
	Pad    int `toml:"pad"`    // rows and columns added on every side that hold nothing, at most Window/2
}

func (p Pool) spikes() spike.Pool { return spike.Pool{Window: p.Window, Stride: p.Stride, Pad: p.Pad} }

// Apart is how many responses lie from one pooled intensity to the next: 1
// without pooling.
func (p Pool) Apart() int { return p.spikes().Apart() }

// Pool makes of the intensities in a window the highest, channel by channel.
// Rows and columns that do not fill a window are dropped.
func (p *Picture) Pool(by Pool) {
	if by.Window == 0 {
		p.origins = p.origins[:0]
		return
	}
	in := spike.Shape{Maps: p.Channels, Rows: p.Rows, Cols: p.Cols}
	out := by.spikes().Shape(in)
	p.sums = append(p.sums[:0], p.At...)
	p.Resize(out.Maps, out.Rows, out.Cols)
	if n := out.Neurons(); cap(p.origins) < n {
		p.origins = make([]int32, n)
	} else {
		p.origins = p.origins[:n]
	}
	i := 0
	for ch := range out.Maps {
		from := p.sums[ch*in.Positions():][:in.Positions()]
		for r := range out.Rows {
			for c := range out.Cols {
				top, left := r*by.Apart()-by.Pad, c*by.Apart()-by.Pad
				best := max(top, 0)*in.Cols + max(left, 0)
				for y := max(top, 0); y < min(top+by.Window, in.Rows); y++ {
					for x := max(left, 0); x < min(left+by.Window, in.Cols); x++ {
						if from[y*in.Cols+x] > from[best] {
							best = y*in.Cols + x
						}
					}
				}
				p.At[i], p.origins[i] = from[best], int32(best)
				i++
			}
		}
	}
}

// Origin is where the last image had the response of which an intensity is
// made: its own place, or, behind pooling, that of the highest in its window,
// in rows and columns of [Config.Responses]. Only after [Encoder.Intensities].
func (e *Encoder) Origin(channel, row, col int) (int, int) {
	p := &e.picture
	if e.config.Pool.Window == 0 {
		return row, col
	}
	at, cols := int(p.origins[(channel*p.Rows+row)*p.Cols+col]), e.config.Responses(e.rows, e.cols).Cols
	return at / cols, at % cols
}

// pointwise leaves of the spikes at each position that which is first: the
// earliest, of equally early ones that of the highest intensity, of equal ones
// that of the first channel. The last image must be in e.picture.
func (e *Encoder) pointwise(m *spike.Map) {
	p, n := &e.picture, m.Positions()
	for pos := range n {
		at := m.At[pos*m.Maps : (pos+1)*m.Maps]
		best := 0
		for ch := 1; ch < len(at); ch++ {
			ahead := at[ch] < at[best]
			if at[ch] == at[best] {
				ahead = float32(p.At[ch*n+pos]) > float32(p.At[best*n+pos])
			}
			if ahead {
				best = ch
			}
		}
		for ch := range at {
			if ch != best {
				at[ch] = spike.Silent
			}
		}
	}
}

// poolFaults is what is wrong with the stations behind the filters, whose
// responses have a shape.
func (c Config) poolFaults(responses spike.Shape, add func(bad bool, path, format string, args ...any)) {
	if err := c.Pool.spikes().Check(responses); err != nil {
		add(true, "pool", "%w", err)
	}
	add(c.Pointwise && len(c.Filters) == 1, "pointwise", "has no effect on a single channel; it must be false")
}
