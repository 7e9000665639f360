package main

import (
	"fmt"
	"image/color"
	"io"
	"path/filepath"

	"gonum.org/v1/plot"
)

// looks are how a series is drawn, in every picture.
var looks = []struct {
	series, name string // in the numbers, and in the picture
	color        color.RGBA
	dashed       bool
}{
	{"encode", "encoding", purple, false},
	{"S1 learns", "S1 learns", blue, false},
	{"S1 forward", "S1 forward", blue, true},
	{"S1 remembers", "for S1", blue, false},
	{"S2 learns", "S2 learns", green, false},
	{"S2 forward", "S2 forward", green, true},
	{"S2 remembers", "for S2", green, false},
	{"S3 learns", "S3 learns", vermilion, false},
	{"S3 decides", "S3 decides", vermilion, true},
	{"S3 remembers", "for S3", vermilion, false},
	{"all layers decide", "decision", ink, true},
	{"predict", "prediction", ink, true},
}

// curves are the series of a picture that have a unit, in the order of looks.
func curves(points []point, picture, unit string) []curve {
	var list []curve
	for _, look := range looks {
		c := curve{name: look.name, color: look.color, dashed: look.dashed}
		for _, p := range points {
			if p.picture == picture && p.series == look.series && p.unit == unit {
				c.points = append(c.points, p)
			}
		}
		if len(c.points) > 0 {
			list = append(list, c)
		}
	}
	return list
}

func ticks(values ...float64) []plot.Tick {
	var list []plot.Tick
	for _, v := range values {
		list = append(list, plot.Tick{Value: v, Label: grouped(v)})
	}
	return list
}

// draw writes all pictures into a folder.
func draw(dir string, points []point) error {
	const time, proportion = "microseconds an image", "in proportion"
	maps := &chart{
		heading: time, foot: "maps of the layer", ticks: ticks(16, 30, 60, 120, 250, 500, 1000),
		curves: curves(points, "maps", "µs"), key: proportion, margin: 66,
	}
	for i, c := range maps.curves {
		maps.curves[i].mark = map[string]float64{"S1": 30, "S2": 250, "S3": 200}[c.name[:2]]
	}
	var squares []plot.Tick
	for _, side := range []int{16, 22, 28, 40, 56, 80, 128} {
		squares = append(squares, plot.Tick{Value: float64(side * side), Label: fmt.Sprintf("%d×%[1]d", side)})
	}
	size := &chart{
		heading: time, foot: "pixels of the image", ticks: squares,
		curves: curves(points, "size", "µs"), key: proportion, margin: 66,
	}
	steps := &chart{
		heading: time, foot: "steps", ticks: ticks(5, 8, 15, 30, 60, 120, 250),
		curves: curves(points, "steps", "µs"), key: proportion, margin: 66,
	}
	workers := &chart{
		heading: "images a second", foot: "goroutines", ticks: ticks(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128),
		curves: curves(points, "workers", "images/s"), key: "ideal", margin: 66,
	}
	workers.guides = ideal(points, workers.curves)
	rate := &chart{
		heading: "microseconds a presentation", foot: "training images", ticks: ticks(1000, 5000, 20000, 60000),
		curves: curves(points, "images", "µs"), margin: 60,
	}
	memory := &chart{
		heading: "megabytes", foot: "training images", ticks: ticks(1000, 5000, 20000, 60000),
		curves: curves(points, "images", "MB"), key: proportion, margin: 42,
	}
	for _, p := range []struct {
		name   string
		mark   float64
		charts []*chart
	}{
		{"maps", 0, []*chart{maps}},
		{"size", 28 * 28, []*chart{size}},
		{"steps", 15, []*chart{steps}},
		{"workers", 0, []*chart{workers}},
		{"images", 0, []*chart{rate, memory}},
	} {
		for _, c := range p.charts {
			if len(c.curves) == 0 {
				return fmt.Errorf("there are no points for the picture %s", p.name)
			}
			for i := range c.curves {
				if p.mark > 0 {
					c.curves[i].mark = p.mark
				}
			}
		}
		path := filepath.Join(dir, "performance-"+p.name+".png")
		if err := writeFile(path, func(w io.Writer) error { return writePicture(w, p.charts...) }); err != nil {
			return err
		}
	}
	return nil
}

// ideal is the speed of one goroutine times the processors at work.
func ideal(points []point, curves []curve) [][]point {
	lines := [][]point{}
	for _, c := range curves {
		var line []point
		for _, p := range points {
			if p.series == "processors" {
				line = append(line, point{x: p.x, median: p.median * c.points[0].median})
			}
		}
		lines = append(lines, line)
	}
	return lines
}
