package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/internal/parallel"
	"firstspike/preset"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A network is the preset's, trained for a short while: long enough for its
// weights to be as sparse as those that a whole training spends its time with.
type network struct {
	settings
	experiment train.Experiment
	net        *snn.Network
	images     *dataset.Set
	inputs     [2][]spike.Events  // what S1 and S2 see of every image
	deeper     []spike.Bits       // what S3 sees
	reward     snn.RSTDP          // of S3, as far as it has come
	siblings   []*snn.Convolution // S3, trained from different beginnings
}

// The layers' places.
const s1, s2, s3 = 0, 1, 2

// build trains the preset's network by the settings.
func build(s settings) (*network, error) {
	p, ok := preset.Lookup("mozafari2018")
	if !ok {
		return nil, fmt.Errorf("there is no preset mozafari2018")
	}
	images, _, err := dataset.MNIST()
	if err != nil {
		return nil, err
	}
	n := &network{settings: s, experiment: p.Experiment, images: images.Limit(s.images)}
	if n.net, err = n.experiment.Network(); err != nil {
		return nil, err
	}
	n.inputs[s1] = encoded(n.experiment, n.images, n.images.Len())
	n.unsupervised(s1)
	n.inputs[s2] = behind(n.net.Layers[s1], n.inputs[s1])
	n.unsupervised(s2)
	n.deeper = make([]spike.Bits, n.images.Len())
	rest := n.net.From(s2)
	spread(len(n.deeper), processors(), func() func(int) {
		var image spike.Map
		var pass snn.Pass
		return func(i int) {
			image.Resize(n.inputs[s2][i].Shape)
			n.inputs[s2][i].Map(&image)
			n.deeper[i] = slices.Clone(pass.Fired(rest, &image, 1))
		}
	})
	c := n.convolution(s3)
	for sibling := range (slices.Max(n.maps) + c.Maps - 1) / c.Maps {
		n.initialise(c, s3, sibling)
		n.reward = n.rewarding()
		n.onwards(c, sibling*n.images.Len()/8)
		like, err := resized(c, c.Maps, c.In)
		if err != nil {
			return nil, err
		}
		n.siblings = append(n.siblings, like)
	}
	n.onwards(c, 0)
	return n, nil
}

func (n *network) unsupervised(layer int) {
	c := n.convolution(layer)
	n.initialise(c, layer, 0)
	l := n.learner(c, layer)
	for i := range n.presentations[layer] {
		l.learn(&n.inputs[layer][i%n.images.Len()])
	}
}

// onwards lets S3 learn from the images, beginning at one of them.
func (n *network) onwards(c *snn.Convolution, first int) {
	r := n.rewarded(c, n.deeper, processors())
	r.next = first
	r.show(n.presentations[s3])
	r.block.Flush()
	n.reward = r.rule
}

func (n *network) convolution(layer int) *snn.Convolution { return n.net.Layers[layer].Convolution }

func (n *network) initialise(c *snn.Convolution, layer, variant int) {
	w := n.experiment.Layers[layer].Weights
	c.Initialise(w.Mean, w.Std, rand.New(rand.NewPCG(uint64(layer), uint64(variant))))
}

// encoded is the first images of a set as S1 sees them.
func encoded(e train.Experiment, set *dataset.Set, images int) []spike.Events {
	list := make([]spike.Events, images)
	spread(images, processors(), func() func(int) {
		encoder := encoder(e)
		var image spike.Map
		var events spike.Events
		return func(i int) {
			encoder.Encode(set.Image(i), &image)
			events.From(&image)
			list[i] = events.Clone()
		}
	})
	return list
}

// behind is what a layer hands on of every input.
func behind(l snn.Layer, in []spike.Events) []spike.Events {
	list := make([]spike.Events, len(in))
	spread(len(in), processors(), func() func(int) {
		one := &snn.Network{Steps: in[0].Steps(), Layers: []snn.Layer{l}}
		var image spike.Map
		var events spike.Events
		var pass snn.Pass
		return func(i int) {
			image.Resize(in[i].Shape)
			in[i].Map(&image)
			events.From(pass.Spikes(one, &image, 1))
			list[i] = events.Clone()
		}
	})
	return list
}

// encoder is the encoder of an experiment without faults.
func encoder(e train.Experiment) *encode.Encoder {
	c, err := encode.New(e.Encode, e.Data.Rows, e.Data.Cols)
	if err != nil {
		panic(err)
	}
	return c
}

// resized is a layer like c with another number of maps or another input. Its
// maps are those of c over and over again.
func resized(c *snn.Convolution, maps int, in spike.Shape) (*snn.Convolution, error) {
	g := c.Geometry
	g.Maps, g.In = maps, in
	r, err := snn.NewConvolution(g, c.Threshold, c.Fires, c.Bound())
	if err != nil {
		return nil, err
	}
	var w []float32
	for m := range maps {
		w = append(w, c.Weight(m%c.Maps)...)
	}
	return r, r.SetWeights(w)
}

// mixed is S3 with another number of maps, as many from a sibling as it has
// for a class, then from the next.
func (n *network) mixed(maps int) (*snn.Convolution, error) {
	old := n.convolution(s3)
	g := old.Geometry
	g.Maps = maps
	c, err := snn.NewConvolution(g, old.Threshold, old.Fires, old.Bound())
	if err != nil {
		return nil, err
	}
	each := old.Maps / n.experiment.Data.Classes
	var w []float32
	rank, last := 0, 0
	for _, class := range n.classes(maps) {
		if class != last {
			rank, last = 0, class
		}
		w = append(w, n.siblings[rank/each].Weight(class*each+rank%each)...)
		rank++
	}
	return c, c.SetWeights(w)
}

// A learner shows images to a layer that learns without reward, as a training
// does.
type learner struct {
	c        *snn.Convolution
	sel      snn.Selection
	rule     snn.STDP
	start    snn.Rates
	schedule snn.Doubling
	shown    int
	image    spike.Map
	winners  []spike.Spike
	scratch  snn.Scratch
}

func (n *network) learner(c *snn.Convolution, layer int) *learner {
	l := n.experiment.Layers[layer].Learn
	return &learner{
		c:        c,
		sel:      snn.Selection{K: l.K, Radius: l.Radius, Pointwise: l.Pointwise},
		rule:     snn.STDP{Rates: make([]snn.Rates, 1), Stabiliser: l.Stabiliser, Lower: float32(l.Lower), Upper: float32(l.Upper)},
		start:    snn.Rates{APlus: float32(l.APlus), AMinus: float32(l.AMinus)},
		schedule: snn.Doubling(l.Doubling),
	}
}

// trained is a learner that goes on where the network's own training stopped.
func (n *network) trained(c *snn.Convolution, layer int) *learner {
	l := n.learner(c, layer)
	l.shown = n.presentations[layer]
	return l
}

func (l *learner) learn(in *spike.Events) {
	l.shown++
	l.image.Resize(in.Shape)
	in.Map(&l.image)
	l.rule.Rates[0] = l.schedule.At(l.start, l.shown)
	l.winners = l.c.Contest(in, l.sel, &l.scratch, l.winners[:0])
	l.rule.Learn(l.c, &l.image, l.winners, &l.scratch)
}

func (n *network) rewarding() snn.RSTDP {
	l := n.experiment.Layers[s3].Learn
	stdp := func(plus, minus float64) snn.STDP {
		return snn.STDP{Rates: []snn.Rates{{APlus: float32(plus), AMinus: float32(minus)}}, Stabiliser: l.Stabiliser, Lower: float32(l.Lower), Upper: float32(l.Upper)}
	}
	return snn.RSTDP{
		Reward: stdp(l.APlus, l.AMinus), Punish: stdp(l.Punish.APlus, l.Punish.AMinus),
		Adaptation: snn.NewAdaptation(l.Punish.Adapt),
	}
}

// A rewarded shows images to a layer that learns from reward, in blocks, round
// and round.
type rewarded struct {
	block   *snn.Block
	album   *snn.Album
	rule    snn.RSTDP
	classes readout.DecisionMap
	labels  func(i int) int
	workers int
	next    int // image
	ids     []int
}

func (n *network) rewarded(c *snn.Convolution, images []spike.Bits, workers int) *rewarded {
	block := snn.NewBlock(c, n.net.Steps)
	return &rewarded{
		block: block, album: block.Album(images), rule: n.reward,
		classes: n.classes(c.Maps), labels: n.images.Label, workers: workers,
	}
}

// classes shares maps out among the classes, as evenly as they go.
func (n *network) classes(maps int) readout.DecisionMap {
	d := make(readout.DecisionMap, maps)
	for m := range d {
		d[m] = m * n.experiment.Data.Classes / maps
	}
	return d
}

// show shows the next images. Blocks are as long as a training's.
func (r *rewarded) show(images int) {
	for images > 0 {
		r.ids = r.ids[:0]
		for range min(images, 256, len(r.album.Images)) {
			r.ids = append(r.ids, r.next)
			r.next = (r.next + 1) % len(r.album.Images)
		}
		images -= len(r.ids)
		r.block.Compute(r.album, r.ids, nil, r.workers)
		for j, i := range r.ids {
			outcome := snn.Silent
			if w, ok := r.block.Winner(j); ok {
				outcome = snn.Judge(r.classes[w.Map], r.labels(i))
				if stdp, rates, ok := r.rule.Rule(outcome, w.Map); ok {
					r.block.Learn(j, w, stdp, rates)
				}
			}
			r.rule.Count(outcome)
		}
	}
}

// spread calls work for 0 to n-1 from the given number of goroutines, each
// with a work of its own.
func spread(n, workers int, start func() (work func(i int))) {
	const chunk = 16 // as in a training
	parallel.Each(context.Background(), (n+chunk-1)/chunk, workers, func() func(int) {
		work := start()
		return func(c int) {
			for i := c * chunk; i < min((c+1)*chunk, n); i++ {
				work(i)
			}
		}
	})
}

// processors is how many goroutines can run at once.
func processors() int { return runtime.GOMAXPROCS(0) }
