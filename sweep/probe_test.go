package sweep

import (
	"math"
	"testing"
)

// TestPace: what a law made is found again, and extended.
func TestPace(t *testing.T) {
	const images, held, inputs, judged = 1000, 200, 0.002, 0.5
	for _, fall := range []float64{0, fallOfBlocks} {
		law := pace{rate: 0.004, fall: fall}
		const epochs = 3
		learned, took := make([]float64, epochs), make([]float64, epochs)
		for i := range learned {
			learned[i] = law.rate * law.sum((i+1)*images)
			if i > 0 {
				learned[i] -= law.rate * law.sum(i*images)
			}
			took[i] = learned[i] * (1 + judged*held/images)
		}
		took[0] += inputs * images
		p := paceOf(images, held, fall, learned, took)
		for _, n := range []int{1, 20, 680} {
			got := p.seconds(50*images, 20*held, n)
			want := 50*images*inputs + law.rate*law.sum(n*50*images)*(1+judged*20*held/(50*images))
			if math.Abs(got-want) > 1e-9*want {
				t.Errorf("fall %v, %d epochs: %v seconds, want %v", fall, n, got, want)
			}
		}
		if got := p.seconds(images, held, 0); got != 0 {
			t.Errorf("a layer that does not learn takes %v seconds", got)
		}
	}
	// A slow first epoch is not multiplied.
	p := paceOf(images, 0, 0, []float64{3, 1, 1}, []float64{3, 1, 1})
	if got, want := p.seconds(10*images, 0, 2), 2+20.0; math.Abs(got-want) > 1e-9 {
		t.Errorf("with a slow first epoch: %v seconds, want %v", got, want)
	}
}
