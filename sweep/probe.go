package sweep

import (
	"context"
	"os"
	"slices"

	"firstspike/train"
)

// An Estimate is what a training will take with one goroutine, from a short one.
type Estimate struct {
	Before float64 // seconds for the layers before the last
	Last   float64 // seconds for the last layer
	Memory int64   // bytes
}

// Probe trains an experiment for a moment, with few images and epochs, and
// extrapolates. Later epochs of a long training are faster, because weights
// hardly change any more: the estimate is rather too high.
func Probe(ctx context.Context, e train.Experiment, data *Data) (est Estimate, err error) {
	images, test, err := data.Open(e)
	if err != nil {
		return est, err
	}
	learn, _, err := e.Split(images)
	if err != nil {
		return est, err
	}
	small := e.Clone()
	const most = 1500 // images; 5 seconds or less
	const epochs = 3
	held := min(most/5, e.Protocol.Validation)
	if n := min(most, learn.Len()); small.Data.Limit == 0 || small.Data.Limit > n+held {
		small.Data.Limit = n + held
	}
	small.Protocol.Validation = held
	small.Data.Group = ""
	for i := range small.Layers {
		l := &small.Layers[i].Learn
		l.Epochs, l.Until = min(l.Epochs, epochs), 0
	}
	dir, err := os.MkdirTemp("", "firstspike-probe-")
	if err != nil {
		return est, err
	}
	defer os.RemoveAll(dir)
	took := map[string][]float64{} // seconds of each epoch of a layer
	before := 0.0
	t, err := train.Create(dir, small, train.Options{Train: images, Test: test, Workers: 1, Untested: true, Observer: train.ObserverFunc(func(e train.Event) {
		if end, ok := e.(train.EpochEnd); ok {
			took[end.Layer] = append(took[end.Layer], end.Seconds-before)
			before = end.Seconds
		}
	})})
	if err != nil {
		return est, err
	}
	defer t.Close()
	if _, err := t.Run(ctx); err != nil {
		return est, err
	}
	shown, _, err := small.Split(images)
	if err != nil {
		return est, err
	}
	scale := float64(learn.Len()) / float64(shown.Len())
	for i, l := range e.Layers {
		of := took[l.Name]
		if len(of) == 0 {
			continue
		}
		// The first epoch has to make what the layer is shown.
		seconds := of[0]
		if later := of[1:]; len(later) > 0 {
			seconds += float64(l.Learn.Epochs-1) * slices.Min(later)
		}
		if i < len(e.Layers)-1 {
			est.Before += scale * seconds
		} else {
			est.Last += scale * seconds
		}
	}
	est.Memory = e.Memory(learn.Len() + e.Protocol.Validation)
	return est, nil
}

// Estimate probes some points of the first rung, and returns how long all jobs
// of all rungs take, so many side by side; how long they would take if every one
// learned its first layers itself; and the most memory that one takes.
func (p *Plan) Estimate(ctx context.Context, slots int) (seconds, alone float64, memory int64, err error) {
	const most = 3 // points
	var probes []Estimate
	for i := range min(most, len(p.Points)) {
		point := p.Points[i*(len(p.Points)-1)/max(1, min(most, len(p.Points))-1)]
		e, err := Probe(ctx, point.Experiment, p.Data)
		if err != nil {
			return 0, 0, 0, err
		}
		probes = append(probes, e)
	}
	for _, point := range p.Points {
		images, _, err := p.Data.Open(point.Experiment)
		if err != nil {
			return 0, 0, 0, err
		}
		n := images.Len()
		if limit := point.Experiment.Data.Limit; limit > 0 {
			n = min(n, limit)
		}
		memory = max(memory, point.Experiment.Memory(n))
	}
	var mean Estimate
	for _, e := range probes {
		mean.Before += e.Before / float64(len(probes))
		mean.Last += e.Last / float64(len(probes))
	}
	learned := map[string]bool{}
	for rung := range p.Rungs() {
		// Which points a later rung has is not known: any will do.
		jobs, err := p.Jobs(rung, p.All()[:p.Kept(rung)])
		if err != nil {
			return 0, 0, 0, err
		}
		for _, j := range jobs {
			last := j.Experiment.Layers[len(j.Experiment.Layers)-1].Learn.Epochs
			part := mean.Last * float64(last) / float64(max(1, p.Base.Layers[len(p.Base.Layers)-1].Learn.Epochs))
			alone += mean.Before + part
			if j.Prefix == "" || !learned[j.Prefix] {
				seconds += mean.Before
			}
			learned[j.Prefix] = true
			seconds += part
		}
	}
	side := float64(max(1, min(slots, len(p.Points)*len(p.Sweep.Seeds))))
	return seconds / side, alone / side, memory, nil
}
