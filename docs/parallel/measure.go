package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"firstspike/dataset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A crowd counts, of groups of so many images, how often one has to do with
// those before it in its group.
type crowd struct {
	size             int
	images, changed  int
	met, differently int
	maps             map[int]bool // that the images of the group so far have changed
}

// note counts an image: its winners, and those that it would have had with
// the weights before the group.
func (k *crowd) note(winners, guessed []spike.Spike) {
	if k.maps == nil {
		k.maps = map[int]bool{}
	}
	k.images++
	if !same(winners, guessed) {
		k.differently++
	}
	for _, w := range winners {
		k.changed++
		if k.maps[w.Map] {
			k.met++
		}
	}
	for _, w := range winners {
		k.maps[w.Map] = true
	}
}

// end is the end of a group.
func (k *crowd) end() { clear(k.maps) }

func (k *crowd) rows(label string) []row {
	return []row{
		{measure: "same map, " + label, x: k.size, value: float64(k.met) / float64(max(1, k.changed))},
		{measure: "other winner, " + label, x: k.size, value: float64(k.differently) / float64(max(1, k.images))},
	}
}

// same reports whether the same neurons have won at the same steps: then the
// same is learned, whatever their potentials.
func same(a, b []spike.Spike) bool {
	if len(a) != len(b) {
		return false
	}
	byMap := func(a, b spike.Spike) int { return cmp.Compare(a.Map, b.Map) }
	a, b = slices.SortedFunc(slices.Values(a), byMap), slices.SortedFunc(slices.Values(b), byMap)
	return slices.EqualFunc(a, b, func(a, b spike.Spike) bool { return a.Neuron == b.Neuron && a.Step == b.Step })
}

// moment names an epoch that is looked at, "" for others.
func moment(epoch, epochs int) string {
	switch epoch {
	case 0:
		return "first epoch"
	case epochs - 1:
		return "last epoch"
	}
	return ""
}

// contests lets a layer without reward learn from image after image, and is
// otherwise [lesson.decisions].
func contests(c *snn.Convolution, l train.Learn, events []spike.Events, groups []int) ([]row, error) {
	rule, sel := plasticity(l), l.Selection(nil)
	var scratch snn.Scratch
	var image spike.Map
	var winners, guessed []spike.Spike
	var rows []row
	var watch stopwatch
	for epoch := range l.Epochs {
		var crowds []*crowd
		var before []*snn.Convolution
		label := moment(epoch, l.Epochs)
		if label != "" {
			for _, size := range groups {
				k, err := twin(c)
				if err != nil {
					return nil, err
				}
				before, crowds = append(before, k), append(crowds, &crowd{size: size})
			}
		}
		for i := range events {
			in := &events[i]
			watch.start()
			winners = c.Contest(in, sel, &scratch, winners[:0])
			watch.stop("winner µs")
			for k, old := range before {
				guessed = old.Contest(in, sel, &scratch, guessed[:0])
				crowds[k].note(winners, guessed)
			}
			watch.start()
			image.Resize(in.Shape)
			in.Map(&image)
			rule.Rates[0] = l.RatesAt(epoch, epoch*len(events)+i+1)
			rule.Learn(c, &image, winners, &scratch)
			watch.stop("change µs")
			for k, old := range before {
				if (i+1)%groups[k] == 0 {
					if err := old.SetWeights(c.Weights()); err != nil {
						return nil, err
					}
					crowds[k].end()
				}
			}
		}
		for _, k := range crowds {
			rows = append(rows, k.rows(label)...)
		}
	}
	if groups == nil {
		rows = watch.rows(len(events) * l.Epochs)
	}
	return rows, nil
}

// A stopwatch adds up what parts of an image's work take.
type stopwatch struct {
	began time.Time
	parts []string
	sums  []time.Duration
}

func (s *stopwatch) start() { s.began = time.Now() }

func (s *stopwatch) stop(part string) {
	d := time.Since(s.began)
	i := slices.Index(s.parts, part)
	if i < 0 {
		i = len(s.parts)
		s.parts, s.sums = append(s.parts, part), append(s.sums, 0)
	}
	s.sums[i] += d
}

// rows are the means of so many images, in microseconds.
func (s *stopwatch) rows(images int) (rows []row) {
	for i, part := range s.parts {
		rows = append(rows, row{measure: part, value: float64(s.sums[i].Nanoseconds()) / 1e3 / float64(images)})
	}
	return rows
}

// clocked is what the parts of a training take with one goroutine.
func clocked(o options, images *dataset.Set) ([]row, error) {
	e, err := o.experiment(1)
	if err != nil {
		return nil, err
	}
	var watch stopwatch
	watch.start()
	t, err := begin(e, images, o.judged)
	if err != nil {
		return nil, err
	}
	watch.stop("forward µs")
	n := t.learn.Len() + t.held.Len()
	rows := tagged(watch.rows(n), "encode", 1)
	c, err := twin(t.layer(s1))
	if err != nil {
		return nil, err
	}
	times, err := contests(c, e.Layers[s1].Learn, t.events[:t.learn.Len()], nil)
	if err != nil {
		return nil, err
	}
	rows = append(rows, tagged(times, t.name(s1), 1)...)
	if err := t.layer(s1).SetWeights(c.Weights()); err != nil {
		return nil, err
	}
	watch = stopwatch{}
	watch.start()
	var pass snn.Pass
	for i := range t.events {
		t.events[i] = pass.Events(t.model.Network, &t.events[i], 1).Clone()
	}
	watch.stop("forward µs")
	rows = append(rows, tagged(watch.rows(n), t.name(s1), 1)...)
	if c, err = twin(t.layer(s2)); err != nil {
		return nil, err
	}
	if times, err = contests(c, e.Layers[s2].Learn, t.events[:t.learn.Len()], nil); err != nil {
		return nil, err
	}
	rows = append(rows, tagged(times, t.name(s2), 1)...)
	watch = stopwatch{}
	watch.start()
	l := t.lesson(c)
	watch.stop("forward µs")
	rows = append(rows, tagged(watch.rows(n), t.name(s2), 1)...)
	if times, _, err = l.decisions(nil); err != nil {
		return nil, err
	}
	return append(rows, tagged(times, t.name(s3), 1)...), nil
}

// Messages that workers could send each other of S3.
var messages = []struct {
	name  string
	bytes int
}{
	{"an image's number, its winner and the outcome", 16},
	{"the weights of a map", 4 * 250 * 5 * 5},
	{"all weights", 4 * 200 * 250 * 5 * 5},
}

// trips is how long it takes to send messages of several sizes through the
// sockets of one machine and to have one byte back, the median of so many.
func trips(rounds int) ([]row, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	served := make(chan error, 1)
	go func() { served <- serve(l, rounds) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var rows []row
	for _, m := range messages {
		text, answer := make([]byte, m.bytes), make([]byte, 1)
		var times []float64
		for range turns(rounds, m.bytes) {
			began := time.Now()
			if _, err := conn.Write(text); err != nil {
				return nil, err
			}
			if _, err := io.ReadFull(conn, answer); err != nil {
				return nil, err
			}
			times = append(times, float64(time.Since(began).Nanoseconds())/1e3)
		}
		slices.Sort(times)
		rows = append(rows, row{layer: "message", measure: m.name + " µs", x: m.bytes, value: times[len(times)/2]})
	}
	return rows, <-served
}

// turns is how often a message is sent: large ones less often.
func turns(rounds, bytes int) int { return max(1, rounds/(1+bytes>>16)) }

func serve(l net.Listener, rounds int) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, m := range messages {
		text := make([]byte, m.bytes)
		for range turns(rounds, m.bytes) {
			_, err := io.ReadFull(conn, text)
			if _, failed := conn.Write(text[:1]); err != nil || failed != nil {
				return fmt.Errorf("a message of %d bytes: %w", m.bytes, errors.Join(err, failed))
			}
		}
	}
	return nil
}
