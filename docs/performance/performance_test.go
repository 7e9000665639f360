package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
)

var pictures = []string{"maps", "size", "steps", "workers", "images"}

// hasty are settings with which everything is measured, though badly.
func hasty() settings {
	return settings{
		images: 96, presentations: [3]int{200, 200, 48}, batch: 8, repeats: 1,
		maps: []int{16, 210}, sides: []int{16, 28}, steps: []int{5, 15}, workers: []int{1, 2}, sets: []int{48, 96},
	}
}

func TestMeasure(t *testing.T) {
	var stages []string
	points, err := measure(hasty(), func(what string) { stages = append(stages, what) })
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 1+len(pictures) {
		t.Errorf("told of %q; want the training and %d pictures", stages, len(pictures))
	}
	places := map[string]int{}
	for _, p := range points {
		if p.x <= 0 || p.median <= 0 || p.low > p.median || p.median > p.high {
			t.Errorf("%+v: a cost must be above 0 and within its bounds", p)
		}
		places[p.picture+": "+p.series]++
	}
	for _, want := range []string{
		"maps: S1 learns", "maps: S2 learns", "maps: S2 forward", "maps: S3 learns", "maps: S3 decides",
		"size: encode", "size: S1 learns", "size: S1 forward",
		"steps: S1 learns", "steps: S2 learns", "steps: all layers decide",
		"workers: encode", "workers: predict", "workers: S3 learns", "workers: processors",
		"images: S3 learns", "images: S1 remembers", "images: S2 remembers", "images: S3 remembers",
	} {
		if places[want] != 2 {
			t.Errorf("%s has %d points; want 2", want, places[want])
		}
		delete(places, want)
	}
	if len(places) > 0 {
		t.Errorf("measured %v as well, which no picture is known to show", places)
	}
	if err := draw(t.TempDir(), points); err != nil {
		t.Error(err)
	}
}

// numbers are made up: every curve doubles between its two places.
func numbers() string {
	var b strings.Builder
	fmt.Fprintln(&b, "# made up")
	fmt.Fprintln(&b, strings.Join(columns, ","))
	for _, picture := range pictures {
		for _, look := range looks {
			unit := "µs"
			switch {
			case picture == "workers":
				unit = "images/s"
			case strings.HasSuffix(look.series, "remembers"):
				unit = "MB"
			}
			fmt.Fprintf(&b, "%s,%s,%s,16,20,18,23\n%s,%s,%s,1000,40,36,46\n", picture, look.series, unit, picture, look.series, unit)
		}
	}
	fmt.Fprint(&b, "workers,processors,processors,16,1,1,1\nworkers,processors,processors,1000,2,2,2\n")
	return b.String()
}

func TestDraw(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "performance.csv"), []byte(numbers()), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := performance(dir, true); err != nil {
		t.Fatal(err)
	}
	for _, name := range pictures {
		f, err := os.Open(filepath.Join(dir, "performance-"+name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if size := m.Bounds().Size(); size != (image.Point{1400, 800}) {
			t.Errorf("%s is %v; want 1400x800", name, size)
		}
		// Dark pages show what is not painted: the corner is white, not clear.
		if got := color.NRGBAModel.Convert(m.At(0, 0)); got != (color.NRGBA{255, 255, 255, 255}) {
			t.Errorf("%s stands on %v; want white", name, got)
		}
		if !shows(m, vermilion) && name != "size" && name != "steps" {
			t.Errorf("%s does not show S3", name)
		}
		if !shows(m, blue) && name != "workers" {
			t.Errorf("%s does not show S1", name)
		}
	}
}

// shows reports whether a picture has a pixel of the colour.
func shows(m image.Image, c color.RGBA) bool {
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			if color.RGBAModel.Convert(m.At(x, y)) == c {
				return true
			}
		}
	}
	return false
}

func TestDrawWithoutNumbers(t *testing.T) {
	if err := performance(t.TempDir(), true); err == nil || !strings.Contains(err.Error(), "measure first") {
		t.Errorf("without numbers: %v", err)
	}
}

// What is written is read again, to the four digits that are kept.
func TestNumbersRoundTrip(t *testing.T) {
	want := []point{
		{"maps", "S1 learns", "µs", 30, 23.46, 22.1, 25},
		{"images", "S1 remembers", "MB", 60000, 306.7, 306.7, 306.7},
	}
	var b bytes.Buffer
	if err := write(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := read(&b)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read %v, %v; want %v", got, err, want)
	}
}

func TestReadRefuses(t *testing.T) {
	header := strings.Join(columns, ",") + "\n"
	for name, text := range map[string]string{
		"nothing":      "",
		"no points":    header,
		"not a number": header + "maps,S1 learns,µs,30,fast,1,2\n",
		"negative":     header + "maps,S1 learns,µs,30,-1,1,2\n",
		"too few":      header + "maps,S1 learns,µs,30\n",
	} {
		if points, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %v", name, points)
		}
	}
}

func TestGrouped(t *testing.T) {
	for v, want := range map[float64]string{0.5: "0.5", 20: "20", 500: "500", 1000: "1,000", 60000: "60,000", 1234567: "1,234,567"} {
		if got := grouped(v); got != want {
			t.Errorf("%v is %q; want %q", v, got, want)
		}
	}
}

// A mosaic has as much ink a pixel at every size.
func TestMosaicKeepsInk(t *testing.T) {
	set, _, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	mean := func(side int) float64 {
		sum := 0
		for i := range 200 {
			for _, p := range mosaic(set, i, side) {
				sum += int(p)
			}
		}
		return float64(sum) / float64(200*side*side)
	}
	if small, large := mean(16), mean(56); small < .85*large || small > 1.15*large {
		t.Errorf("mean ink %.1f at 16 pixels, %.1f at 56; a wall of digits has as much everywhere", small, large)
	}
}
