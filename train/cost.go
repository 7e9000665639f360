package train

import (
	"context"
	"math/bits"
	"runtime"
	"sync/atomic"

	"firstspike/internal/parallel"
	"firstspike/snn"
	"firstspike/spike"
)

// Operations is the number of synaptic operations of a layer for an image, of
// which in says which of the layer's inputs fire, and how often: for every
// spike, the synapses that it reaches. These are the additions of a plain event-driven
// simulation to the last step, so what is saved by stopping early, by bounds
// and by counts is counted as if it had been done. Learning is not counted.
func Operations(g snn.Geometry, in spike.Bits) int {
	out := g.Out()
	rows := seen(g.In.Rows, out.Rows, g.Kernel.Rows, g.Stride, g.Pad)
	cols := seen(g.In.Cols, out.Cols, g.Kernel.Cols, g.Stride, g.Pad)
	words, sum := spike.Words(g.In.Maps), 0
	plane := len(spike.NewBits(g.In))
	for p := range spike.Planes(g.Most) {
		for pos := range g.In.Positions() {
			active := 0
			for _, word := range in[p*plane+pos*words:][:words] {
				active += bits.OnesCount64(word)
			}
			sum += spike.Weight(p) * active * rows[pos/g.In.Cols] * cols[pos%g.In.Cols]
		}
	}
	return sum * g.Maps
}

// Spikes is how many spikes a layer reads, of which in says which inputs fire, and
// how often.
func Spikes(g snn.Geometry, in spike.Bits) int {
	plane, sum := len(spike.NewBits(g.In)), 0
	for p := range spike.Planes(g.Most) {
		sum += spike.Weight(p) * in[p*plane:][:plane].Count()
	}
	return sum
}

// seen is how many of the outputs see each of n inputs, along rows or columns.
func seen(n, outputs, kernel, stride, pad int) []int {
	by := make([]int, n)
	for o := range outputs {
		from := o*max(stride, 1) - pad
		for i := max(0, from); i < min(n, from+kernel); i++ {
			by[i]++
		}
	}
	return by
}

// A flow is what reaches a layer, as a mean over images.
type flow struct{ spikes, operations float64 }

// countFlows counts what reaches every layer, once.
func (b *Bench) countFlows(ctx context.Context) error {
	if b.flows != nil {
		return nil
	}
	net, images := b.model.Network, float64(b.pool.Len())
	counts := make([]struct{ spikes, operations atomic.Int64 }, len(net.Layers))
	err := parallel.Each(ctx, b.pool.Len(), runtime.GOMAXPROCS(0), func() func(int) {
		encoder, _ := b.model.Encoder() // it was built once for the bench
		var image spike.Map
		var pass snn.Pass
		return func(i int) {
			encoder.Encode(b.pool.Image(i), &image)
			for depth, l := range net.Layers {
				in := pass.Fired(net, &image, depth)
				counts[depth].spikes.Add(int64(Spikes(l.Geometry, in)))
				counts[depth].operations.Add(int64(Operations(l.Geometry, in)))
			}
		}
	})
	if err != nil {
		return err
	}
	for i := range counts {
		b.flows = append(b.flows, flow{float64(counts[i].spikes.Load()) / images, float64(counts[i].operations.Load()) / images})
	}
	return nil
}

// BytesPerNeuron is the memory that the state of a neuron takes, as a mean
// over all layers: what one goroutine holds to simulate every step of an image
// in all of them, potentials, first spikes and lists of spikes. Weights, which
// neurons share, are not counted. It is measured, on the heap.
func (b *Bench) BytesPerNeuron() float64 {
	net := b.model.Network
	encoder, _ := b.model.Encoder() // it was built once for the bench
	images, neurons := make([]spike.Map, min(b.pool.Len(), 8)), 0
	for i := range images {
		encoder.Encode(b.pool.Image(i), &images[i])
	}
	for _, l := range net.Layers {
		neurons += l.Convolution.Out().Neurons()
	}
	// There are several, because the rest of the heap is never quite at rest.
	before, passes := heap(), make([]snn.Pass, 16)
	for i := range passes {
		for k := range images {
			passes[i].Response(net, &images[k], len(net.Layers)-1)
		}
	}
	after := heap()
	runtime.KeepAlive(passes)
	runtime.KeepAlive(images)
	runtime.KeepAlive(encoder)
	return float64(after-before) / float64(neurons*len(passes))
}

// heap is how many bytes of the heap are in use. A second collection takes
// what the first has only released.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
