package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"testing"
)

func mnistParts(t testing.TB) (train, test *Set) {
	t.Helper()
	train, test, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

// inverse returns the picture with light and dark exchanged.
func inverse(pixels []byte) []byte {
	out := bytes.Clone(pixels)
	invert(out)
	return out
}

func greyImage(pixels []byte, rows, cols int) *image.Gray {
	return &image.Gray{Pix: pixels, Stride: cols, Rect: image.Rect(0, 0, cols, rows)}
}

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decodeOne decodes a file that must hold one picture.
func decodeOne(t testing.TB, data []byte) Grey {
	t.Helper()
	all, err := Decode("picture", data)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d pictures, want 1", len(all))
	}
	return all[0]
}

// meanDifference is the mean absolute difference of two images' pixels.
func meanDifference(a, b []byte) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(len(a))
}

// shifted returns the image moved by dy rows and dx columns.
func shifted(pixels []byte, rows, cols, dy, dx int) []byte {
	out := make([]byte, len(pixels))
	for y := range rows {
		for x := range cols {
			if y+dy >= 0 && y+dy < rows && x+dx >= 0 && x+dx < cols {
				out[(y+dy)*cols+x+dx] = pixels[y*cols+x]
			}
		}
	}
	return out
}

// nearDifference is the smallest mean difference of two images of 28x28, one of which may be moved by one pixel: a centre of
// mass half-way between two pixels goes to either.
func nearDifference(a, b []byte) float64 {
	least := math.Inf(1)
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			least = min(least, meanDifference(shifted(a, 28, 28, dy, dx), b))
		}
	}
	return least
}

// Every image of MNIST must come back byte for byte, and so must its inversion: then predict equals test.
func TestDigitReturnsMNISTUnchanged(t *testing.T) {
	_, test := mnistParts(t)
	for i := range test.Len() {
		want := test.Image(i)
		got, note := Digit(Grey{Rows: 28, Cols: 28, Pixels: want}, 28, 28)
		if !note.AsIs || note.Inverted || note.Blank || !bytes.Equal(got, want) {
			t.Fatalf("test image %d: not as it is: %v", i, note)
		}
		got, note = Digit(Grey{Rows: 28, Cols: 28, Pixels: inverse(want)}, 28, 28)
		if note.AsIs || !note.Inverted || note.Blank || !bytes.Equal(got, want) {
			t.Fatalf("test image %d inverted: not inverted back: %v", i, note)
		}
	}
}

func upscale(pixels []byte, rows, cols, by int) []byte {
	out := make([]byte, rows*cols*by*by)
	for y := range rows * by {
		for x := range cols * by {
			out[y*cols*by+x] = pixels[y/by*cols+x/by]
		}
	}
	return out
}

// A drawing ten times as large, dark on white and through JPEG, must come back close to the original. Mean differences are
// in grey levels; an image moved by one pixel would have about 15.
func TestDigitUndoesEnlargementAndJPEG(t *testing.T) {
	_, test := mnistParts(t)
	const n, by = 300, 10
	sum, far := 0.0, 0
	for k := range n {
		i := k * test.Len() / n
		want := test.Image(i)
		big := greyImage(inverse(upscale(want, 28, 28, by)), 28*by, 28*by)
		got, note := Digit(decodeOne(t, encodeJPEG(t, big, 90)), 28, 28)
		if !note.Inverted || note.AsIs || note.Blank {
			t.Errorf("test image %d: %v", i, note)
		}
		d := nearDifference(got, want)
		sum += d
		if d > 3 {
			far++ // MNIST's own specks of dust, which are removed here
			t.Logf("test image %d: mean difference %.1f; %v", i, d, note)
		}
	}
	if mean := sum / n; mean > 0.4 {
		t.Errorf("the images differ by %.2f levels in the mean, want at most 0.4", mean)
	}
	if far > n/100 {
		t.Errorf("%d of %d images differ by more than 3 levels", far, n)
	}
}

// photo puts a digit on unevenly lit, grainy, yellowish paper.
func photo(r *rand.Rand, pixels []byte, rows, cols, by int) *image.RGBA {
	margin := 3 * by
	h, w := rows*by+2*margin, cols*by+4*margin
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := 225 - 40*float64(x)/float64(w) - 20*float64(y)/float64(h)
			dy, dx := (y-margin)/by, (x-3*margin)/by
			if y >= margin && x >= 3*margin && dy < rows && dx < cols {
				v *= 1 - 0.75*float64(pixels[dy*cols+dx])/255
			}
			v = min(255, max(0, v+5*r.NormFloat64()))
			m.SetRGBA(x, y, color.RGBA{R: uint8(v), G: uint8(v), B: uint8(v * 0.85), A: 255})
		}
	}
	return m
}

func TestDigitOnPhotographs(t *testing.T) {
	_, test := mnistParts(t)
	r := rand.New(rand.NewPCG(1, 2))
	const n = 30
	sum := 0.0
	for k := range n {
		i := k * test.Len() / n
		got, note := Digit(decodeOne(t, encodeJPEG(t, photo(r, test.Image(i), 28, 28, 20), 85)), 28, 28)
		d := nearDifference(got, test.Image(i))
		sum += d
		if !note.Inverted || d > 8 {
			t.Errorf("test image %d: mean difference %.1f; %v", i, d, note)
		}
	}
	if mean := sum / n; mean > 3 {
		t.Errorf("the images differ by %.2f levels in the mean, want at most 3", mean)
	}
}

// The steps leave MNIST as it is: enlarged without loss, every image comes back, by the centre of mass at the same place.
func TestDigitCentresAsMNIST(t *testing.T) {
	_, test := mnistParts(t)
	same := 0
	const n = 1000
	for i := range n {
		want := test.Image(i)
		got, _ := Digit(Grey{Rows: 56, Cols: 56, Pixels: upscale(want, 28, 28, 2)}, 28, 28)
		if meanDifference(got, want) < 1 {
			same++
		}
	}
	if same < n*97/100 {
		t.Errorf("%d of %d images came back to their place, want 97 %%", same, n)
	}
}

// filled returns a picture of one level.
func filled(rows, cols int, level byte) Grey {
	return Grey{Rows: rows, Cols: cols, Pixels: bytes.Repeat([]byte{level}, rows*cols)}
}

// box draws a rectangle of one level.
func (g Grey) box(top, left, rows, cols int, level byte) Grey {
	for y := top; y < top+rows; y++ {
		for x := left; x < left+cols; x++ {
			g.Pixels[y*g.Cols+x] = level
		}
	}
	return g
}

func TestDigitNotes(t *testing.T) {
	gif := filled(100, 100, 255).box(20, 40, 60, 15, 0)
	gif.Format, gif.Frames = "GIF", 12
	dusty := filled(480, 640, 250).box(100, 200, 300, 210, 10).box(2, 2, 3, 3, 0).box(470, 600, 4, 2, 0)
	speck := filled(480, 640, 250).box(100, 200, 300, 210, 10).box(2, 2, 3, 3, 0)
	inverseIDX := filled(28, 28, 0).box(4, 4, 20, 20, 200)
	inverseIDX.Polarity = DarkOnLight
	for _, tc := range []struct {
		name string
		g    Grey
		want string
	}{
		{"paper", filled(480, 640, 250).box(100, 200, 300, 210, 10),
			"dark on light: inverted; 640x480 cropped to 210x300 and scaled to 14x20, centred by mass"},
		{"blackboard", filled(480, 640, 20).box(100, 100, 100, 400, 210),
			"light on dark; 640x480 cropped to 400x100 and scaled to 20x5, centred by mass"},
		{"dust", dusty, "dark on light: inverted; 640x480 cropped to 210x300 and scaled to 14x20, centred by mass; 2 specks removed"},
		{"speck", speck, "dark on light: inverted; 640x480 cropped to 210x300 and scaled to 14x20, centred by mass; 1 speck removed"},
		{"own size", filled(28, 28, 0).box(4, 10, 20, 5, 255), "light on dark; 28x28 taken as it is"},
		{"own size, faint", filled(28, 28, 0).box(4, 10, 20, 5, 3), "light on dark; 28x28 taken as it is"},
		{"own size, dark", filled(28, 28, 255).box(4, 10, 20, 5, 0), "dark on light: inverted; 28x28 taken as it is"},
		{"own size, known", inverseIDX, "dark on light: inverted; 28x28 taken as it is"},
		{"own size, blank", filled(28, 28, 255), "28x28, blank: nothing to see in it"},
		{"blank", filled(100, 50, 255).box(10, 10, 9, 9, 241), "50x100, blank: nothing to see in it"},
		{"nothing", Grey{}, "0x0, blank: nothing to see in it"},
		{"animation", gif, "first of 12 frames; dark on light: inverted; 100x100 cropped to 15x60 and scaled to 5x20, centred by mass"},
		{"tiny", filled(8, 8, 0).box(2, 3, 4, 2, 255), "light on dark; 8x8 cropped to 2x4 and scaled to 10x20, centred by mass"},
		{"line", filled(1, 5000, 255).box(0, 0, 1, 2000, 0), "dark on light: inverted; 5000x1 cropped to 2001x1 and scaled to 20x1, centred by mass"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := bytes.Clone(tc.g.Pixels)
			pixels, note := Digit(tc.g, 28, 28)
			if got := note.String(); got != tc.want {
				t.Errorf("note:\n%s, want\n%s", got, tc.want)
			}
			if !bytes.Equal(before, tc.g.Pixels) {
				t.Error("the picture itself was changed")
			}
			if len(pixels) != 28*28 {
				t.Fatalf("%d pixels", len(pixels))
			}
			_, high := levels(pixels)
			if note.Blank != (high == 0) {
				t.Errorf("blank %v, highest level %d", note.Blank, high)
			}
			if !note.Blank && note.CropRows > 0 && high != 255 {
				t.Errorf("highest level %d, want 255", high)
			}
		})
	}
}

// What is drawn thin on a large canvas must not fade away when it is scaled down.
func TestDigitKeepsThinLines(t *testing.T) {
	g := filled(4000, 4000, 255).box(500, 2000, 3000, 2, 0).box(3500, 1000, 2, 2000, 0)
	pixels, note := Digit(g, 28, 28)
	lit := 0
	for _, v := range pixels {
		if v > 100 {
			lit++
		}
	}
	if !note.Inverted || lit < 25 {
		t.Errorf("%d pixels are lit, want at least 25; %v", lit, note)
	}
}

// The box and the centre follow the size that is asked for.
func TestDigitOtherSizes(t *testing.T) {
	g := filled(300, 300, 255).box(50, 100, 200, 100, 0)
	for _, tc := range []struct{ rows, cols, inkRows, inkCols int }{
		{28, 28, 20, 10}, {56, 56, 40, 20}, {14, 28, 10, 5}, {28, 14, 20, 10}, {28, 7, 10, 5}, {1, 1, 1, 1}, {3, 2, 2, 1}, {250, 160, 179, 90},
	} {
		pixels, note := Digit(g, tc.rows, tc.cols)
		if len(pixels) != tc.rows*tc.cols || note.InkRows != tc.inkRows || note.InkCols != tc.inkCols {
			t.Errorf("%dx%d: %d pixels, ink %dx%d, want %dx%d", tc.rows, tc.cols, len(pixels), note.InkRows, note.InkCols, tc.inkRows, tc.inkCols)
		}
	}
}

// A centre of mass far from the box's middle must not push ink out of the image.
func TestDigitKeepsAllInkInside(t *testing.T) {
	g := filled(200, 200, 0).box(10, 10, 180, 8, 60).box(10, 10, 10, 180, 255).box(10, 10, 180, 3, 255)
	pixels, note := Digit(g, 28, 20)
	var cols [20]bool
	for i, v := range pixels {
		if v > 0 {
			cols[i%20] = true
		}
	}
	n := 0
	for _, c := range cols {
		if c {
			n++
		}
	}
	if n != note.InkCols {
		t.Errorf("ink in %d columns of the image, but it is %d wide", n, note.InkCols)
	}
}

func TestScale(t *testing.T) {
	for _, tc := range []struct {
		name                        string
		pixels                      []byte
		rows, cols, newRows, newCol int
		want                        []byte
	}{
		{"same", []byte{1, 2, 3, 4, 5, 6}, 2, 3, 2, 3, []byte{1, 2, 3, 4, 5, 6}},
		{"mean", []byte{0, 100, 50, 51}, 2, 2, 1, 1, []byte{50}}, // 50.25
		{"half up", []byte{0, 1}, 1, 2, 1, 1, []byte{1}},
		{"three to two", []byte{30, 60, 90}, 1, 3, 1, 2, []byte{40, 80}},
		{"grow", []byte{0, 100}, 1, 2, 1, 4, []byte{0, 25, 75, 100}},
		{"one pixel grows", []byte{7}, 1, 1, 2, 3, []byte{7, 7, 7, 7, 7, 7}},
		{"one axis each", []byte{0, 100, 0, 100, 40, 140, 40, 140}, 2, 4, 4, 2, []byte{50, 50, 60, 60, 80, 80, 90, 90}},
	} {
		if got := scale(tc.pixels, tc.rows, tc.cols, tc.newRows, tc.newCol); !bytes.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// Whatever the size, a scaled picture of one level keeps it.
func TestScaleKeepsLevels(t *testing.T) {
	for old := 1; old < 40; old++ {
		for size := 1; size < 40; size++ {
			for _, v := range scale(bytes.Repeat([]byte{201}, old*3), old, 3, size, 2) {
				if v != 201 {
					t.Fatalf("%d to %d pixels: level %d, want 201", old, size, v)
				}
			}
		}
	}
}

func TestOtsu(t *testing.T) {
	var h [256]int
	h[10], h[20], h[200], h[210] = 5, 5, 3, 3
	if got := otsu(&h); got < 20 || got >= 200 {
		t.Errorf("threshold %d, want 20 to 199", got)
	}
}

func BenchmarkDigit(b *testing.B) {
	_, test := mnistParts(b)
	g := decodeOne(b, encodeJPEG(b, photo(rand.New(rand.NewPCG(1, 2)), test.Image(0), 28, 28, 40), 85))
	for b.Loop() {
		Digit(g, 28, 28)
	}
}
