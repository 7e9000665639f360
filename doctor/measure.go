package doctor

import (
	"context"
	"slices"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/internal/parallel"
	"firstspike/spike"
	"firstspike/train"
)

// measure fills in what the encoding and every layer do with the sample.
func (x *Exam) measure(ctx context.Context, m *train.Model, sample *dataset.Set, workers int) error {
	e := m.Experiment
	fresh, err := train.Untrained(e)
	if err != nil {
		return err
	}
	as := e.Clone()
	for i, l := range as.Layers {
		as.Layers[i].Weights = train.Normal{Mean: usual(l.Learn), Std: 0.05 * (l.Learn.Upper - l.Learn.Lower)}
	}
	common, err := train.Untrained(as)
	if err != nil {
		return err
	}
	in, err := x.encode(ctx, m, sample, workers)
	if err != nil {
		return err
	}
	for i, l := range m.Network.Layers {
		out := make([]spike.Events, len(in))
		layer, winners, err := listen(ctx, e, i, l, fresh.Network.Layers[i], common.Network.Layers[i], in, out, workers)
		if err != nil {
			return err
		}
		layer.weigh(e.Layers[i], l.Convolution, fresh.Network.Layers[i].Convolution)
		layer.View = view(e, i)
		x.Layers = append(x.Layers, layer)
		if i == len(m.Network.Layers)-1 && e.Layers[i].Learn.Rule == train.RuleRSTDP {
			x.Decision = decide(m, sample, winners)
		}
		in = out
	}
	return nil
}

// encode makes spikes of the sample, and measures them.
func (x *Exam) encode(ctx context.Context, m *train.Model, sample *dataset.Set, workers int) ([]spike.Events, error) {
	e := m.Experiment
	if _, err := m.Encoder(); err != nil {
		return nil, err
	}
	events := make([]spike.Events, sample.Len())
	responses := make([][]float64, sample.Len())
	outputs := make([]int, sample.Len())
	err := parallel.Each(ctx, sample.Len(), workers, func() func(int) {
		encoder, _ := m.Encoder() // it was built once above
		kernels := encoder.Kernels()
		var image spike.Map
		var list spike.Events
		var picture encode.Picture
		return func(i int) {
			encoder.Encode(sample.Image(i), &image)
			list.From(&image)
			events[i] = list.Clone()
			picture.Filter(kernels, e.Encode.Pad, sample.Image(i), e.Data.Rows, e.Data.Cols)
			outputs[i] = len(picture.At)
			for _, v := range picture.At {
				if v > 0 {
					responses[i] = append(responses[i], v)
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	p := &x.Input
	p.margins(e, sample)
	p.Neurons = e.Encode.Shape(e.Data.Rows, e.Data.Cols).Neurons()
	p.Steps = make([]float64, e.Encode.Steps)
	spikes, silent := 0, 0
	for i := range events {
		spikes += len(events[i].Index)
		if len(events[i].Index) == 0 {
			silent++
		}
		for t := range events[i].Steps() {
			p.Steps[t] += float64(len(events[i].Step(t)))
		}
		p.responses = append(p.responses, responses[i]...)
		p.outputs += outputs[i]
	}
	for t := range p.Steps {
		p.Steps[t] /= float64(len(events))
	}
	p.Spikes, p.Silent = ratio(spikes, len(events)), ratio(silent, len(events))
	slices.Sort(p.responses)
	p.Responses = quantiles(p.responses)
	return events, nil
}

// margins measures what the padding leaves out of the image, and what it adds.
func (p *Input) margins(e train.Experiment, sample *dataset.Set) {
	shape := e.Encode.Responses(e.Data.Rows, e.Data.Cols)
	top, left := (e.Data.Rows-shape.Rows)/2, (e.Data.Cols-shape.Cols)/2
	all, missed := 0, 0
	for i := range sample.Len() {
		for j, v := range sample.Image(i) {
			y, x := j/e.Data.Cols, j%e.Data.Cols
			all += int(v)
			if y < top || y >= e.Data.Rows-top || x < left || x >= e.Data.Cols-left {
				missed += int(v)
			}
		}
	}
	p.Missed = ratio(missed, all)
	p.Outside = 1 - ratio(min(shape.Rows, e.Data.Rows)*min(shape.Cols, e.Data.Cols), shape.Positions())
}

func decide(m *train.Model, sample *dataset.Set, winners [][]spike.Spike) *Decision {
	classes := m.Experiment.Data.Classes
	d := &Decision{Said: make([]int, classes), Seen: make([]int, classes), Chosen: make([]int, classes)}
	chosen := map[spike.Neuron]bool{}
	byMap := len(m.Decision) == m.Network.Layers[len(m.Network.Layers)-1].Maps
	for i, w := range winners {
		d.Seen[sample.Label(i)]++
		if len(w) == 0 {
			d.Silent++
			continue
		}
		class := m.Class(w[0].Neuron)
		d.Said[class]++
		if n := w[0].Neuron; byMap {
			chosen[spike.Neuron{Map: n.Map}] = true
		} else {
			chosen[n] = true
		}
		if class == sample.Label(i) {
			d.Right++
		} else {
			d.Wrong++
		}
	}
	for n := range chosen {
		d.Chosen[m.Class(n)]++
	}
	return d
}
