package conform

import (
	"fmt"

	"firstspike/spike"
)

// A place is a position of a layer at which something can fire.
type place struct {
	contenders []contender // of any map that can fire
	possible   []int       // of them: those that can survive pointwise inhibition
	certain    bool        // something fires for certain
}

// judge says why the trace's winners cannot be right, or "" if they can be,
// given that every potential may be off by a tie. It goes through the list as
// the choice of winners does, but rejects a winner only if it is certain that
// another comes first.
func (s *student) judge(in *spike.Map, want []spike.Neuron) string {
	places := s.places(in)
	for i, n := range want {
		for j, w := range want[:i] {
			if s.inhibits(w, n) {
				return fmt.Sprintf("winner %d inhibits winner %d", j, i)
			}
		}
		var c *contender
		p := &places[n.Row*s.layer.Out().Cols+n.Col]
		for _, k := range p.possible {
			if p.contenders[k].Map == n.Map {
				c = &p.contenders[k]
			}
		}
		if c == nil {
			for _, x := range p.contenders {
				if x.Map == n.Map {
					return fmt.Sprintf("at the position of winner %d another map fires first", i)
				}
			}
			return fmt.Sprintf("winner %d of the trace does not reach the threshold", i)
		}
		if x := s.certain(places, want[:i], func(x *contender) bool { return x.before(c) }); x != nil {
			return fmt.Sprintf("before winner %d of the trace comes %s", i, name(x.Neuron))
		}
	}
	if len(want) < s.layer.Select.K {
		if x := s.certain(places, want, func(*contender) bool { return true }); x != nil {
			return fmt.Sprintf("the trace has only %d winners, but %s fires uninhibited", len(want), name(x.Neuron))
		}
	}
	return ""
}

// certain looks for a place from which, for certain, a neuron comes that no
// winner inhibits and for which ok holds.
func (s *student) certain(places []place, winners []spike.Neuron, ok func(*contender) bool) *contender {
	for i := range places {
		p := &places[i]
		all := p.certain
		for _, k := range p.possible {
			x := &p.contenders[k]
			for _, w := range winners {
				all = all && !s.inhibits(w, x.Neuron)
			}
			if all = all && ok(x); !all {
				break
			}
		}
		if all {
			return &p.contenders[p.possible[0]]
		}
	}
	return nil
}

// inhibits reports whether a winner keeps a neuron from winning.
func (s *student) inhibits(w, n spike.Neuron) bool {
	r := s.layer.Select.Radius
	dy, dx := max(w.Row-n.Row, n.Row-w.Row), max(w.Col-n.Col, n.Col-w.Col)
	return w.Map == n.Map || r > 0 && dy <= r && dx <= r
}

// places works out for all positions what can fire.
func (s *student) places(in *spike.Map) []place {
	out := s.layer.Out()
	places := make([]place, out.Positions())
	for pos := range places {
		p := &places[pos]
		first := -1 // the contender that certainly beats whatever another certainly beats
		for m := range out.Maps {
			c := contender{Neuron: out.Neuron(m, pos)}
			if c.follow(s.conv, s.conv.Weight(m), in, c.Neuron); c.first == in.Steps {
				continue
			}
			p.contenders = append(p.contenders, c)
			if first < 0 || c.firmer(&p.contenders[first]) {
				first = len(p.contenders) - 1
			}
		}
		for k := range p.contenders {
			if !p.contenders[first].before(&p.contenders[k]) {
				p.possible = append(p.possible, k)
			}
		}
		p.certain = first >= 0 && p.contenders[first].last < in.Steps
	}
	return places
}

// A contender is a neuron that may win.
type contender struct {
	spike.Neuron
	course
}

// before reports whether a is ahead of b for certain: earlier, or as early
// and higher by more than a tie. The lower index does not count: the order of
// equal numbers is a tie.
func (a *contender) before(b *contender) bool {
	if a.last != b.first {
		return a.last < b.first
	}
	return a.last < len(a.p) && a.p[a.last] > b.p[a.last]+band(a.p[a.last])
}

// firmer reports whether a is certainly ahead of whatever b is.
func (a *contender) firmer(b *contender) bool {
	if a.last != b.last || a.last == len(a.p) {
		return a.last < b.last
	}
	return a.p[a.last] > b.p[b.last]
}
