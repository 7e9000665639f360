package spike

import "math/bits"

// Bits say which neurons fired at all, one bit a neuron, maps fastest. Every
// position starts at a word of its own, Words(maps) words a position. A layer
// that only decides needs no more of its input than this.
//
// Of neurons that can fire more than once there are as many bits again, several
// times, behind those of all neurons: in binary, the lowest first, how often
// each fired after its first spike. See [Planes].
type Bits []uint64

// Planes is how many bits tell of a neuron that fires up to most times: one
// that it fired, and as many more as further spikes take in binary.
func Planes(most int) int { return 1 + bits.Len(uint(max(most, 1)-1)) }

// Weight is how many spikes a bit of plane k stands for.
func Weight(k int) int { return 1 << max(k-1, 0) }

// Words is the number of 64-bit words that a position of n maps takes.
func Words(maps int) int { return (maps + 63) / 64 }

// NewBits returns bits for neurons of the shape that fire at most once, none
// set.
func NewBits(s Shape) Bits { return make(Bits, s.Positions()*Words(s.Maps)) }

// NewRepeats returns bits for neurons that fire up to most times, none set.
func NewRepeats(s Shape, most int) Bits { return make(Bits, Planes(most)*len(NewBits(s))) }

// From sets the bits of the neurons of m that fire, and clears the others.
func (b Bits) From(m *Map) {
	w := Words(m.Maps)
	for pos := range m.Positions() {
		row := m.At[pos*m.Maps:][:m.Maps]
		for k := range w {
			var word uint64
			part := row[k*64 : min(k*64+64, m.Maps)]
			for i, s := range part {
				if s != Silent {
					word |= 1 << i
				}
			}
			b[pos*w+k] = word
		}
	}
}

// FromEvents sets the bits of the neurons that fire, and clears the others. If b
// has room for one plane only, a neuron that is listed again changes nothing.
func (b Bits) FromEvents(e *Events) {
	clear(b)
	w := Words(e.Maps)
	plane := e.Positions() * w
	for _, i := range e.Index {
		pos, m := int(i)/e.Maps, int(i)%e.Maps
		at, bit := pos*w+m/64, uint64(1)<<(m%64)
		if b[at]&bit == 0 {
			b[at] |= bit
			continue
		}
		for at += plane; at < len(b); at += plane {
			b[at] ^= bit
			if b[at]&bit != 0 {
				break // nothing is carried on
			}
		}
	}
}

// Count is the number of bits that are set: of neurons that fire at most once,
// of those that do.
func (b Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}
