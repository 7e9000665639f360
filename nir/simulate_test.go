package nir_test

import (
	"math"
	"testing"

	"firstspike/nir"
	"firstspike/spike"
	"firstspike/tensorfile"
)

// A simulator computes a graph step by step, as its nodes say and as the graph's
// metadata say of time. It knows nothing of layers.
type simulator struct {
	t       testing.TB
	nodes   []nir.Node
	inputs  map[string][]string
	shapes  map[string][]int
	numbers map[string][]float64 // a node's parameter, as node/parameter
}

func parameter(n nir.Node, name string) tensorfile.Tensor {
	for _, p := range n.Parameters {
		if p.Name == name {
			return p
		}
	}
	return tensorfile.Tensor{}
}

// numbers are the values of a tensor.
func numbers(t testing.TB, x tensorfile.Tensor) []float64 {
	t.Helper()
	if x.DType == tensorfile.I64 {
		list, err := x.Ints()
		if err != nil {
			t.Fatal(err)
		}
		v := make([]float64, len(list))
		for i, n := range list {
			v[i] = float64(n)
		}
		return v
	}
	v, err := x.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newSimulator takes a graph whose edges lead from a node to later ones.
func newSimulator(t testing.TB, g *nir.Graph) *simulator {
	s := &simulator{t: t, nodes: g.Nodes, inputs: map[string][]string{}, shapes: map[string][]int{}, numbers: map[string][]float64{}}
	for _, e := range g.Edges {
		s.inputs[e.To] = append(s.inputs[e.To], e.From)
	}
	for _, n := range g.Nodes {
		for _, p := range n.Parameters {
			s.numbers[n.Name+"/"+p.Name] = numbers(t, p)
		}
		var in []int
		for _, from := range s.inputs[n.Name] {
			if in = s.shapes[from]; in == nil {
				t.Fatalf("node %s reads %s, which does not come before it", n.Name, from)
			}
		}
		s.shapes[n.Name] = s.shape(n, in)
	}
	return s
}

func (s *simulator) ints(n nir.Node, name string) []int {
	var v []int
	for _, x := range s.numbers[n.Name+"/"+name] {
		v = append(v, int(x))
	}
	return v
}

// shape is the shape of what a node gives. It holds it against what the node says
// of shapes.
func (s *simulator) shape(n nir.Node, in []int) []int {
	same := func(want []int) []int {
		if in != nil && len(in) != len(want) {
			s.t.Fatalf("node %s has shape %v; it reads %v", n.Name, want, in)
		}
		for i := range in {
			if in[i] != want[i] {
				s.t.Fatalf("node %s has shape %v; it reads %v", n.Name, want, in)
			}
		}
		return want
	}
	switch n.Type {
	case "Input", "Output":
		return same(s.ints(n, "shape"))
	case "Conv2d":
		w, size, st, pad := parameter(n, "weight").Shape, s.ints(n, "input_shape"), s.ints(n, "stride"), s.ints(n, "padding")
		same([]int{w[1], size[0], size[1]})
		return []int{w[0], (size[0]+2*pad[0]-w[2])/st[0] + 1, (size[1]+2*pad[1]-w[3])/st[1] + 1}
	case "SumPool2d":
		k, st, pad := s.ints(n, "kernel_size"), s.ints(n, "stride"), s.ints(n, "padding")
		return []int{in[0], (in[1]+2*pad[0]-k[0])/st[0] + 1, (in[2]+2*pad[1]-k[1])/st[1] + 1}
	case "Flatten":
		total := 1
		for _, d := range same(s.ints(n, "input_type")) {
			total *= d
		}
		return []int{total}
	case "Linear", "Affine":
		w := parameter(n, "weight").Shape
		same(w[1:])
		return w[:1]
	case "I":
		return same(parameter(n, "r").Shape)
	case "IF":
		same(parameter(n, "v_reset").Shape)
		same(parameter(n, "r").Shape)
		return same(parameter(n, "v_threshold").Shape)
	}
	s.t.Fatalf("node %s is a %s", n.Name, n.Type)
	return nil
}

// run gives what every Output has at every step.
func (s *simulator) run(in *spike.Map, steps int) map[string][][]float64 {
	out, state := map[string][][]float64{}, map[string][]float64{}
	for t := range steps {
		value := map[string][]float64{}
		for _, n := range s.nodes {
			var x []float64
			for _, from := range s.inputs[n.Name] {
				x = value[from] // one edge leads to every node
			}
			p := func(name string) []float64 { return s.numbers[n.Name+"/"+name] }
			switch n.Type {
			case "Input":
				x = make([]float64, in.Neurons())
				for i, step := range in.Major() {
					if int(step) == t {
						x[i] = 1
					}
				}
			case "Output":
				out[n.Name] = append(out[n.Name], x)
			case "Conv2d":
				x = s.convolve(n, x)
			case "SumPool2d":
				x = s.sum(n, x)
			case "Linear", "Affine":
				y := make([]float64, parameter(n, "weight").Shape[0])
				copy(y, p("bias"))
				for i := range y {
					for j, w := range p("weight")[i*len(x):][:len(x)] {
						y[i] += float64(w * x[j])
					}
				}
				x = y
			case "I", "IF":
				v := state[n.Name]
				if v == nil {
					v = make([]float64, len(x))
					state[n.Name] = v
				}
				y := make([]float64, len(x))
				for i := range x {
					v[i] += float64(p("r")[i] * x[i])
					if y[i] = v[i]; n.Type == "IF" {
						y[i] = 0
						if v[i] > p("v_threshold")[i] {
							y[i], v[i] = 1, p("v_reset")[i]
						}
					}
				}
				x = y
			}
			value[n.Name] = x
		}
	}
	return out
}

func (s *simulator) convolve(n nir.Node, x []float64) []float64 {
	w, shape, st, pad := s.numbers[n.Name+"/weight"], parameter(n, "weight").Shape, s.ints(n, "stride"), s.ints(n, "padding")
	rows, cols := s.ints(n, "input_shape")[0], s.ints(n, "input_shape")[1]
	out := s.shapes[n.Name]
	var y []float64
	for m := range out[0] {
		for r := range out[1] {
			for c := range out[2] {
				sum := s.numbers[n.Name+"/bias"][m]
				for i := range shape[1] {
					for k := range shape[2] {
						for l := range shape[3] {
							row, col := r*st[0]-pad[0]+k, c*st[1]-pad[1]+l
							if row >= 0 && row < rows && col >= 0 && col < cols {
								sum += float64(w[((m*shape[1]+i)*shape[2]+k)*shape[3]+l] * x[(i*rows+row)*cols+col])
							}
						}
					}
				}
				y = append(y, sum)
			}
		}
	}
	return y
}

func (s *simulator) sum(n nir.Node, x []float64) []float64 {
	k, st, pad := s.ints(n, "kernel_size"), s.ints(n, "stride"), s.ints(n, "padding")
	in, out := s.shapes[s.inputs[n.Name][0]], s.shapes[n.Name]
	var y []float64
	for m := range out[0] {
		for r := range out[1] {
			for c := range out[2] {
				sum := 0.
				for row := max(r*st[0]-pad[0], 0); row < min(r*st[0]-pad[0]+k[0], in[1]); row++ {
					for col := max(c*st[1]-pad[1], 0); col < min(c*st[1]-pad[1]+k[1], in[2]); col++ {
						sum += x[(m*in[1]+row)*in[2]+col]
					}
				}
				y = append(y, sum)
			}
		}
	}
	return y
}

// decide reads what the outputs have had, as the graph's metadata say.
func decide(t testing.TB, g *nir.Graph, out map[string][][]float64) int {
	steps := len(out["output"])
	end := out["output"][steps-1]
	best := -1
	switch g.Metadata.Text["decision_kind"] {
	case "highest potential":
		for i, v := range end {
			if v > 0 && (best < 0 || v > end[best]) {
				best = i
			}
		}
	case "first spike":
		for s := 0; s < steps && best < 0; s++ {
			highest := math.Inf(-1)
			for i, fires := range out["output"][s] {
				if v := out["potential"][s][i]; fires > 0 && v > highest {
					best, highest = i, v
				}
			}
		}
	case "linear SVM":
		for _, fired := range out["spikes"] {
			for _, x := range fired {
				if x > 0 {
					best = 0
				}
			}
		}
		for c, v := range end {
			if best >= 0 && v > end[best] {
				best = c
			}
		}
		return best
	default:
		t.Fatalf("decision_kind %q", g.Metadata.Text["decision_kind"])
	}
	if best < 0 {
		return -1
	}
	for _, x := range g.Metadata.Numbers {
		if x.Name == "classes" {
			classes := numbers(t, x)
			last := parameter(output(g), "shape")
			maps := numbers(t, last)[0]
			if len(classes) == int(maps) {
				best /= len(end) / int(maps)
			}
			return int(classes[best])
		}
	}
	t.Fatal("no classes")
	return -1
}

func output(g *nir.Graph) nir.Node {
	for _, n := range g.Nodes {
		if n.Name == "output" {
			return n
		}
	}
	return nir.Node{}
}
