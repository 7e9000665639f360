package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"firstspike/dataset"
	"firstspike/snn"
	"firstspike/spike"
)

// settings say what is measured, and how carefully.
type settings struct {
	images        int    // of the training set
	presentations [3]int // by which the layers are trained; S3 twice as long, except for other numbers of maps
	settled       int    // presentations after which a block no longer rearranges what it remembers; it does twice before
	batch         int    // images of one measurement
	repeats       int

	maps, sides, steps, workers, sets []int // the places where curves are measured
}

// thorough are the settings of the pictures. The paper's own sizes are among
// the places.
func thorough() settings {
	s := settings{
		images: 60000, presentations: [3]int{10000, 60000, 120000}, settled: 1 << 17, batch: 128, repeats: 7,
		maps:  []int{16, 30, 60, 120, 200, 250, 500, 1000},
		sides: []int{16, 22, 28, 40, 56, 80, 128},
		steps: []int{5, 8, 15, 30, 60, 120, 250},
		sets:  []int{1000, 2000, 5000, 10000, 20000, 40000, 60000},
	}
	for n := 1; n <= max(4, processors()); n += max(1, n/4) {
		s.workers = append(s.workers, n)
	}
	return s
}

// A point is one place of a curve: the median of its measurements, and the
// bounds of the middle half of them.
type point struct {
	picture, series, unit string
	x                     float64
	median, low, high     float64
}

// measure is every curve of every picture.
func measure(s settings, progress func(string)) ([]point, error) {
	progress("training")
	n, err := build(s)
	if err != nil {
		return nil, err
	}
	var all []point
	for _, p := range []struct {
		name    string
		measure func() ([]point, error)
	}{{"maps", n.overMaps}, {"size", n.overSizes}, {"steps", n.overSteps}, {"workers", n.overWorkers}, {"images", n.overImages}} {
		progress("measuring " + p.name)
		points, err := p.measure()
		if err != nil {
			return nil, err
		}
		for i := range points {
			points[i].picture = p.name
		}
		all = append(all, points...)
	}
	return all, nil
}

// A subject is something that takes time: run does it to so many images.
// prepare, if there is one, goes before every run and is not measured.
type subject struct {
	series  string
	x       float64
	images  int
	prepare func()
	run     func()
}

// race measures the subjects by turns, so that a disturbance of the machine
// falls on all of them, and gives microseconds an image.
func race(subjects []subject, repeats int) []point {
	times := make([][]float64, len(subjects))
	for r := range repeats + 1 {
		for i, s := range subjects {
			if s.prepare != nil {
				s.prepare()
			}
			began := time.Now()
			s.run()
			if t := time.Since(began); r > 0 { // the first fills working memory
				times[i] = append(times[i], float64(t.Nanoseconds())/1e3/float64(s.images))
			}
		}
	}
	points := make([]point, len(subjects))
	for i, s := range subjects {
		points[i] = summary(s.series, "µs", s.x, times[i])
	}
	return points
}

func summary(series, unit string, x float64, values []float64) point {
	slices.Sort(values)
	n := len(values)
	return point{series: series, unit: unit, x: x, median: values[n/2], low: values[n/4], high: values[n-1-n/4]}
}

// learning is a learner that goes through a list of images.
func learning(series string, x int, l *learner, images []spike.Events) subject {
	return subject{series, float64(x), len(images), nil, func() {
		for i := range images {
			l.learn(&images[i])
		}
	}}
}

// forward is a layer that only says which neurons fire.
func forward(series string, x int, c *snn.Convolution, images []spike.Bits) subject {
	out := spike.NewBits(c.Out())
	var scratch snn.Scratch
	return subject{series, float64(x), len(images), nil, func() {
		for _, in := range images {
			c.Fired(in, out, &scratch)
		}
	}}
}

// fired is which of the inputs fire at all.
func fired(events []spike.Events) []spike.Bits {
	list := make([]spike.Bits, len(events))
	var m spike.Map
	for i, in := range events {
		m.Resize(in.Shape)
		in.Map(&m)
		list[i] = spike.NewBits(in.Shape)
		list[i].From(&m)
	}
	return list
}

// overMaps is the cost of a layer by its number of maps. S1 and S2 have the
// trained maps over and over. In S3 maps that are all alike would all be
// candidates: it has those of several trainings side by side.
func (n *network) overMaps() ([]point, error) {
	var subjects []subject
	in := [2][]spike.Events{n.inputs[s1][:n.batch], n.inputs[s2][:n.batch]}
	fired := fired(in[s2])
	for _, maps := range n.maps {
		for layer := range in {
			c, err := resized(n.convolution(layer), maps, in[layer][0].Shape)
			if err != nil {
				return nil, err
			}
			subjects = append(subjects, learning(fmt.Sprintf("S%d learns", layer+1), maps, n.trained(c, layer), in[layer]))
		}
		c, err := resized(n.convolution(s2), maps, in[s2][0].Shape)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, forward("S2 forward", maps, c, fired))

		if c, err = n.mixed(maps); err != nil {
			return nil, err
		}
		images := n.deeper[:n.batch]
		finals := snn.NewFinals(c, n.net.Steps, n.classes(maps))
		var round snn.Round
		var best []spike.Spike
		subjects = append(subjects, subject{"S3 decides", float64(maps), n.batch, nil, func() {
			for _, in := range images {
				best = finals.Best(in, &round, best)
			}
		}})
		// A new album each time: none of the images has been seen.
		r := n.rewarded(c, images, 1)
		subjects = append(subjects, subject{"S3 learns", float64(maps), n.batch,
			func() { r.album = r.block.Album(images) }, func() { r.show(n.batch) }})
	}
	return race(subjects, n.repeats), nil
}

// overSizes is the cost of encoding and of S1 by the pixels of an image.
func (n *network) overSizes() ([]point, error) {
	var subjects []subject
	for _, side := range n.sides {
		e := n.experiment.Clone()
		e.Data.Rows, e.Data.Cols = side, side
		if err := e.Faults().Err(); err != nil {
			return nil, err
		}
		var pictures [][]byte
		events := make([]spike.Events, n.batch)
		encoder := encoder(e)
		var image spike.Map
		for i := range n.batch {
			pictures = append(pictures, mosaic(n.images, i, side))
			encoder.Encode(pictures[i], &image)
			events[i].From(&image)
		}
		var layers [2]*snn.Convolution
		for i := range layers {
			var err error
			if layers[i], err = resized(n.convolution(s1), n.convolution(s1).Maps, image.Shape); err != nil {
				return nil, err
			}
		}
		x := side * side
		subjects = append(subjects, subject{"encode", float64(x), n.batch, nil, func() {
			for _, p := range pictures {
				encoder.Encode(p, &image)
			}
		}}, learning("S1 learns", x, n.trained(layers[0], s1), events), forward("S1 forward", x, layers[1], fired(events)))
	}
	return race(subjects, n.repeats), nil
}

// mosaic is a square cut, at random, out of an endless wall of digits: however
// large, it has as much ink a pixel.
func mosaic(set *dataset.Set, i, side int) []byte {
	rng := rand.New(rand.NewPCG(uint64(i), uint64(side)))
	top, left, first := rng.IntN(set.Rows), rng.IntN(set.Cols), rng.IntN(set.Len())
	across := (left+side)/set.Cols + 1
	pixels := make([]byte, side*side)
	for p := range pixels {
		y, x := top+p/side, left+p%side
		digit := set.Image((first + y/set.Rows*across + x/set.Cols) % set.Len())
		pixels[p] = digit[y%set.Rows*set.Cols+x%set.Cols]
	}
	return pixels
}

// overSteps is the cost of learning and of deciding by the number of steps.
func (n *network) overSteps() ([]point, error) {
	var subjects []subject
	finals := snn.NewFinals(n.convolution(s3), n.net.Steps, n.classes(n.convolution(s3).Maps))
	for _, steps := range n.steps {
		e := n.experiment.Clone()
		e.Encode.Steps = steps
		if err := e.Faults().Err(); err != nil {
			return nil, err
		}
		first := encoded(e, n.images, n.batch)
		for layer, in := range [][]spike.Events{first, behind(n.net.Layers[s1], first)} {
			c, err := resized(n.convolution(layer), n.convolution(layer).Maps, in[0].Shape)
			if err != nil {
				return nil, err
			}
			subjects = append(subjects, learning(fmt.Sprintf("S%d learns", layer+1), steps, n.trained(c, layer), in))
		}
		encoder := encoder(e)
		images := make([]spike.Bits, n.batch)
		for i := range images {
			images[i] = spike.NewBits(encoder.Shape())
			encoder.Fired(n.images.Image(i), images[i])
		}
		var pass snn.Pass
		var round snn.Round
		var best []spike.Spike
		subjects = append(subjects, subject{"all layers decide", float64(steps), n.batch, nil, func() {
			for i := range images {
				best = finals.Best(pass.Propagate(n.net, images[i], s3), &round, best)
			}
		}})
	}
	return race(subjects, n.repeats), nil
}

// overWorkers is images a second by the number of goroutines.
func (n *network) overWorkers() ([]point, error) {
	c := n.convolution(s3)
	copied, err := resized(c, c.Maps, c.In)
	if err != nil {
		return nil, err
	}
	finals := snn.NewFinals(c, n.net.Steps, n.classes(c.Maps))
	// S3 comes round to its images again and again, as in a long training.
	album := n.deeper[:min(len(n.deeper), 80*n.batch)]
	r := n.rewarded(copied, album, processors())
	r.show(2 * len(album))

	// A goroutine works for milliseconds, not for as long as it takes to start.
	images := min(n.images.Len(), 8*n.batch)
	var subjects []subject
	for _, workers := range n.workers {
		subjects = append(subjects, subject{"encode", float64(workers), images, nil, func() {
			spread(images, workers, func() func(int) {
				e := encoder(n.experiment)
				var image spike.Map
				return func(i int) { e.Encode(n.images.Image(i), &image) }
			})
		}}, subject{"predict", float64(workers), images, nil, func() {
			spread(images, workers, func() func(int) {
				e := encoder(n.experiment)
				image := spike.NewBits(e.Shape())
				var pass snn.Pass
				var round snn.Round
				var best []spike.Spike
				return func(i int) {
					e.Fired(n.images.Image(i), image)
					best = finals.Best(pass.Propagate(n.net, image, s3), &round, best)
				}
			})
		}}, subject{"S3 learns", float64(workers), images, func() { r.workers = workers }, func() { r.show(images) }})
	}
	points := race(subjects, n.repeats)
	for i := range points {
		p := &points[i]
		p.unit = "images/s"
		p.median, p.low, p.high = 1e6/p.median, 1e6/p.high, 1e6/p.low
	}
	for _, workers := range n.workers {
		at := float64(min(workers, processors()))
		points = append(points, point{series: "processors", unit: "processors", x: float64(workers), median: at, low: at, high: at})
	}
	return points, nil
}

// overImages is the cost of S3's learning by the size of the training set, and
// the memory that the set takes.
func (n *network) overImages() ([]point, error) {
	var subjects []subject
	c := n.convolution(s3)
	for _, images := range n.sets {
		copied, err := resized(c, c.Maps, c.In)
		if err != nil {
			return nil, err
		}
		r := n.rewarded(copied, n.deeper[:images], 1)
		r.show(max(2*images, n.settled+images)) // until every image is known
		// Two epochs in pieces. What a piece finds in the caches is what the
		// other subjects have left, so a few images go ahead of it.
		piece := (2*images + n.repeats - 1) / n.repeats
		subjects = append(subjects, subject{"S3 learns", float64(images), piece,
			func() { r.show(2 * n.batch) }, func() { r.show(piece) }})
	}
	points := race(subjects, n.repeats)
	for _, images := range n.sets {
		holds := func(series string, f func() any) {
			mb := held(f)
			points = append(points, point{series: series, unit: "MB", x: float64(images), median: mb, low: mb, high: mb})
		}
		for layer, inputs := range n.inputs {
			holds(fmt.Sprintf("S%d remembers", layer+1), func() any {
				list := make([]spike.Events, images)
				for i := range list {
					list[i] = inputs[i].Clone()
				}
				return list
			})
		}
		block := snn.NewBlock(c, n.net.Steps)
		holds("S3 remembers", func() any {
			bits := make([]spike.Bits, images)
			for i := range bits {
				bits[i] = slices.Clone(n.deeper[i])
			}
			return block.Album(bits)
		})
		runtime.KeepAlive(block)
	}
	return points, nil
}

// held is how many megabytes (10^6 bytes) what f makes holds.
func held(f func() any) float64 {
	before := heap()
	made := f()
	after := heap()
	runtime.KeepAlive(made)
	return (after - before) / 1e6
}

func heap() float64 {
	runtime.GC()
	runtime.GC() // pools live through one collection
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
