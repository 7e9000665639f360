package sweep

import (
	"context"
	"fmt"
	"os"
	"slices"

	"firstspike/dataset"
	"firstspike/train"
)

// An Estimate is what a training will take with one goroutine, in seconds, from
// a short one.
type Estimate struct {
	Before float64 // for the layers before the last
	First  float64 // for the first epoch of the last layer
	Later  float64 // for each of its other epochs
}

// last is the time for the last layer of an experiment.
func (e Estimate) last(of train.Experiment) float64 {
	n := of.Layers[len(of.Layers)-1].Learn.Epochs
	if n == 0 {
		return 0
	}
	return e.First + float64(n-1)*e.Later
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
	last := len(small.Layers) - 1
	small.Layers[last].Learn.Epochs = max(epochs, small.Layers[last].Learn.Epochs) // however few a point has
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
		first, later := scale*of[0], 0.0
		if len(of) > 1 {
			later = scale * slices.Min(of[1:])
		}
		if i < len(e.Layers)-1 {
			est.Before += first + float64(l.Learn.Epochs-1)*later
		} else {
			est.First, est.Later = first, later
		}
	}
	return est, nil
}

// Memory is the most that one training of the sweep takes, in bytes, its images
// included.
func (p *Plan) Memory() (most int64) {
	for _, point := range p.Points {
		most = max(most, p.memory(point))
	}
	return most
}

func (p *Plan) memory(point Point) int64 {
	learn, test, err := p.Data.Open(point.Experiment)
	if err != nil {
		return 0 // NewPlan has told
	}
	images, room := learn.Len(), int64(0)
	if limit := point.Experiment.Data.Limit; limit > 0 {
		images = min(images, limit)
	}
	for _, set := range []*dataset.Set{learn, test} {
		if set.Len() > 0 {
			room += int64(set.Len()) * int64(len(set.Image(0)))
		}
	}
	return point.Experiment.Memory(images) + room
}

// TooLarge are the faults of points that take more memory than there is.
func (p *Plan) TooLarge(memory int64) error {
	var faults train.Faults
	for _, point := range p.Points {
		if need := p.memory(point); need > memory {
			faults = append(faults, train.Fault{Path: point.name(), Problem: fmt.Sprintf("a training takes about %d MB of memory, and there are %d", need>>20, memory>>20)})
		}
	}
	return faults.Err()
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
	memory = p.Memory()
	var mean Estimate
	for _, e := range probes {
		mean.Before += e.Before / float64(len(probes))
		mean.First += e.First / float64(len(probes))
		mean.Later += e.Later / float64(len(probes))
	}
	learned := map[string]bool{}
	for rung := range p.Rungs() {
		// Which points a later rung has is not known: any will do.
		jobs, err := p.Jobs(rung, p.All()[:p.Kept(rung)])
		if err != nil {
			return 0, 0, 0, err
		}
		for _, j := range jobs {
			part := mean.last(j.Experiment)
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
