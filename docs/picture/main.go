// Command picture draws what a trained network does with one test image of
// MNIST: the digit, the first spikes of its six contrast maps, those of the
// first layer after pooling, and what the last layer makes of them.
//
//	go run ./docs/picture -run runs/mozafari2018-seed1 -image 0 -out docs/first-spikes.png
package main

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"firstspike/dataset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

func main() {
	run := flag.String("run", "runs/mozafari2018-seed1", "folder of a run of the preset mozafari2018")
	index := flag.Int("image", 0, "number of the test image")
	out := flag.String("out", "first-spikes.png", "the PNG file to write")
	flag.Parse()
	if err := picture(*run, *index, *out); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func picture(run string, index int, out string) error {
	m, err := train.Load(run)
	if err != nil {
		return err
	}
	test, err := dataset.MNISTTest()
	if err != nil {
		return err
	}
	if index < 0 || index >= test.Len() {
		return fmt.Errorf("there is no test image %d; they go from 0 to %d", index, test.Len()-1)
	}
	e, err := m.Encoder()
	if err != nil {
		return err
	}
	c, err := newCanvas(1200, 660)
	if err != nil {
		return err
	}
	pixels := test.Image(index)
	var spikes spike.Map
	e.Encode(pixels, &spikes)
	var pass snn.Pass

	c.text(20, 34, 17, fmt.Sprintf("Test image %d", index))
	c.pixels(20, 48, 5, test.Rows, test.Cols, func(r, col int) color.Color {
		return color.Gray{255 - pixels[r*test.Cols+col]}
	})
	c.text(200, 34, 17, fmt.Sprintf("First spikes of the %d contrast maps: strong contrast fires early", spikes.Maps))
	for i, f := range m.Experiment.Encode.Filters {
		x := 200 + i*165
		c.firsts(x, 48, 5, &spikes, i)
		kind := "light on dark"
		if f.Sigma1 > f.Sigma2 {
			kind = "dark on light"
		}
		c.text(x, 206, 13, fmt.Sprintf("%s, %d px", kind, f.Size))
	}
	first := pass.Spikes(m.Network, &spikes, 1)
	c.text(20, 250, 17, fmt.Sprintf("First layer, learned by STDP: first spikes of its %d maps, after pooling", first.Maps))
	for i := range first.Maps {
		c.firsts(20+i%15*78, 264+i/15*78, 5, first, i)
	}
	c.legend(20, 442, spikes.Steps)

	best := m.Network.Forward(&spikes, &pass, nil)
	decision := m.Decision.Decide(m.Network.Layers[len(m.Network.Layers)-1].Convolution.Out(), best)
	c.text(20, 505, 17, fmt.Sprintf("Last layer, learned by reward: the highest potential decides. It says %d.", decision.Class))
	top := classes(m, best)
	high := 1e-9
	for _, p := range top {
		high = max(high, p)
	}
	for class, p := range top {
		x, h := 20+class*117, int(90*p/high)
		fill := color.RGBA{0x9a, 0xb8, 0xcc, 0xff}
		if class == decision.Class {
			fill = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
		}
		c.fill(image.Rect(x, 615-h, x+60, 615), fill)
		c.text(x+25, 635, 15, fmt.Sprint(class))
		c.text(x+66, 613, 13, fmt.Sprintf("%.0f", p))
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := png.Encode(f, c.image); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// classes is the highest potential of each class.
func classes(m *train.Model, best []spike.Spike) []float64 {
	top := make([]float64, m.Decision.Classes())
	last := m.Network.Layers[len(m.Network.Layers)-1]
	for _, s := range best {
		if class := m.Class(s.Neuron); s.Step != spike.Silent {
			top[class] = max(top[class], last.Potential(s.Potential))
		}
	}
	return top
}

// A canvas is a picture in the making.
type canvas struct {
	image *image.RGBA
	font  *opentype.Font
}

func newCanvas(w, h int) (*canvas, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	c := &canvas{image.NewRGBA(image.Rect(0, 0, w, h)), f}
	c.fill(c.image.Bounds(), color.White)
	return c, nil
}

func (c *canvas) fill(r image.Rectangle, col color.Color) {
	draw.Draw(c.image, r, image.NewUniform(col), image.Point{}, draw.Src)
}

func (c *canvas) text(x, y int, size float64, s string) {
	face, err := opentype.NewFace(c.font, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return // the sizes are constants that the font has
	}
	d := font.Drawer{Dst: c.image, Src: image.NewUniform(color.RGBA{0x22, 0x22, 0x22, 0xff}), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

func (c *canvas) pixels(x, y, scale, rows, cols int, at func(r, col int) color.Color) {
	for r := range rows {
		for col := range cols {
			c.fill(image.Rect(x+col*scale, y+r*scale, x+(col+1)*scale, y+(r+1)*scale), at(r, col))
		}
	}
}

// firsts draws the first spikes of one map.
func (c *canvas) firsts(x, y, scale int, m *spike.Map, fm int) {
	c.pixels(x, y, scale, m.Rows, m.Cols, func(r, col int) color.Color {
		s := m.Step(fm, r, col)
		if s == spike.Silent {
			return color.RGBA{0xf0, 0xf0, 0xf0, 0xff}
		}
		return viridis(float64(s) / float64(max(m.Steps-1, 1)))
	})
}

func (c *canvas) legend(x, y, steps int) {
	c.text(x, y+14, 13, "step")
	for s := range steps {
		c.fill(image.Rect(x+40+s*22, y, x+62+s*22, y+18), viridis(float64(s)/float64(max(steps-1, 1))))
	}
	c.text(x+40, y+34, 13, "0: first")
	c.text(x+40+steps*22-40, y+34, 13, fmt.Sprintf("%d: last", steps-1))
	c.fill(image.Rect(x+60+steps*22, y, x+82+steps*22, y+18), color.RGBA{0xf0, 0xf0, 0xf0, 0xff})
	c.text(x+90+steps*22, y+14, 13, "silent")
}

// viridis is the colour scale of that name, dark for 0, told apart by every
// kind of eye; it runs straight between nine of its colours.
func viridis(x float64) color.Color {
	stops := [][3]float64{{68, 1, 84}, {71, 44, 122}, {59, 81, 139}, {44, 113, 142}, {33, 144, 141}, {39, 173, 129}, {92, 200, 99}, {170, 220, 50}, {253, 231, 37}}
	x = min(max(x, 0), 1) * float64(len(stops)-1)
	i := min(int(x), len(stops)-2)
	f := x - float64(i)
	mix := func(k int) uint8 { return uint8(stops[i][k] + f*(stops[i+1][k]-stops[i][k])) }
	return color.RGBA{mix(0), mix(1), mix(2), 0xff}
}
