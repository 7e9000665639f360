// Command nmnist compares recordings of N-MNIST with those that the simulated
// camera makes of the same digits of MNIST.
//
//	go run ./docs/nmnist -genuine N-MNIST -out docs
//
// takes N-MNIST's folder, or one with some of its files, writes
// nmnist-simulated.png and nmnist-rate.png into the folder docs, and the table
// in docs/nmnist.md to the standard output. Digits that the camera was fitted to
// (files 00001.bin to 00250.bin) are left out.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"firstspike/dataset"
	"firstspike/event"
	"firstspike/figure"
)

func main() {
	genuine := flag.String("genuine", "nmnist", "the folder of N-MNIST, with Train and Test; a name that dataset.Open knows will do")
	out := flag.String("out", "docs", "the folder for the pictures")
	first := flag.Int("first", 251, "the first file of Train that is compared")
	last := flag.Int("last", 1000, "the last")
	flag.Parse()
	if err := compare(*genuine, *out, *first, *last, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "nmnist:", err)
		os.Exit(1)
	}
}

// A pair is a digit as both cameras saw it.
type pair struct {
	label         int
	genuine, made *measured
}

func compare(genuine, out string, first, last int, w io.Writer) error {
	recordings, _, err := dataset.Open(genuine)
	if err != nil {
		return err
	}
	if !recordings.Events {
		return fmt.Errorf("%s: holds images; give the folder of N-MNIST", genuine)
	}
	digits, _, err := dataset.MNIST()
	if err != nil {
		return err
	}
	recorder, err := event.NMNIST().Recorder()
	if err != nil {
		return err
	}
	var pairs []pair
	for i := range recordings.Len() {
		name := recordings.Source(i)
		n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)))
		if err != nil || n < 1 || n > digits.Len() {
			return fmt.Errorf("%s: its name is not the number of one of MNIST's digits", name)
		}
		if n < first || n > last {
			continue
		}
		if digits.Label(n-1) != recordings.Label(i) {
			return fmt.Errorf("%s: is a %d in its folder, and a %d in MNIST", name, recordings.Label(i), digits.Label(n-1))
		}
		events, err := event.Decode(recordings.Image(i), recordings.Rows, recordings.Cols, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		made := recorder.Record(digits.Image(n-1), digits.Rows, digits.Cols, uint64(n-1))
		pairs = append(pairs, pair{recordings.Label(i), measure(events), measure(made.Events)})
	}
	if len(pairs) < 20 {
		return fmt.Errorf("%s: has %d recordings of digits %d to %d; twenty are needed", genuine, len(pairs), first, last)
	}
	if err := table(w, pairs); err != nil {
		return err
	}
	return errors.Join(
		write(filepath.Join(out, "nmnist-simulated.png"), sheet(pairs)),
		write(filepath.Join(out, "nmnist-rate.png"), rates(pairs)))
}

func write(path string, f figure.Figure) error {
	var b bytes.Buffer
	if err := figure.PNG(&b, f, 144); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}

// sheet shows the first digit of every class, in the first saccade, which goes
// down and to the right, and in the third, which goes to the left.
func sheet(pairs []pair) figure.Figure {
	f := figure.Sheet{Heading: "The edges of the same digits, as recorded and as simulated",
		Scale: figure.Diverging, Low: -6, High: 6, Legend: "ON less OFF events of a pixel", Columns: 10, Width: 440}
	for _, i := range []int{0, 2} {
		for k, of := range []string{"N-MNIST", "simulated"} {
			g := figure.Group{Heading: fmt.Sprintf("Saccade %d, %s", i+1, of)}
			for class := range 10 {
				at := slices.IndexFunc(pairs, func(p pair) bool { return p.label == class })
				if at < 0 {
					continue
				}
				image := figure.Image{Rows: side, Cols: side}
				for _, n := range []*measured{pairs[at].genuine, pairs[at].made}[k].edges[i] {
					image.Values = append(image.Values, float32(n))
				}
				g.Images = append(g.Images, image)
			}
			f.Groups = append(f.Groups, g)
		}
	}
	return f
}

// rates shows how many events there are when.
func rates(pairs []pair) figure.Figure {
	f := figure.Curves{Heading: "Events a millisecond, mean of the digits", X: "milliseconds"}
	for polarity, name := range []string{"OFF", "ON"} {
		panel := figure.Panel{Name: name}
		for k, of := range []string{"N-MNIST", "simulated"} {
			s := figure.Series{Name: of}
			for b := range bins {
				sum := 0.0
				for _, p := range pairs {
					m := p.genuine
					if k == 1 {
						m = p.made
					}
					sum += float64(m.bins[polarity][b])
				}
				s.X = append(s.X, (float64(b)+0.5)*binWidth/1000)
				s.Y = append(s.Y, sum/float64(len(pairs))/(binWidth/1000))
			}
			panel.Series = append(panel.Series, s)
		}
		f.Panels = append(f.Panels, panel)
	}
	return f
}
