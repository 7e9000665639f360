package event

// A Knot is a point of a path: where the picture's middle lies at a time, off
// the sensor's middle.
type Knot struct {
	Time int // microseconds
	X, Y int // 1/256 pixel, to the right and downwards
}

// A Path is how a picture moves over the sensor: on straight lines between its
// knots, which come in order of time, and at rest before the first and after
// the last. The zero Path is no motion.
type Path []Knot

// At is where the picture's middle lies at a time, in 1/256 pixel off the
// sensor's middle, rounded towards the earlier knot.
func (p Path) At(microseconds int) (x, y int) {
	if len(p) == 0 {
		return 0, 0
	}
	if microseconds <= p[0].Time {
		return p[0].X, p[0].Y
	}
	for i, b := range p[1:] {
		if a := p[i]; microseconds < b.Time {
			at, whole := microseconds-a.Time, b.Time-a.Time
			return a.X + (b.X-a.X)*at/whole, a.Y + (b.Y-a.Y)*at/whole
		}
	}
	end := p[len(p)-1]
	return end.X, end.Y
}

// Compensate moves every event back by the path, to the nearest pixel, so that
// the edges of what moved along it lie where they would be without motion. An
// event that thereby leaves the sensor of rows x cols pixels is dropped. It
// works in place.
func Compensate(events []Event, p Path, rows, cols int) []Event {
	kept := events[:0]
	for _, e := range events {
		dx, dy := p.At(int(e.Time))
		x, y := int(e.X)-(dx+128)>>8, int(e.Y)-(dy+128)>>8
		if x < 0 || y < 0 || x >= cols || y >= rows {
			continue
		}
		e.X, e.Y = uint8(x), uint8(y)
		kept = append(kept, e)
	}
	return kept
}
