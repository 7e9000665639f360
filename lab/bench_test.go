package lab_test

import (
	"testing"

	"firstspike/lab"
)

// bench asks about one image after another.
func bench(b *testing.B, ask func(l *lab.Lab, pixels []byte) error) {
	m, err := nets["digits"]()
	if err != nil {
		b.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		b.Fatal(err)
	}
	set := images(b, m)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := ask(l, set.Image(i%set.Len())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	bench(b, func(l *lab.Lab, pixels []byte) error { _, err := l.Decide(pixels); return err })
}

func BenchmarkJudge(b *testing.B) {
	bench(b, func(l *lab.Lab, pixels []byte) error { _, err := l.Judge(pixels, 0); return err })
}

func BenchmarkRoad(b *testing.B) {
	bench(b, func(l *lab.Lab, pixels []byte) error { _, err := l.Road(pixels); return err })
}

func BenchmarkNeuron(b *testing.B) {
	bench(b, func(l *lab.Lab, pixels []byte) error { _, err := l.Neuron(pixels, "s3", 0, 1, 1); return err })
}

func BenchmarkWhy(b *testing.B) {
	bench(b, func(l *lab.Lab, pixels []byte) error { _, err := l.Why(pixels); return err })
}

func BenchmarkTeach(b *testing.B) {
	bench(b, func(l *lab.Lab, pixels []byte) error {
		_, err := l.Teach(pixels, 0)
		l.Undo()
		return err
	})
}

func BenchmarkLearn(b *testing.B) {
	for _, layer := range []string{"s1", "s2"} {
		b.Run(layer, func(b *testing.B) {
			bench(b, func(l *lab.Lab, pixels []byte) error {
				_, err := l.Learn(lab.Learn{Layer: layer, Images: [][]byte{pixels}})
				return err
			})
		})
	}
}
