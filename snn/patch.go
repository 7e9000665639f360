package snn

// Patch is the layer's neurons of one position alone: a layer on an input of
// the size of the kernel, without padding, that has the weights and thresholds
// of c. While it learns c must not be used; [Convolution.Adopt] brings c up to
// date.
func (c *Convolution) Patch() *Convolution {
	g := Geometry{In: c.In, Maps: c.Maps, Kernel: c.Kernel, Most: c.Most}
	g.In.Rows, g.In.Cols = c.Kernel.Rows, c.Kernel.Cols
	p := &Convolution{
		Geometry: g, Threshold: c.Threshold, Fires: c.Fires,
		weights: c.weights, quanta: c.quanta, rows: c.rows, width: c.width,
		bits: c.bits, limit: c.limit, most: c.most, signed: c.signed, bound: c.bound, held: c.held,
	}
	if c.head != nil {
		p.head = append(p.head, c.head...)
	}
	p.aim()
	return p
}

// Adopt takes over what a patch of c has learned.
func (c *Convolution) Adopt(p *Convolution) {
	c.counted.Store(nil)
	c.limit, c.most, c.signed, c.held = p.limit, p.most, p.signed, p.held
	c.head = append(c.head[:0:0], p.head...)
}
