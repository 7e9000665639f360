package snn

import (
	"testing"

	"pgregory.net/rapid"
)

// The published code counts images, and at every 500th doubles in float32.
func TestDoubling(t *testing.T) {
	for _, c := range []struct {
		name  string
		start Rates
		d     Doubling
	}{
		{"paper", Rates{.004, -.003}, Doubling{Every: 500, Max: .15, Ratio: -.75}},
		{"every image", Rates{.004, -.003}, Doubling{Every: 1, Max: .15, Ratio: -.75}},
		{"never full", Rates{.001, -.01}, Doubling{Every: 7, Max: 1e9, Ratio: -1. / 3}},
		{"full from the start", Rates{.5, -.01}, Doubling{Every: 3, Max: .15, Ratio: -.5}},
		{"off", Rates{.5, -.01}, Doubling{}},
	} {
		a, count := c.start, 0
		for n := 1; n <= 6000; n++ {
			if c.name == "never full" && n > 200 {
				break
			}
			if count++; c.d.Every > 0 && count >= c.d.Every {
				count = 0
				a.APlus = min(2*a.APlus, float32(c.d.Max))
				a.AMinus = float32(float64(a.APlus) * c.d.Ratio)
			}
			if got := c.d.At(c.start, n); got != a {
				t.Fatalf("%s: image %d learns with %v; want %v", c.name, n, got, a)
			}
		}
	}
	paper := Doubling{Every: 500, Max: .15, Ratio: -.75}
	for _, c := range []struct {
		n    int
		want float32
	}{{1, .004}, {499, .004}, {500, .008}, {999, .008}, {1000, .016}, {2999, .128}, {3000, .15}, {120000, .15}} {
		if got := paper.At(Rates{.004, -.003}, c.n); got.APlus != c.want {
			t.Errorf("image %d: APlus %v; want %v", c.n, got.APlus, c.want)
		}
	}
}

// The published code of Goupy et al. (2023) counts changes, and after every
// 500th doubles.
func TestDoublingByUpdates(t *testing.T) {
	d := Doubling{Every: 500, Max: .1, Ratio: -2, Updates: true}
	start, rate, count := Rates{.01, -.02}, .01, 0
	for n := 1; n <= 3000; n++ {
		if got := d.At(start, n); got != (Rates{float32(rate), float32(-2 * rate)}) {
			t.Fatalf("change %d is by %v; want %v", n, got, rate)
		}
		if count++; count%500 == 0 {
			rate = min(2*rate, .1)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		decision, label int
		want            Outcome
		name            string
	}{{3, 3, Right, "right"}, {0, 3, Wrong, "wrong"}, {-1, 3, Silent, "silent"}, {-1, -1, Silent, "silent"}} {
		if got := Judge(c.decision, c.label); got != c.want || got.String() != c.name {
			t.Errorf("decision %d for label %d is %v; want %v", c.decision, c.label, got, c.want)
		}
	}
}

// Reward and punishment follow the fractions of the last full count, down to the
// least.
func TestAdaptation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := rapid.IntRange(0, 12).Draw(t, "every")
		a := NewAdaptation(every)
		a.Least = rapid.SampledFrom([]float64{0, 0, 0.2, 1}).Draw(t, "least")
		outcomes := rapid.SliceOfN(rapid.SampledFrom([]Outcome{Right, Wrong, Silent}), 0, 50).Draw(t, "outcomes")
		for i, o := range outcomes {
			a.Count(o)
			reward, punish := 1.0, 1.0
			if every > 0 && (i+1)/every > 0 {
				last := outcomes[((i+1)/every-1)*every:][:every]
				right, wrong := 0, 0
				for _, o := range last {
					if o == Right {
						right++
					}
					if o == Wrong {
						wrong++
					}
				}
				reward = a.Least + float64((1-a.Least)*(float64(wrong)/float64(every)))
				punish = a.Least + float64((1-a.Least)*(float64(right)/float64(every)))
			}
			if a.RewardFactor != reward || a.PunishFactor != punish {
				t.Fatalf("after %d images factors %v and %v; want %v and %v", i+1, a.RewardFactor, a.PunishFactor, reward, punish)
			}
		}
	})
}

func TestRSTDPRule(t *testing.T) {
	r := RSTDP{
		Reward:     STDP{Rates: []Rates{{.004, -.003}}, Lower: .2, Upper: .8},
		Punish:     STDP{Rates: []Rates{{-.004, .0005}, {-.008, .001}}, Lower: .2, Upper: .8},
		Adaptation: NewAdaptation(4),
	}
	if rule, a, ok := r.Rule(Right, 1); !ok || rule != &r.Reward || a != (Rates{.004, -.003}) {
		t.Errorf("reward at first: %v, %v", a, ok)
	}
	for _, o := range []Outcome{Right, Right, Wrong, Silent} {
		r.Count(o)
	}
	// A quarter wrong, half right.
	if rule, a, ok := r.Rule(Right, 1); !ok || rule != &r.Reward || a != (Rates{.001, -.00075}) {
		t.Errorf("reward: %v, %v", a, ok)
	}
	if rule, a, ok := r.Rule(Wrong, 1); !ok || rule != &r.Punish || a != (Rates{-.004, .0005}) {
		t.Errorf("punishment of map 1: %v, %v", a, ok)
	}
	if rule, a, ok := r.Rule(Wrong, 0); !ok || rule != &r.Punish || a != (Rates{-.002, .00025}) {
		t.Errorf("punishment of map 0: %v, %v", a, ok)
	}
	r.Least = 0.2
	for range 4 {
		r.Count(Right)
	}
	if _, a, _ := r.Rule(Right, 1); a != (Rates{.004, -.003}.scale(.2)) {
		t.Errorf("the least reward: %v", a)
	}
	if rule, a, ok := r.Rule(Silent, 0); ok || rule != nil || a != (Rates{}) {
		t.Errorf("after silence: %v, %v, %v", rule, a, ok)
	}
}
