package main

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	plot "gonum.org/v1/plot/vg/draw"

	"firstspike/figure"
)

// panels is one figure below the other.
type panels []figure.Intervals

const gap vg.Length = 8

func (p panels) Title() string { return "Test images right" }

func (p panels) Check() error {
	for _, f := range p {
		if err := f.Check(); err != nil {
			return err
		}
	}
	return nil
}

func (p panels) Size() (w, h vg.Length) {
	for i, f := range p {
		width, height := f.Size()
		w, h = max(w, width), h+height
		if i > 0 {
			h += gap
		}
	}
	return w, h
}

func (p panels) Draw(c plot.Canvas) {
	for _, f := range p {
		f.Draw(c)
		_, h := f.Size()
		c.Max.Y -= h + gap
	}
}

// draw is the picture of the rows whose source reports a number: a panel for each
// data set, and in it ours below what is reported.
func draw(rows []row) figure.Figure {
	var f panels
	var data []string
	last := map[string]string{} // the preset of a panel's last row
	for _, r := range rows {
		if math.IsNaN(r.ReportedPercent) {
			continue
		}
		i := slices.Index(data, r.Data)
		if i < 0 {
			i = len(data)
			data, f = append(data, r.Data), append(f, figure.Intervals{Heading: r.Data, X: "test images right", Percent: true})
		}
		none := math.NaN()
		if last[r.Data] != r.Preset {
			f[i].Rows = append(f[i].Rows, figure.Interval{Name: r.Preset + ", reported", Mean: r.ReportedPercent / 100, Low: none, High: none, Open: true})
			last[r.Data] = r.Preset
		}
		ours := figure.Interval{Name: "ours", Mean: r.Mean / 100, Low: none, High: none}
		if s := r.settings(); s != "" {
			ours.Name += ", " + s
		}
		if len(r.Right) > 1 {
			ours.Low, ours.High = r.Low/100, r.High/100
		}
		for _, v := range r.Right {
			ours.Points = append(ours.Points, v/100)
		}
		f[i].Rows = append(f[i].Rows, ours)
	}
	if len(f) == 0 {
		f = panels{{}} // which says that there is nothing
	}
	return f
}
