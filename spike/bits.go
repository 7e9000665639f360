package spike

import "math/bits"

// Bits say which neurons fired at all, one bit a neuron, maps fastest. Every
// position starts at a word of its own, Words(maps) words a position. A layer
// that only decides needs no more of its input than this.
type Bits []uint64

// Words is the number of 64-bit words that a position of n maps takes.
func Words(maps int) int { return (maps + 63) / 64 }

// NewBits returns bits for the shape, none set.
func NewBits(s Shape) Bits { return make(Bits, s.Positions()*Words(s.Maps)) }

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

// FromEvents sets the bits of the neurons that fire, and clears the others.
func (b Bits) FromEvents(e *Events) {
	clear(b)
	w := Words(e.Maps)
	for _, i := range e.Index {
		pos, m := int(i)/e.Maps, int(i)%e.Maps
		b[pos*w+m/64] |= 1 << (m % 64)
	}
}

// Count is the number of neurons that fired.
func (b Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}
