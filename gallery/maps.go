package gallery

import (
	"errors"
	"fmt"
	"slices"

	"firstspike/event"
	"firstspike/figure"
	"firstspike/inspect"
	"firstspike/readout"
	"firstspike/train"
)

// Filters are those of the encoding, every one with its own range.
func Filters(m *train.Model) (figure.Figure, error) {
	e := m.Experiment
	if e.Encode.Recordings() {
		return nil, errors.New("the network takes recordings by an event camera, which go through no filters")
	}
	encoder, err := m.Encoder()
	if err != nil {
		return nil, err
	}
	s := figure.Sheet{Heading: "The filters of the encoding", Scale: figure.Diverging, Low: -1, High: 1, Legend: "weight, by the largest of its filter"}
	var g figure.Group
	for i, k := range encoder.Kernels() {
		f := e.Encode.Filters[i]
		image := figure.Image{Rows: k.Size, Cols: k.Size, Caption: fmt.Sprintf("%s %d", f.Kind, k.Size)}
		if f.Kind == "gabor" {
			image.Caption += fmt.Sprintf(", %g°", f.Orientation)
		} else if f.Sigma1 < f.Sigma2 {
			image.Caption += " on"
		} else {
			image.Caption += " off"
		}
		most := 0.0
		for _, w := range k.W {
			most = max(most, w, -w)
		}
		for _, w := range k.W {
			image.Values = append(image.Values, float32(w/most))
		}
		g.Images = append(g.Images, image)
	}
	s.Groups = append(s.Groups, g)
	return s, nil
}

// MostInputs is how many maps a layer may read for [Kernels] to be of use.
const MostInputs = 64

// Kernels are the weights of a layer as they are: a row for each map that it
// reads, and in it a small grid for each of its own. At most so many (most) of
// these are shown.
func Kernels(m *train.Model, depth, most int) figure.Figure {
	l := m.Network.Layers[depth]
	learn := m.Experiment.Layers[depth].Learn
	shown := min(l.Maps, most)
	s := figure.Sheet{Heading: fmt.Sprintf("The weights of %s: a row for each map that it reads, a column for each of its own", l.Name), Legend: "weight", Columns: shown}
	s.Low, s.High = min(float32(learn.Lower), slices.Min(l.Weights())), max(float32(learn.Upper), slices.Max(l.Weights()))
	if shown < l.Maps {
		s.Heading += fmt.Sprintf(", the first %d of %d", shown, l.Maps)
	}
	taps := l.Kernel.Rows * l.Kernel.Cols
	for in := range l.In.Maps {
		g := figure.Group{Heading: fmt.Sprint(in)}
		for fm := range shown {
			g.Images = append(g.Images, figure.Image{Rows: l.Kernel.Rows, Cols: l.Kernel.Cols, Values: l.Weight(fm)[in*taps : (in+1)*taps]})
		}
		s.Groups = append(s.Groups, g)
	}
	return s
}

// Features are what the maps of a layer have learned to look for, in pixels;
// those of the last layer by the class that they decide for.
func Features(m *train.Model, depth int) (figure.Figure, error) {
	features, err := inspect.Features(m, depth)
	if err != nil {
		return nil, err
	}
	l := m.Network.Layers[depth]
	s := figure.Sheet{Heading: fmt.Sprintf("What the %d maps of %s look for", l.Maps, l.Name), Scale: figure.Diverging, Low: -1, High: 1, Legend: "dark to light"}
	trim(features)
	image := func(fm int) figure.Image {
		f := features[fm]
		return figure.Image{Rows: f.Rows, Cols: f.Cols, Values: f.Values}
	}
	if depth < len(m.Network.Layers)-1 || len(m.Decision) != l.Maps {
		var g figure.Group
		for fm := range l.Maps {
			g.Images = append(g.Images, image(fm))
		}
		s.Groups = append(s.Groups, g)
		return s, nil
	}
	s.Heading += ", by class"
	s.Columns = 10 // large enough to be read as digits
	for class := range m.Experiment.Data.Classes {
		g := figure.Group{Heading: fmt.Sprint(class)}
		for fm, c := range m.Decision {
			if c == class {
				g.Images = append(g.Images, image(fm))
			}
		}
		s.Groups = append(s.Groups, g)
	}
	return s, nil
}

// trim takes from all features alike the margin in which hardly anything is.
func trim(features []inspect.Feature) {
	rows, cols := features[0].Rows, features[0].Cols
	const little = .2
	margin := min(rows, cols)
	for _, f := range features {
		for i, v := range f.Values {
			if max(v, -v) > little {
				y, x := i/cols, i%cols
				margin = min(margin, y, x, rows-1-y, cols-1-x)
			}
		}
	}
	if 2*margin >= min(rows, cols) {
		return // there is nothing in any
	}
	for i, f := range features {
		t := inspect.Feature{Rows: rows - 2*margin, Cols: cols - 2*margin}
		for y := margin; y < rows-margin; y++ {
			t.Values = append(t.Values, f.Values[y*cols+margin:(y+1)*cols-margin]...)
		}
		features[i] = t
	}
}

// Errors are images that a model gets wrong, by label; with each the class
// that it was taken for. Of recordings, which have no pixels to show, how many
// events each pixel had is what is shown.
func Errors(m *train.Model, images [][]byte, labels []int, most int) (figure.Figure, error) {
	p, err := m.Predictor()
	if err != nil {
		return nil, err
	}
	e := m.Experiment.Data
	groups := make([]figure.Group, e.Classes)
	wrong := 0
	for i, pixels := range images {
		d := p.Predict(pixels)
		if d.Class == labels[i] {
			continue
		}
		wrong++
		if g := &groups[labels[i]]; len(g.Images) < most {
			caption := "silent"
			if d.Class != readout.None {
				caption = fmt.Sprint(d.Class)
			}
			grey := pixels
			if m.Experiment.Encode.Recordings() {
				events, err := event.Decode(pixels, e.Rows, e.Cols, nil)
				if err != nil {
					return nil, err
				}
				grey = event.Recording{Rows: e.Rows, Cols: e.Cols, Events: events}.Picture()
			}
			g.Images = append(g.Images, figure.Image{Rows: e.Rows, Cols: e.Cols, Grey: grey, Caption: caption})
		}
	}
	s := figure.Sheet{Heading: fmt.Sprintf("%d images are wrong; below each what it was taken for", wrong)}
	for class, g := range groups {
		if g.Heading = fmt.Sprint(class); len(g.Images) > 0 {
			s.Groups = append(s.Groups, g)
		}
	}
	return s, nil
}
