// Package encode turns pictures into first spikes, as the eye is thought to
// do it: contrast, gain control, and a spike that comes the earlier the
// stronger the contrast.
//
// The road of a picture has up to seven stations, each a function of its own
// and all of them together an [Encoder]:
//
//  1. Filters. A difference-of-Gaussian kernel ([DoG]) answers to light spots
//     on dark ground or the reverse, as the retina's ganglion cells do; a
//     Gabor kernel ([Gabor]) answers to edges of one orientation, as the
//     simple cells of the visual cortex do. Each kernel gives one channel.
//  2. A cut: responses below a threshold become 0, so that noise does not
//     spike.
//  3. Local normalisation ([Picture.Normalise]): every response is divided by
//     the mean of its surroundings, so that a faint stroke counts as much as
//     a bold one.
//  4. Pooling of intensities ([Picture.Pool]): the strongest of a window stands
//     for it, as in the complex cells of the visual cortex, so that a picture
//     may be large and an edge may move a little.
//  5. Lateral inhibition of intensities ([Picture.Inhibit]): strong responses
//     stand out against weaker neighbours.
//  6. Latency ([Picture.Latency]): responses are ranked, the strongest n/T of
//     them fire at step 0, the next n/T at step 1, and so on. What is 0 stays
//     silent.
//  7. Pointwise inhibition ([Config.Pointwise]): of the channels only the first
//     to fire at a position is left, the orientation of its strongest edge.
//
// Ranks may leave none out ([LatencySpread]). In place of ranks latency may take
// the intensities themselves
// ([LatencyLinear]): the stronger, the earlier, on a scale that reaches from the
// weakest to the strongest that an input can be, or was in the training images
// ([Range]).
//
// [Encoder.Fired] leaves ranks out where only the question is which
// inputs fire, and not when: all do but the weakest n mod T.
//
// # The same bits everywhere
//
// Pixels are bytes and an encoder rounds its kernels to multiples of 2^-30 (or
// of a little more, if they or the radius of normalisation are very large), so
// that all sums of the first three stations are exact in float64: they do not
// depend on the order of summation, nor on the machine. Where a sum would not
// be exact, [Config.Faults] says so.
package encode
