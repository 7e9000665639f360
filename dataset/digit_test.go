package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
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

func TestDigitUndoesEnlargementAndJPEG(t *testing.T) {
	_, test := mnistParts(t)
	const by = 10
	worst, sum, n := 0.0, 0.0, 0
	for i := 0; i < test.Len(); i += test.Len() / 300 {
		want := test.Image(i)
		big := greyImage(inverse(upscale(want, 28, 28, by)), 28*by, 28*by)
		got, note := Digit(decodeOne(t, encodeJPEG(t, big, 90)), 28, 28)
		if !note.Inverted || note.AsIs || note.Blank {
			t.Errorf("test image %d: %v", i, note)
		}
		d := meanDifference(got, want)
		worst = max(worst, d)
		sum += d
		n++
		if d > 4 {
			t.Logf("%d: %.2f %v", i, d, note)
		}
	}
	t.Logf("mean %.3f, worst %.3f of %d", sum/float64(n), worst, n)
}

// photo puts a digit on unevenly lit, grainy paper.
func photo(r *rand.Rand, pixels []byte, rows, cols, by int) *image.RGBA {
	margin := 3 * by
	h, w := rows*by+2*margin, cols*by+4*margin
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			paper := 225 - 40*float64(x)/float64(w) - 20*float64(y)/float64(h)
			dy, dx := (y-margin)/by, (x-3*margin)/by
			if y >= margin && x >= 3*margin && dy < rows && dx < cols {
				paper *= 1 - 0.75*float64(pixels[dy*cols+dx])/255
			}
			v := paper + 5*r.NormFloat64()
			c := color.RGBA{R: uint8(min(255, max(0, v))), G: uint8(min(255, max(0, v))), B: uint8(min(255, max(0, v*0.85))), A: 255}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func TestDigitOnPhotographs(t *testing.T) {
	_, test := mnistParts(t)
	r := rand.New(rand.NewPCG(1, 2))
	worst, sum, n := 0.0, 0.0, 0
	for i := 0; i < test.Len(); i += test.Len() / 100 {
		want := test.Image(i)
		got, note := Digit(decodeOne(t, encodeJPEG(t, photo(r, want, 28, 28, 20), 85)), 28, 28)
		d := meanDifference(got, want)
		worst = max(worst, d)
		sum += d
		n++
		if d > 6 {
			t.Logf("%d: %.2f %v", i, d, note)
		}
	}
	t.Logf("mean %.3f, worst %.3f of %d", sum/float64(n), worst, n)
	_ = strings.Join
}
