package snn

// Doubling is the schedule of rates of the unsupervised layers: every so many
// images APlus doubles until it reaches Max, and AMinus is Ratio times APlus.
// The doubling takes effect for the image that completes the count: with
// Every 500 the 500th image is the first to learn at twice the rate, as in the
// published code. The zero Doubling leaves the rates as they are. Rates that do
// not grow towards Max, such as those of anti-STDP, cannot be doubled.
type Doubling struct {
	Every int
	Max   float64
	Ratio float64 // AMinus / APlus, negative under STDP
	Delay int     // images before the first count begins

	// Updates counts changes in place of images: every winner that learns is
	// one. The change after the one that completes the count is the first at
	// twice the rate. Goupy et al. (2023), as published.
	Updates bool
}

// At is the rates for image, or change, number n, counted from 1, of a layer that
// started with the given rates.
func (d Doubling) At(start Rates, n int) Rates {
	a := float64(start.APlus)
	top := float64(float32(d.Max))
	n -= d.Delay
	if d.Updates {
		n--
	}
	if d.Every <= 0 || n < d.Every || a <= 0 {
		return start
	}
	for k := n / d.Every; k > 0 && a < top; k-- {
		a *= 2
	}
	a = min(a, top)
	return Rates{APlus: float32(a), AMinus: float32(a * d.Ratio)}
}

// An Outcome is how a decision turned out.
type Outcome int

const (
	Silent Outcome = iota // no neuron fired: no decision
	Right                 // the decision is the label
	Wrong                 // the decision is another class
)

// String is the outcome's name, in small letters.
func (o Outcome) String() string { return [...]string{"silent", "right", "wrong"}[o] }

// Judge compares a decision with the label. A decision below 0 is silent.
func Judge(decision, label int) Outcome {
	switch {
	case decision < 0:
		return Silent
	case decision == label:
		return Right
	}
	return Wrong
}

// Adaptation makes reward and punishment depend on how well the network does:
// after every so many images, reward is scaled by the fraction of them that
// was decided wrongly and punishment by the fraction decided rightly. Silent
// images count towards neither. Mozafari et al. (2019). Until the
// first count is full, and with Every 0 always, both factors are 1. With Least
// they lie in Least..1:
//
//	factor = Least + (1 - Least) fraction
//
// Mozafari et al. (2018), as published in SpykeTorch, has 0.2, so that a network
// which is always right still learns.
type Adaptation struct {
	Every        int
	Least        float64 `json:",omitzero"` // 0 to 1
	Seen         int     // images of the current count
	RightCount   int
	WrongCount   int
	RewardFactor float64
	PunishFactor float64
}

// NewAdaptation returns an adaptation at its beginning.
func NewAdaptation(every int) Adaptation {
	return Adaptation{Every: every, RewardFactor: 1, PunishFactor: 1}
}

// Count notes the outcome of one image, after the network has learned from it.
func (a *Adaptation) Count(o Outcome) {
	if a.Every <= 0 {
		return
	}
	a.Seen++
	switch o {
	case Right:
		a.RightCount++
	case Wrong:
		a.WrongCount++
	}
	if a.Seen == a.Every {
		a.RewardFactor = a.Least + float64((1-a.Least)*(float64(a.WrongCount)/float64(a.Every)))
		a.PunishFactor = a.Least + float64((1-a.Least)*(float64(a.RightCount)/float64(a.Every)))
		a.Seen, a.RightCount, a.WrongCount = 0, 0, 0
	}
}

// scale multiplies rates by a factor, rounding once.
func (p Rates) scale(f float64) Rates {
	return Rates{APlus: float32(float64(p.APlus) * f), AMinus: float32(float64(p.AMinus) * f)}
}

// RSTDP is reward-modulated STDP: the map of the neuron that decided learns
// with Reward if the decision was right, with Punish (anti-STDP: APlus
// negative, AMinus positive) if it was wrong, and not at all if the network
// was silent. Mozafari et al. (2019).
//
//	a = Reward.APlus * WrongFraction   input fired, decision right
//	a = Reward.AMinus * WrongFraction  input silent, decision right
//	a = Punish.APlus * RightFraction   input fired, decision wrong
//	a = Punish.AMinus * RightFraction  input silent, decision wrong
//
// where the fractions are the factors of [Adaptation], and an input has fired if
// it did so no later than the neuron that decided.
// The change of a weight by a is that of [STDP].
//
// With a Margin two neurons learn: the one with the highest potential u of those
// that stand for the image's class, and the one with the highest potential v of all
// others, and only while
//
//	u - v < Margin
//
// in units of weights; then the first learns with Reward and the second with
// Punish. That is for neurons that fire at the last step, with potentials that can be
// compared; what a neuron has to know is its inputs, its own spike, whether it
// was the best of its side, and one signal for all that says the decision was
// wrong or narrow. [Block.Oppose] and [Block.Rivals] find them.
type RSTDP struct {
	Reward, Punish STDP
	Adaptation
	Margin float64 // that is enough, by [Convolution.Margin]; 0: the neuron that decided learns
}

// Rule is the STDP rule and the rates for a map after the given outcome, and
// false if nothing is to be learned.
func (r *RSTDP) Rule(o Outcome, m int) (*STDP, Rates, bool) {
	switch o {
	case Right:
		return &r.Reward, r.Reward.Of(m).scale(r.RewardFactor), true
	case Wrong:
		return &r.Punish, r.Punish.Of(m).scale(r.PunishFactor), true
	}
	return nil, Rates{}, false
}
