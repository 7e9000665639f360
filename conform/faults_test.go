package conform_test

import (
	"slices"
	"testing"

	"firstspike/conform"
	"firstspike/snn"
	"firstspike/tensorfile"
)

// Every fault must be found, and in its own stages only.
func TestFaults(t *testing.T) {
	const forward = 30 * 28 * 28 // neurons of S1
	for _, c := range []struct {
		name, file string
		fault      func(t *testing.T, f *tensorfile.File, m *conform.Model)
		stages     []string
	}{
		{"encoding: a spike that is late", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "w1")
			edit(t, f, "input_latency", func(v []uint8) {
				i := slices.Index(v, 2)
				v[i] = 9
			})
		}, []string{"encoding"}},
		{"encoding: two steps exchanged", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "w1")
			edit(t, f, "input_latency", func(v []uint8) {
				for i := range v {
					switch v[i] {
					case 6:
						v[i] = 7
					case 7:
						v[i] = 6
					}
				}
			})
		}, []string{"encoding"}},
		{"encoding: another image", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "test_ids", func(v []int64) { v[1] = 2 })
		}, []string{"encoding", "labels"}},
		{"encoding: another cut", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "train1_winners", "train2_c1_latency")
			m.Encode.Threshold = 52
		}, []string{"encoding"}},
		{"encoding: another radius", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "train1_winners", "train2_c1_latency")
			m.Encode.Normalise = 7
		}, []string{"encoding"}},
		{"S1: a spike a step late", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s1_latency", func(v []uint8) { v[clear(t, f, 0)]++ })
			remove(f, "c1_latency", "s1_potential")
		}, []string{"S1 first spikes"}},
		{"S1: a spike lost", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s1_latency", func(v []uint8) { v[clear(t, f, forward)] = 15 })
			remove(f, "c1_latency")
		}, []string{"S1 first spikes", "S1 potentials"}},
		{"S1: a potential off by 1 %", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s1_potential", func(v []float32) { v[clear(t, f, 0)] *= 1.01 })
		}, []string{"S1 potentials"}},
		{"S1: a potential of a silent neuron", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s1_potential", func(v []float32) { v[slices.Index(v, 0)] = 14.99 })
		}, []string{"S1 potentials"}},
		{"S1: two maps exchanged", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "w1", func(v []float32) { exchange(v, 150, 3, 4) })
		}, []string{"S1 first spikes", "S1 potentials", "S2 learning: input"}},
		{"S1: another threshold", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "train1_winners", "train2_c1_latency", "s1_potential")
			m.S1.Threshold = 15.01
		}, []string{"S1 first spikes"}},
		{"C1: a spike lost", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "w2")
			edit(t, f, "c1_latency", func(v []uint8) { v[spiking(v)] = 15 })
		}, []string{"C1 pooled spikes"}},
		{"S2: weights turned around", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "w2", func(v []float32) {
				for i := 0; i < len(v); i += 9 {
					slices.Reverse(v[i : i+9])
				}
			})
		}, []string{"S2 first spikes", "S2 potentials"}},
		{"S2: a potential off by 1 %", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s2_potential", func(v []float32) {
				i := slices.IndexFunc(v, func(p float32) bool { return p > 10.5 })
				v[i] *= 0.99
			})
		}, []string{"S2 potentials"}},
		{"C2: a spike too early", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "c2_latency", func(v []uint8) { v[slices.Index(v, 15)] = 14 })
		}, []string{"C2 pooled spikes"}},
		{"a label", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "label", func(v []uint8) { v[1]++ })
		}, []string{"labels"}},
		{"S1 learning: a winner next to the right one", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train1_winners", func(v []int16) { v[(11*5+1)*3+2]++ })
		}, []string{"S1 learning: winners", "S1 learning: weights"}},
		{"S1 learning: winners in another order", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train1_winners", func(v []int16) { exchange(v, 3, 0, 4) })
		}, []string{"S1 learning: winners"}},
		{"S1 learning: the last winner lost", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train1_winners", func(v []int16) { copy(v[len(v)-3:], []int16{-1, -1, -1}) })
		}, []string{"S1 learning: winners", "S1 learning: weights"}},
		{"S1 learning: a weight off by 0.001", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train1_w_after", func(v []float32) { v[777] += 1e-3 })
		}, []string{"S1 learning: weights"}},
		{"S1 learning: images in another order", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "train2_c1_latency")
			edit(t, f, "stdp_ids", func(v []int64) { v[3], v[4] = v[4], v[3] })
		}, []string{"S1 learning: winners", "S1 learning: weights"}},
		{"S1 learning: another radius", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) { m.S1.Select.Radius = 2 },
			[]string{"S1 learning: winners"}},
		{"S1 learning: rates that do not double", "doubling.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) { m.S1.Doubling = snn.Doubling{} },
			[]string{"S1 learning: weights"}},
		{"S1 learning: rates that double an image late", "doubling.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) { m.S1.Doubling.Every = 501 },
			[]string{"S1 learning: winners", "S1 learning: weights"}},
		{"S1 learning: another ratio", "doubling.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) { m.S1.Doubling.Ratio = -0.7 },
			[]string{"S1 learning: weights"}},
		{"S2 learning: an input lost", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "train2_w_before")
			edit(t, f, "train2_c1_latency", func(v []uint8) { v[spiking(v)] = 15 })
		}, []string{"S2 learning: input"}},
		{"S2 learning: a winner", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train2_winners", func(v []int16) { v[(11*8+3)*3] = (v[(11*8+3)*3] + 1) % 250 })
		}, []string{"S2 learning: winners", "S2 learning: weights"}},
		{"S2 learning: the paper's radius", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) { m.S2.Select.Radius = 2 },
			[]string{"S2 learning: winners"}},
		{"S2 learning: weights before and after exchanged", "spyketorch.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "train2_winners")
			for i, a := range f.Tensors {
				switch a.Name {
				case "train2_w_before":
					f.Tensors[i].Name = "train2_w_after"
				case "train2_w_after":
					f.Tensors[i].Name = "train2_w_before"
				}
			}
			set(t, f, "train2_winners", []int{12, 8, 3}, slices.Repeat([]int16{-1}, 12*8*3))
		}, []string{"S2 learning: winners", "S2 learning: weights"}},
		{"S3: a potential off by 1 %", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s3_potential", func(v []float32) { v[100] *= 1.01 })
		}, []string{"S3 potentials"}},
		{"S3: another map wins", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s3_winner", func(v []int64) { v[0] ^= 1 })
			remove(f, "decision")
		}, []string{"S3 winners"}},
		{"S3: another position wins", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s3_winner", func(v []int64) { v[2] = (v[2] + 1) % 4 })
		}, []string{"S3 winners"}},
		{"S3: a decision that is not the winner's", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "decision", func(v []int64) { v[0] = (v[0] + 1) % 10 })
		}, []string{"S3 decisions"}},
		{"S3: a decision without a winner to it", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			remove(f, "s3_winner")
			edit(t, f, "decision", func(v []int64) { v[0] = (v[0] + 1) % 10 })
		}, []string{"S3 decisions"}},
		{"S3: a silent image that is decided", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "s3_winner", func(v []int64) { copy(v[6:], []int64{0, 0, 0}) })
			edit(t, f, "decision", func(v []int64) { v[2] = 0 })
		}, []string{"S3 winners", "S3 decisions"}},
		{"S3: class by flat index", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			for i := range m.Decision {
				m.Decision[i] = i % 10
			}
		}, []string{"S3 decisions", "S3 learning: winners", "S3 learning: decisions", "S3 learning: weights"}},
		{"S3 learning: a winner", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train3_winners", func(v []int64) { v[28*3] ^= 1 })
		}, []string{"S3 learning: winners", "S3 learning: weights"}},
		{"S3 learning: a decision", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train3_decisions", func(v []int64) { v[5] = (v[5] + 1) % 10 })
		}, []string{"S3 learning: decisions"}},
		{"S3 learning: a label", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train3_labels", func(v []uint8) { v[0] = (v[0] + 1) % 10 })
		}, []string{"S3 learning: winners", "S3 learning: weights", "S3 learning: labels"}},
		{"S3 learning: another count", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train3_batch", func(v []int64) { v[0] = 8 })
		}, []string{"S3 learning: winners", "S3 learning: weights"}},
		{"S3 learning: no adaptation", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train3_batch", func(v []int64) { v[0] = 1000 })
		}, []string{"S3 learning: winners", "S3 learning: weights"}},
		{"S3 learning: an upper bound of 1", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			m.S3.Reward.Upper, m.S3.Punish.Upper = 1, 1
		}, []string{"S3 learning: winners", "S3 learning: weights"}},
		{"S3 learning: a weight off by 0.001", "reward.npz", func(t *testing.T, f *tensorfile.File, m *conform.Model) {
			edit(t, f, "train3_w_after", func(v []float32) { v[123456] -= 1e-3 })
		}, []string{"S3 learning: weights"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, m := load(t, c.file), model(t)
			c.fault(t, f, &m)
			r := mustCheck(t, f, m)
			_, differing, _ := outcome(r)
			if !slices.Equal(differing, c.stages) {
				t.Errorf("stages %q differ; want %q", differing, c.stages)
			}
			if r.OK() {
				t.Error("the report is OK")
			}
			for _, s := range r.Stages {
				if (s.First != "") != (s.Differing > 0) || s.Tied+s.Differing > s.Compared {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

// clear is an S1 neuron of spyketorch.npz, from the given one on, whose
// potential is well above the threshold when it fires, with steps to come.
func clear(t *testing.T, f *tensorfile.File, from int) int {
	t.Helper()
	potential, err := f.Tensor("s1_potential")
	if err != nil {
		t.Fatal(err)
	}
	p, err := potential.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	latency, err := f.Tensor("s1_latency")
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < len(p); i++ {
		if p[i] > 15.5 && latency.Data[i] < 13 {
			return i
		}
	}
	t.Fatal("no such neuron")
	return 0
}

// spiking is a neuron that fires.
func spiking(v []uint8) int { return slices.IndexFunc(v, func(s uint8) bool { return s < 15 }) }

// exchange exchanges items i and j of n elements each.
func exchange[T any](v []T, n, i, j int) {
	for k := range n {
		v[i*n+k], v[j*n+k] = v[j*n+k], v[i*n+k]
	}
}
