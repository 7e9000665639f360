package sweep

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	"firstspike/dataset"
	"firstspike/train"
)

// An Estimate is what a training will take with one goroutine, in seconds, from
// a short one.
type Estimate struct {
	Before float64 // for the layers before the last
	last   pace
	images int // that are learned from
	held   int // that judge
}

// Last is the time for the last layer with so many epochs.
func (e Estimate) Last(epochs int) float64 { return e.last.seconds(e.images, e.held, epochs) }

// A pace is how long a layer takes.
type pace struct {
	inputs float64 // seconds for what it is shown, once for each image
	rate   float64 // seconds for the n-th presentation, times n^fall
	extra  float64 // seconds of the first epoch beyond that
	judged float64 // of an image that judges, relative to a presentation
	fall   float64
}

// fallOfBlocks is that of a layer which is decided block by block: the longer
// it has learned, the fewer maps compete for an image. Measured with
// mozafari2018, from 3,000 presentations to a million, at rates of 0.001 to
// 0.016: 0.4 to 0.6; where the power law is not exact, this overestimates.
const fallOfBlocks = 0.4

func (p pace) seconds(images, held, epochs int) float64 {
	if epochs == 0 {
		return 0
	}
	learned := p.rate * p.sum(images*epochs)
	return float64(images)*p.inputs + p.extra + learned*(1+p.judged*float64(held)/float64(images))
}

// sum is what so many presentations take with a rate of 1.
func (p pace) sum(n int) float64 { return math.Pow(float64(n), 1-p.fall) / (1 - p.fall) }

// paceOf finds the pace of a layer from its first epochs: how long each took to
// learn from so many images, and how long with all else.
func paceOf(images, held int, fall float64, learned, took []float64) pace {
	p := pace{fall: fall}
	last := len(learned) - 1
	if held > 0 {
		p.judged = max(0, took[last]-learned[last]) / float64(held) / (learned[last] / float64(images))
	}
	p.inputs = max(0, took[0]-learned[0]*(1+p.judged*float64(held)/float64(images))) / float64(images)
	if fall > 0 {
		all := 0.0
		for _, seconds := range learned {
			all += seconds
		}
		p.rate = all / p.sum(len(learned)*images)
		return p
	}
	p.rate = slices.Min(learned) / float64(images)
	p.extra = learned[0] - slices.Min(learned)
	return p
}

// Probe trains an experiment for a moment, with few images and epochs, and
// extrapolates.
func Probe(ctx context.Context, e train.Experiment, data *Data) (est Estimate, err error) {
	images, test, err := data.Open(e)
	if err != nil {
		return est, err
	}
	learn, held, err := e.Split(images)
	if err != nil {
		return est, err
	}
	small := e.Clone()
	const most = 1500 // images; 5 seconds or less
	const epochs = 3
	judges := min(most/5, e.Protocol.Validation)
	if n := min(most, learn.Len()); small.Data.Limit == 0 || small.Data.Limit > n+judges {
		small.Data.Limit = n + judges
	}
	small.Protocol.Validation = judges
	small.Data.Group = ""
	last := len(small.Layers) - 1
	for i := range small.Layers {
		l := &small.Layers[i].Learn
		l.Epochs, l.Until = min(l.Epochs, epochs), 0
	}
	small.Layers[last].Learn.Epochs, small.Layers[last].Learn.Patience = epochs, 0 // however few a point has
	dir, err := os.MkdirTemp("", "firstspike-probe-")
	if err != nil {
		return est, err
	}
	defer os.RemoveAll(dir)
	type times struct{ learned, took []float64 } // seconds of each epoch
	layers := map[string]times{}
	before := 0.0
	shown, judging, err := small.Split(images)
	if err != nil {
		return est, err
	}
	t, err := train.Create(dir, small, train.Options{Train: images, Test: test, Workers: 1, Untested: true, Observer: train.ObserverFunc(func(e train.Event) {
		if end, ok := e.(train.EpochEnd); ok {
			of := layers[end.Layer]
			layers[end.Layer] = times{append(of.learned, float64(shown.Len())/end.PerSecond), append(of.took, end.Seconds-before)}
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
	est.images, est.held = learn.Len(), held.Len()
	for i, l := range e.Layers {
		of := layers[l.Name]
		if len(of.took) == 0 {
			continue
		}
		if i < last {
			est.Before += paceOf(shown.Len(), 0, 0, of.learned, of.took).seconds(learn.Len(), 0, l.Learn.Epochs)
			continue
		}
		fall := 0.0
		if l.Learn.Rule == train.RuleRSTDP && math.IsInf(l.Threshold, 1) && l.Learn.Punish.Margin == 0 {
			fall = fallOfBlocks
		}
		est.last = paceOf(shown.Len(), judging.Len(), fall, of.learned, of.took)
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
	n := float64(len(probes))
	learned := map[string]bool{}
	for rung := range p.Rungs() {
		// Which points a later rung has is not known: any will do.
		jobs, err := p.Jobs(rung, p.All()[:p.Kept(rung)])
		if err != nil {
			return 0, 0, 0, err
		}
		for _, j := range jobs {
			before, part := 0.0, 0.0
			for _, e := range probes {
				before += e.Before / n
				part += e.Last(j.epochs()) / n
			}
			alone += before + part
			if j.Prefix == "" || !learned[j.Prefix] {
				seconds += before
			}
			learned[j.Prefix] = true
			seconds += part
		}
	}
	side := float64(max(1, min(slots, len(p.Points)*len(p.Sweep.Seeds))))
	return seconds / side, alone / side, memory, nil
}
