// Package snn computes convolutional layers of neurons that fire at most once,
// and lets them learn from spike timing and from reward.
//
// # The neuron
//
// A neuron has a potential, which begins at 0. Each of its inputs fires at
// some [spike.Step] or stays silent; when it fires, its weight is added to the
// potential. When the potential passes the threshold the neuron fires itself,
// once, and takes no further part. Nothing leaks, nothing is reset: this is the
// integrate-and-fire neuron of Kheradpisheh et al. (2018) and of Mozafari et
// al. (2019). What it says about its input is when it fires, and if it fires
// at all: the better the input fits the weights, the earlier.
//
// Neurons that look at different places of the input share one set of weights,
// as in any convolution. Such a set, and the neurons that share it, is a
// feature map. A [Convolution] is a layer of feature maps; a [Layer] is a
// convolution and the pooling behind it, which hands on the earliest spike of
// every window; a [Network] is a chain of layers.
//
// An infinite threshold makes a layer that waits: its neurons fire at the last
// step, if their potential is above 0, and it is the potential that tells them
// apart. The layer that decides is of this kind.
//
// Such a neuron knows which of its inputs have fired, and not how early. With
// [Geometry.Ramp] it does: an input adds its weight at every step from its spike
// on, so that the potential is the sum of ramps instead of steps, in which the
// early have risen furthest. It also goes on rising when nothing fires any more,
// and so can wait for all of its inputs: where it fires is then how far what it
// has seen, times of spikes included, is ahead of what others have.
//
// # Potentials are integers
//
// Weights are float32, the numbers that are learned, stored and exported. But
// a sum of floats depends on the order in which they are added, and trained
// weights of 0 and 1 make potentials crowd on whole numbers, exactly where
// thresholds are. So every weight is rounded to a multiple of
// [Convolution.Unit], a power of two as small as 32-bit sums allow, and
// potentials are sums of integers, which no order of summation can change. Any
// road to a result (step by step or all at once, one image or many, one
// goroutine or eight, with or without vector instructions) gives the same bits
// by construction. [Convolution.Potential] converts to the scale of weights.
//
// # Three ways through a layer
//
// How much of a response has to be computed depends on the question.
//
//   - [Convolution.Respond] simulates all steps and says of every neuron when
//     it fired and at which potential.
//   - [Convolution.Contest] wants only the winners that will learn. The
//     earliest win, so it stops at the step at which the winners stand.
//   - [Convolution.Fired] wants to know only which neurons fire. With weights
//     of 0 or more potentials never fall, so the time axis can be dropped:
//     whoever is above the threshold after the last step has fired.
//     [Convolution.Tally] is the same for a layer with an infinite threshold.
//     In a layer that has learned, nearly all weights are 0 or 1; where that
//     proves which neurons fire, Fired only counts.
//
// [Network.Forward] takes the cheapest road that gives the best neuron of every
// map: the deciding layer looks only at whether its inputs fired, so for layers
// without negative weights time is dropped all the way up
// ([Network.TimeMatters]). A decision needs two neurons only, the winner and
// the best of the other classes: [Pass.Propagate] and [Finals] find them
// without the potentials of most others.
//
// # Who learns
//
// Three rules make the maps of a layer learn different things. [Selection]
// holds them as data.
//
//   - Pointwise inhibition: at each position only the first map may fire, of
//     equally early ones that with the highest potential.
//   - Winner takes all: of the neurons that are left, K winners are chosen one
//     after another, the earliest spike first, then the highest potential. A
//     winner rules out its whole map.
//   - The inhibition radius: it also rules out all maps in the square of
//     (2r+1)x(2r+1) positions around it.
//
// All this happens in learning only. An image that merely passes through a
// layer, to be decided upon or to reach a deeper layer, meets no inhibition,
// unless the layer says otherwise of the first rule ([Layer.Pointwise]).
//
// # How they learn
//
// The winner's map changes its weights by spike-timing-dependent plasticity,
// [STDP]: synapses whose input fired at or before the winner grow (LTP), all
// others shrink (LTD). The stabiliser, a factor of (w-Lower)(Upper-w), slows
// the change near the bounds, so that weights settle at them;
// [Convolution.Convergence] says how far they are. Under anti-STDP the signs
// of the rates are exchanged. Under [VDSP] the other synapses shrink the less, the
// nearer their input is to its spike.
//
// The deciding layer learns by reward-modulated STDP, [RSTDP]: the map of the
// neuron that decided learns with STDP when it was right, with anti-STDP when
// it was wrong. [Adaptation] scales both by how often the network was wrong or
// right of late, so that a network that is nearly always right is hardly
// rewarded for it, and does not learn its training images by heart. With a margin
// two rivals learn, the best neuron of the image's class and the best of all
// others, until the first is far enough ahead: see [RSTDP.Margin].
//
// A layer that sees all of its input at once can be taught more directly:
// under [S2STDP] a [Supervisor] tells the first neuron of every class to fire
// a little before or a little after the mean of them all, and those that stand
// for one class compete, so that each learns other examples of it.
//
// Two things make the maps of a layer differ where no winner inhibits another
// because only one position learns ([Convolution.Patch]). Under [Homeostasis]
// every win makes the next harder, as each map has a threshold of its own
// ([Convolution.SetThresholds]), and winners come about at the time that is
// wanted. And exponential STDP leaves no weight in the middle.
//
// Rates of the unsupervised layers follow a schedule, [Doubling]. Both
// schedules are plain data: they can be stored and taken up again anywhere.
//
// # Blocks
//
// To learn image by image, each with the weights that the last one has left,
// is slow: nothing can be done ahead. A [Block] gets round this for a deciding
// layer. It first goes through many images with the weights as they are and a
// byte each, which is enough to tell for nearly all neurons that they cannot
// win, and then, in order, computes exactly the few that can. In an [Album] it
// remembers, from one epoch to the next, how far behind the others were. The
// winners and the weights are those of the plain loop, to the last bit.
//
// # Memory and goroutines
//
// A [Scratch], or a [Pass] for a whole network, holds the working memory of
// one goroutine. It grows to what is needed and is then reused: an image costs
// no allocation. Any number of goroutines may read a layer; only one may
// change its weights, and none may read them meanwhile.
//
// # Sources
//
// Kheradpisheh et al. (2018): STDP-based spiking deep convolutional neural
// networks for object recognition, Neural Networks 99. Mozafari et al. (2019):
// Bio-inspired digit recognition using reward-modulated
// spike-timing-dependent plasticity in deep convolutional networks, Pattern
// Recognition 94; arXiv:1804.00227. Goupy et al. (2024): Neuronal competition
// groups with supervised STDP for spike-based classification, NeurIPS 37;
// arXiv:2410.17066. Zhang et al. (2021): Rectified linear postsynaptic potential
// function for backpropagation in deep spiking neural networks, IEEE Transactions
// on Neural Networks and Learning Systems 33; arXiv:2003.11837. Where a paper leaves something open, the
// authors' published code decides: SpykeTorch, Mozafari et al. (2019),
// Frontiers in Neuroscience 13.
package snn
