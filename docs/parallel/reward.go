package main

import (
	"slices"

	"firstspike/snn"
	"firstspike/spike"
)

// blockSize is how many images are decided side by side. No result depends on
// it.
const blockSize = 256

// reward lets the last layer learn from its initial weights in a way, and
// returns which share of the held-out images is right, the mean of the epochs
// that are judged, and the layer.
func (l *lesson) reward(w way) (right float64, c *snn.Convolution, err error) {
	if c, err = twin(l.layer(s3)); err != nil {
		return 0, nil, err
	}
	if w.kind == apart {
		right, err = l.rewardApart(c, w)
		return right, c, err
	}
	return l.rewardBehind(c, w), c, nil
}

// rule is how the last layer learns.
func (l *lesson) rule() snn.RSTDP {
	n := l.experiment.Layers[s3].Learn
	stdp := func(up, down float64) snn.STDP {
		return snn.STDP{Rates: []snn.Rates{{APlus: float32(up), AMinus: float32(down)}}, Lower: float32(n.Lower), Upper: float32(n.Upper)}
	}
	a := snn.NewAdaptation(n.Punish.Adapt)
	a.Least = n.Punish.Least
	return snn.RSTDP{Reward: stdp(n.APlus, n.AMinus), Punish: stdp(n.Punish.APlus, n.Punish.AMinus), Adaptation: a}
}

func (l *lesson) epochs() int { return l.experiment.Layers[s3].Learn.Epochs }

// judge adds the share of held-out images that are right to the mean over the
// epochs that are judged.
func (l *lesson) judge(b *snn.Block, album *snn.Album, epoch int) float64 {
	judged := min(l.judged, l.epochs())
	if epoch < l.epochs()-judged {
		return 0
	}
	b.Compute(album, nil, nil, 1)
	right := 0
	for i := range l.held.Len() {
		if w, ok := b.Winner(i); ok && l.model.Class(w.Neuron) == l.held.Label(i) {
			right++
		}
	}
	return float64(right) / float64(l.held.Len()) / float64(judged)
}

// A verdict is what an image of a block has taught, and is still to be made.
type verdict struct {
	image  int // its place in the block
	id     int // and among all
	winner spike.Spike
	rule   *snn.STDP // nil: nothing
	rates  snn.Rates
}

// decide is the verdict on an image, which is counted.
func (l *lesson) decide(b *snn.Block, rule *snn.RSTDP, image, id int) verdict {
	v, outcome := verdict{image: image, id: id}, snn.Silent
	if w, ok := b.Winner(image); ok {
		outcome = snn.Judge(l.model.Class(w.Neuron), l.learn.Label(id))
		v.winner = w
		v.rule, v.rates, _ = rule.Rule(outcome, w.Map)
	}
	rule.Count(outcome)
	return v
}

// learn makes a change.
func (v verdict) learn(b *snn.Block) {
	if v.rule != nil {
		b.Learn(v.image, v.winner, v.rule, v.rates)
	}
}

// rewardBehind is reward for workers who are behind: stale, or until all of
// them have decided their image. The block has the weights that they see.
// Without a stabiliser changes do not depend on weights, so that they are
// those of the weights as they are, so many images later.
func (l *lesson) rewardBehind(c *snn.Convolution, w way) (right float64) {
	rule, n := l.rule(), l.learn.Len()
	b := snn.NewBlock(c, l.model.Network.Steps)
	defer b.Flush()
	album, held := b.Album(l.bits[:n]), b.Album(l.bits[n:])
	for epoch := range l.epochs() {
		var waiting []verdict // the oldest first
		for from := 0; from < n; from += blockSize {
			var ids []int
			for i := range waiting {
				waiting[i].image = i
				ids = append(ids, waiting[i].id)
			}
			for id := from; id < min(from+blockSize, n); id++ {
				ids = append(ids, id)
			}
			first := len(waiting)
			b.Compute(album, ids, nil, 1)
			for i, id := range ids[first:] {
				for w.kind == stale && len(waiting) > w.n {
					waiting[0].learn(b)
					waiting = waiting[1:]
				}
				waiting = append(waiting, l.decide(b, &rule, first+i, id))
				if w.kind == together && (len(waiting) == w.n || id+1 == n) {
					for _, v := range waiting {
						if v.rule != nil {
							b.Add(v.image, v.winner, v.rule, v.rates)
						}
					}
					b.Apply(&rule.Reward)
					waiting = waiting[:0]
				}
			}
		}
		for _, v := range waiting { // everybody waits for everybody
			v.learn(b)
		}
		right += l.judge(b, held, epoch)
	}
	return right
}

// rewardApart deals the images out to workers in turn. How many were right of
// late, which takes a bit an image, is known to all of them.
func (l *lesson) rewardApart(c *snn.Convolution, w way) (right float64, err error) {
	rule, n := l.rule(), l.learn.Len()
	own, mean, err := twins(c, w.n)
	if err != nil {
		return 0, err
	}
	blocks, albums := make([]*snn.Block, w.n), make([]*snn.Album, w.n)
	open := func() {
		for k := range own {
			blocks[k] = snn.NewBlock(own[k], l.model.Network.Steps)
			albums[k] = blocks[k].Album(l.bits[:n])
		}
	}
	open()
	round := w.round(n)
	for epoch := range l.epochs() {
		for from := 0; from < n; from += round {
			to := min(from+round, n)
			for at := from; at < to; at += w.n * blockSize {
				end := min(at+w.n*blockSize, to)
				for k, b := range blocks {
					var ids []int
					for id := at; id < end; id++ {
						if (id-from)%w.n == k {
							ids = append(ids, id)
						}
					}
					if len(ids) > 0 { // none would be all
						b.Compute(albums[k], ids, nil, 1)
					}
				}
				for id := at; id < end; id++ {
					b := blocks[(id-from)%w.n]
					l.decide(b, &rule, (id-at)/w.n, id).learn(b)
				}
			}
			for _, b := range blocks {
				b.Flush()
			}
			if err := mean(); err != nil {
				return 0, err
			}
			open()
		}
		right += l.judge(blocks[0], blocks[0].Album(l.bits[n:]), epoch)
	}
	return right, nil
}

// decisions lets the last layer learn from image after image and says of
// groups, in the first and in the last epoch, how often what one image of them
// teaches has to do with what another does. Without groups it says how long
// everything takes.
func (l *lesson) decisions(groups []int) ([]row, *snn.Convolution, error) {
	c, err := twin(l.layer(s3))
	if err != nil {
		return nil, nil, err
	}
	rule, n := l.rule(), l.learn.Len()
	b := snn.NewBlock(c, l.model.Network.Steps)
	album := b.Album(l.bits[:n])
	var rows []row
	var watch stopwatch
	for epoch := range l.epochs() {
		var crowds []*crowd
		var blocks []*snn.Block
		var albums []*snn.Album
		label := moment(epoch, l.epochs())
		if label != "" {
			b.Flush()
			for _, size := range groups {
				k, err := twin(c)
				if err != nil {
					return nil, nil, err
				}
				blocks = append(blocks, snn.NewBlock(k, l.model.Network.Steps))
				albums = append(albums, blocks[len(blocks)-1].Album(l.bits[:n]))
				crowds = append(crowds, &crowd{size: size})
			}
		}
		for from := 0; from < n; from += blockSize {
			var ids []int
			for id := from; id < min(from+blockSize, n); id++ {
				ids = append(ids, id)
			}
			watch.start()
			b.Compute(album, ids, nil, 1)
			watch.stop("side by side µs")
			for k := range blocks {
				blocks[k].Compute(albums[k], ids, nil, 1)
			}
			verdicts := make([][]verdict, len(blocks)) // of images of the group
			for i, id := range ids {
				watch.start()
				v := l.decide(b, &rule, i, id)
				watch.stop("winner µs")
				for k, old := range blocks {
					guess, ok := old.Winner(i)
					var guessed, won []spike.Spike
					if ok {
						guessed = []spike.Spike{guess}
					}
					if v.rule != nil {
						won = []spike.Spike{v.winner}
					}
					crowds[k].note(won, guessed)
					verdicts[k] = append(verdicts[k], v)
					if len(verdicts[k]) == groups[k] || i+1 == len(ids) {
						for _, v := range verdicts[k] {
							v.learn(old)
						}
						verdicts[k] = verdicts[k][:0]
						crowds[k].end()
					}
				}
				watch.start()
				v.learn(b)
				watch.stop("change µs")
			}
		}
		for _, k := range crowds {
			rows = append(rows, k.rows(label)...)
		}
	}
	b.Flush()
	if groups == nil {
		rows = watch.rows(n * l.epochs())
	}
	return slices.Clip(rows), c, nil
}
