package quantize

import "firstspike/train"

// Pack lets m be saved with as few bits a weight as the levels of its layers need:
// those on a [Grid] as numbers of levels, all others as they are. What is read back
// has the same weights, bit for bit.
func Pack(m *train.Model) {
	m.Packed = map[string]train.Grid{}
	for _, l := range m.Network.Layers {
		if g, ok := Of(l.Convolution); ok {
			m.Packed[l.Name] = train.Grid{Base: float64(g.Base) * l.Unit(), Step: float64(g.Step) * l.Unit(), Bits: g.Bits()}
		}
	}
}
