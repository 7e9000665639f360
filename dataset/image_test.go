package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// two returns a picture of one row of these two colours, in the given kind of image.
func two[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](m T, a, b color.Color) T {
	m.Set(0, 0, a)
	m.Set(1, 0, b)
	return m
}

func TestDecodePNGColours(t *testing.T) {
	r := image.Rect(0, 0, 2, 1)
	palette := color.Palette{color.RGBA{A: 255}, color.RGBA{R: 255, A: 255}, color.RGBA{B: 255, A: 255}, color.Transparent}
	for _, tc := range []struct {
		name string
		m    image.Image
		want [2]byte
	}{
		{"grey", two(image.NewGray(r), color.Gray{7}, color.Gray{255}), [2]byte{7, 255}},
		{"grey, 16 bits", two(image.NewGray16(r), color.Gray16{0x12ff}, color.Gray16{0xffff}), [2]byte{0x12, 255}},
		{"RGB", two(image.NewRGBA(r), color.RGBA{R: 255, A: 255}, color.RGBA{G: 255, A: 255}), [2]byte{76, 150}},
		{"RGB of grey", two(image.NewRGBA(r), color.Gray{123}, color.Gray{254}), [2]byte{123, 254}},
		{"RGB, 16 bits", two(image.NewRGBA64(r), color.RGBA64{B: 0xffff, A: 0xffff}, color.Gray16{0x8000}), [2]byte{29, 0x80}},
		{"palette", two(image.NewPaletted(r, palette), palette[1], palette[2]), [2]byte{76, 29}},
		{"palette, transparent", two(image.NewPaletted(r, palette), palette[0], palette[3]), [2]byte{0, 255}},
		{"half transparent black", two(image.NewNRGBA(r), color.NRGBA{A: 127}, color.NRGBA{A: 255}), [2]byte{128, 0}},
		{"half transparent grey", two(image.NewNRGBA(r), color.NRGBA{100, 100, 100, 51}, color.NRGBA{}), [2]byte{224, 255}},
		{"white on nothing", two(image.NewNRGBA(r), color.NRGBA{255, 255, 255, 255}, color.NRGBA{}), [2]byte{255, 0}},
		{"nearly white on nothing", two(image.NewNRGBA64(r), color.NRGBA64{0xf8ff, 0xf8ff, 0xf8ff, 0xffff}, color.NRGBA64{}), [2]byte{248, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := decodeOne(t, encodePNG(t, tc.m))
			if g.Name != "picture" || g.Format != "PNG" || g.Frames != 1 || g.Rows != 1 || g.Cols != 2 || g.Polarity != Unknown {
				t.Errorf("%+v", g)
			}
			if !bytes.Equal(g.Pixels, tc.want[:]) {
				t.Errorf("levels %v, want %v", g.Pixels, tc.want)
			}
		})
	}
}

// Every grey level comes out of a PNG as it went in, whatever the kind of picture: predict must see what test sees.
func TestDecodeKeepsGrey(t *testing.T) {
	r := image.Rect(0, 0, 16, 16)
	grey, grey16, rgb, rgb16 := image.NewGray(r), image.NewGray16(r), image.NewRGBA(r), image.NewNRGBA64(r)
	palette := make(color.Palette, 256)
	for v := range palette {
		palette[v] = color.Gray{uint8(v)}
	}
	paletted := image.NewPaletted(r, palette)
	for v := range 256 {
		x, y, c := v%16, v/16, color.Gray{uint8(v)}
		grey.Set(x, y, c)
		grey16.Set(x, y, c)
		rgb.Set(x, y, c)
		rgb16.Set(x, y, c)
		paletted.SetColorIndex(x, y, uint8(v))
	}
	for i, m := range []image.Image{grey, grey16, rgb, rgb16, paletted} {
		for v, got := range decodeOne(t, encodePNG(t, m)).Pixels {
			if int(got) != v {
				t.Fatalf("picture %d: level %d became %d", i, v, got)
			}
		}
	}
	var b bytes.Buffer
	if err := gif.Encode(&b, paletted, nil); err != nil {
		t.Fatal(err)
	}
	for v, got := range decodeOne(t, b.Bytes()).Pixels {
		if int(got) != v {
			t.Fatalf("GIF: level %d became %d", v, got)
		}
	}
}

func TestDecodeJPEG(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 37, 21)) // no multiple of a block
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	for y := range 21 {
		for x := range 20 {
			m.Set(x, y, color.RGBA{R: 255, A: 255})
		}
	}
	g := decodeOne(t, encodeJPEG(t, m, 95))
	if g.Format != "JPEG" || g.Rows != 21 || g.Cols != 37 || len(g.Pixels) != 21*37 {
		t.Fatalf("%+v", g)
	}
	if red, white := g.Pixels[10*37+3], g.Pixels[10*37+30]; red < 72 || red > 80 || white < 251 {
		t.Errorf("red became %d, white %d", red, white)
	}
	grey := image.NewGray(image.Rect(0, 0, 3, 3))
	grey.Pix[4] = 200
	if g := decodeOne(t, encodeJPEG(t, grey, 100)); g.Rows != 3 || g.Cols != 3 || g.Pixels[4] < 190 {
		t.Errorf("%+v", g)
	}
}

func animation(t testing.TB, n int) []byte {
	t.Helper()
	var a gif.GIF
	for i := range n {
		m := image.NewPaletted(image.Rect(0, 0, 300, 200), color.Palette{color.White, color.Black})
		m.SetColorIndex(i, 0, 1)
		a.Image = append(a.Image, m)
		a.Delay = append(a.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodeGIF(t *testing.T) {
	for _, n := range []int{1, 5} {
		g := decodeOne(t, animation(t, n))
		if g.Format != "GIF" || g.Frames != n || g.Rows != 200 || g.Cols != 300 || g.Pixels[0] != 0 || g.Pixels[1] != 255 {
			t.Errorf("%d frames: %s, %d frames, %dx%d, %v", n, g.Format, g.Frames, g.Cols, g.Rows, g.Pixels[:2])
		}
	}
	// Wherever the file ends, counting its frames must end too.
	data := animation(t, 3)
	for n := range data {
		if got := gifFrames(data[:n]); got > 3 {
			t.Fatalf("%d frames in the first %d bytes", got, n)
		}
	}
}

func TestDecodeIDX(t *testing.T) {
	pixels := filled(56, 28, 0).box(4, 4, 20, 20, 200).box(40, 10, 2, 2, 99).Pixels
	for _, tc := range []struct {
		name   string
		pixels []byte
		want   Polarity
	}{{"light", pixels, LightOnDark}, {"dark", inverse(pixels), DarkOnLight}} {
		data := idx(magicImages, []uint32{2, 28, 28}, tc.pixels...)
		for _, d := range [][]byte{data, gz(data)} {
			all, err := Decode("t.gz", d)
			if err != nil || len(all) != 2 {
				t.Fatal(len(all), err)
			}
			for i, g := range all {
				if g.Name != fmt.Sprintf("t.gz#%d", i) || g.Format != "IDX" || g.Frames != 2 || g.Rows != 28 || g.Cols != 28 || g.Polarity != tc.want {
					t.Errorf("%s: image %d: %+v", tc.name, i, g)
				}
				if !bytes.Equal(g.Pixels, tc.pixels[i*784:(i+1)*784]) {
					t.Errorf("%s: image %d has other pixels", tc.name, i)
				}
			}
		}
	}
}

// In an IDX file, one image whose ground is in doubt follows the others.
func TestDecodeIDXJudgesTogether(t *testing.T) {
	_, test := mnistParts(t)
	full := filled(28, 28, 255).box(12, 12, 4, 4, 0) // on its own, a dark spot on light ground
	pixels := slices.Concat(full.Pixels, test.Image(0), test.Image(1), test.Image(2))
	all, err := Decode("coats", idx(magicImages, []uint32{4, 28, 28}, pixels...))
	if err != nil {
		t.Fatal(err)
	}
	if got, note := Digit(all[0], 28, 28); !note.AsIs || !bytes.Equal(got, full.Pixels) {
		t.Errorf("%v", note)
	}
	if _, note := Digit(full, 28, 28); !note.Inverted {
		t.Errorf("alone: %v", note)
	}
}

// pngOfSize returns the beginning of a PNG file whose header gives any size.
func pngOfSize(width, height uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	head = binary.BigEndian.AppendUint32(head, height)
	head = append(head, 8, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint32(append(b, head...), crc32.ChecksumIEEE(head))
}

func TestDecodeErrors(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i)
	}
	png, jpeg, gif := encodePNG(t, noise), encodeJPEG(t, noise, 90), animation(t, 1)
	badPNG := bytes.Clone(png)
	badPNG[len(badPNG)/2] ^= 0xff
	wideGIF := slices.Concat([]byte("GIF89a"), []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0}, gif[13:])
	deepPNG := pngOfSize(8192, 4097)
	deepPNG[24], deepPNG[25] = 16, 2 // three colours of 16 bits
	binary.BigEndian.PutUint32(deepPNG[29:], crc32.ChecksumIEEE(deepPNG[12:29]))
	jpegSize := bytes.Clone(jpeg)
	sof := bytes.Index(jpegSize, []byte{0xff, 0xc0})
	copy(jpegSize[sof+5:], []byte{0x40, 0, 0x40, 0})
	jpegLossless := bytes.Clone(jpeg)
	jpegLossless[sof+1] = 0xc3
	const formats = "; PNG, JPEG, GIF and IDX images are read"
	const convert = formats + ", so convert it first"
	for _, tc := range []struct {
		name string
		data []byte
		want string // all of it, or, if it ends with an ellipsis, the beginning
	}{
		{"empty", nil, "is empty" + formats},
		{"spaces", []byte(" \n"), "is no image, it begins with 0x200a" + formats},
		{"binary", []byte{1, 2, 3, 4, 5}, "is no image, it begins with 0x01020304" + formats},
		{"text", []byte("7 is a digit.\n"), "is a text file" + convert},
		{"text cut within a letter", []byte(strings.Repeat("ö", sniffLen)), "is a text file" + convert},
		{"text, odd", []byte("x" + strings.Repeat("ö", sniffLen)), "is a text file" + convert},
		{"text in UTF-16", []byte("\xff\xfe7\x00"), "is a text file" + convert},
		{"BM in text", []byte("BMW builds cars"), "is a text file" + convert},
		{"page", []byte("\ufeff<!-- x --><!doctype html>"), "is an HTML page" + convert},
		{"HTML", []byte("  <!DOCTYPE html>\n<html>"), "is an HTML page" + convert},
		{"SVG", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "is an SVG drawing" + convert},
		{"XML", []byte(`<?xml version="1.0"?><a/>`), "is an XML file" + convert},
		{"WebP", []byte("RIFF\x24\x00\x00\x00WEBPVP8 "), "is a WebP image" + convert},
		{"BMP", []byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"), "is a BMP image" + convert},
		{"TIFF", []byte("II*\x00\x08\x00\x00\x00"), "is a TIFF image" + convert},
		{"TIFF, big", []byte("MM\x00*\x00\x00\x00\x08"), "is a TIFF image" + convert},
		{"PDF", []byte("%PDF-1.7\n"), "is a PDF document" + convert},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "is a HEIC image" + convert},
		{"AVIF", []byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00"), "is an AVIF image" + convert},
		{"MP4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"), "is an MP4 video" + convert},
		{"icon", []byte("\x00\x00\x01\x00\x01\x00"), "is an icon file" + convert},
		{"PGM", []byte("P5\n28 28\n255\n\x00\x00"), "is a Netpbm image" + convert},
		{"NumPy", []byte("\x93NUMPY\x01\x00"), "is a NumPy array" + convert},

		{"PNG, magic only", png[:4], "the PNG image is truncated; fetch or export it again"},
		{"PNG, header cut", png[:20], "the PNG image is truncated; fetch or export it again"},
		{"PNG, cut", png[:len(png)/2], "the PNG image is damaged or cut off (…"},
		{"PNG, damaged", badPNG, "the PNG image is damaged or cut off (…"},
		{"PNG, no width", pngOfSize(0, 10), "the PNG image is damaged or cut off (…"},
		{"PNG, huge", pngOfSize(8193, 8192), "the PNG image has 8193x8192 pixels, and at most 67108864 in all are read; scale it down first"},
		{"PNG, largest", pngOfSize(1<<31-1, 1<<31-1), "the PNG image has 2147483647x2147483647 pixels, and a side may have at most 65535; scale it down first"},
		{"PNG, long", pngOfSize(60_000_000, 1), "the PNG image has 60000000x1 pixels, and a side may have at most 65535; scale it down first"},
		{"PNG, high", pngOfSize(1, 65536), "the PNG image has 1x65536 pixels, and a side may have at most 65535; scale it down first"},
		{"PNG, deep", deepPNG, "the PNG image has 8192x4097 pixels of 8 bytes, and at most 268435456 bytes in all are read; scale it down first"},
		{"JPEG, magic only", jpeg[:3], "the JPEG image is truncated; fetch or export it again"},
		{"JPEG, cut", jpeg[:len(jpeg)/2], "the JPEG image is damaged or cut off (…"},
		{"JPEG, lossless", jpegLossless, "this kind of JPEG image is not read (unsupported JPEG feature: unknown marker); export it as plain 8-bit PNG"},
		{"JPEG, huge", jpegSize, "the JPEG image has 16384x16384 pixels, and at most 67108864 in all are read; scale it down first"},
		{"GIF, header", gif[:10], "the GIF image is damaged or cut off (…"},
		{"GIF, cut", gif[:len(gif)/2], "the GIF image is damaged or cut off (…"},
		{"GIF, huge", wideGIF, "the GIF image has 65535x65535 pixels, and at most 67108864 in all are read; scale it down first"},
		{"GIF, no width", []byte("GIF89a\x00\x00\x01\x00\x00\x00\x00;"), "the GIF image has 0x1 pixels; give one that has some"},

		{"IDX, labels", goodLabels, "IDX magic 0x00000801 announces labels; images need 0x00000803"},
		{"IDX, cut", goodImages[:20], "file is truncated after 4 of 12 bytes of pixels; fetch the file again"},
		{"IDX, too many", idx(magicImages, []uint32{1<<20 + 1, 1, 1}), "holds 1048577 images, and at most 1048576 are read as pictures; split the file"},
		{"IDX, long", idx(magicImages, []uint32{1, 1, 65536}), "holds images of 65536x1 pixels, and a side may have at most 65535; scale them down first"},
		{"IDX, large", idx(magicImages, []uint32{1025, 1024, 1024}), "holds 1025 images of 1024x1024 pixels, and at most 1073741824 pixels in all are read as pictures; split the file"},
		{"gzip of PNG", gz(png), "is a PNG image, not an IDX file; images need 0x00000803"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all, err := Decode("7.png", tc.data)
			want := "7.png: " + tc.want
			if err == nil || all != nil {
				t.Fatalf("no error, %d pictures", len(all))
			}
			if begin, ok := strings.CutSuffix(want, "…"); ok && strings.HasPrefix(err.Error(), begin) && strings.HasSuffix(err.Error(), "; fetch or export it again") {
				return
			}
			if err.Error() != want {
				t.Errorf("error\n%v, want\n%s", err, want)
			}
		})
	}
}

// A stranger's file is refused where one's own is read.
func TestDecodeWithin(t *testing.T) {
	jpeg := encodeJPEG(t, image.NewRGBA(image.Rect(0, 0, 40, 30)), 90)
	progressive := bytes.Clone(jpeg)
	progressive[bytes.Index(jpeg, []byte{0xff, 0xc0})+1] = 0xc2
	scan := jpeg[bytes.Index(jpeg, []byte{0xff, 0xda}) : len(jpeg)-2]
	scans := slices.Concat(jpeg[:len(jpeg)-2], bytes.Repeat(scan, 100), jpeg[len(jpeg)-2:])
	deep := encodePNG(t, image.NewRGBA64(image.Rect(0, 0, 40, 30)))
	images := idx(magicImages, []uint32{3, 20, 20}, make([]byte, 1200)...)
	for _, tc := range []struct {
		name   string
		data   []byte
		pixels int
		want   string // "": it is read
	}{
		{"PNG", encodePNG(t, image.NewGray(image.Rect(0, 0, 40, 30))), 1200, ""},
		{"PNG, large", encodePNG(t, image.NewGray(image.Rect(0, 0, 40, 30))), 1199, "the PNG image has 40x30 pixels, and at most 1199 in all are read; scale it down first"},
		{"PNG, deep", deep, 2400, ""},
		{"PNG, deep and large", deep, 2399, "the PNG image has 40x30 pixels of 8 bytes, and at most 9596 bytes in all are read; scale it down first"},
		{"PNG, huge", pngOfSize(100_000, 100_000), 32_000_000, "the PNG image has 100000x100000 pixels, and a side may have at most 65535; scale it down first"},
		{"PNG, no limit of its own", pngOfSize(8193, 8192), 1 << 30, "the PNG image has 8193x8192 pixels, and at most 67108864 in all are read; scale it down first"},
		{"GIF", animation(t, 3), 60_000, ""},
		{"GIF, large", animation(t, 3), 59_999, "the GIF image has 300x200 pixels, and at most 59999 in all are read; scale it down first"},
		{"JPEG", jpeg, 1200, ""},
		{"JPEG, progressive", progressive, 4499, "the JPEG image is progressive and has 40x30 pixels, which take 15 bytes each until it is decoded, and at most 17996 bytes in all are taken; save it as baseline JPEG, or scale it down first"},
		{"JPEG, scans", scans, 1200, "the JPEG image has 101 scans, and at most 100 are read; export it again"},
		{"IDX", images, 1200, ""},
		{"IDX, large", gz(images), 1199, "holds 3 images of 20x20 pixels, and at most 1199 pixels in all are read as pictures; split the file"},
	} {
		all, err := DecodeWithin("7", tc.data, tc.pixels)
		if tc.want == "" && (err != nil || len(all) == 0) || tc.want != "" && (err == nil || err.Error() != "7: "+tc.want) {
			t.Errorf("%s: %d pictures, error\n%v, want\n%s", tc.name, len(all), err, tc.want)
		}
	}
	for n := range scans { // wherever the file ends, the count must too
		if _, got := jpegScans(scans[:n]); got > 101 {
			t.Fatalf("%d scans in the first %d bytes", got, n)
		}
	}
	if got, _ := jpegScans(progressive); !got {
		t.Error("a progressive image is not known as one")
	}
}

func TestDecodeFile(t *testing.T) {
	_, test := mnistParts(t)
	dir := write(t, map[string][]byte{
		"7.jpg": encodePNG(t, greyImage(test.Image(0), 28, 28)), // whatever its name
	})
	path := filepath.Join(dir, "7.jpg")
	all, err := DecodeFile(path)
	if err != nil || len(all) != 1 || all[0].Name != path || all[0].Format != "PNG" || !bytes.Equal(all[0].Pixels, test.Image(0)) {
		t.Error(all, err)
	}
	for path, want := range map[string]string{
		path + "x": path + "x: no such file; check the path",
		dir:        dir + ": is a directory; name the image files in it",
	} {
		if _, err := DecodeFile(path); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if all, err := DecodeReader("standard input", f); err != nil || all[0].Name != "standard input" {
		t.Error(all, err)
	}
	broken := errors.New("broken pipe")
	if _, err := DecodeReader("standard input", iotest.ErrReader(broken)); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "standard input: ") {
		t.Errorf("error %v", err)
	}
}

// endless reads as its bytes, again and again.
type endless struct {
	bytes string
	read  int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.bytes[e.read%len(e.bytes):])
	e.read += n
	return n, nil
}

// What is no picture is refused by its first bytes, and what begins as one is not read for ever.
func TestDecodeEndless(t *testing.T) {
	for in, want := range map[string]string{
		"\x00":       "-: is no image, it begins with 0x00000000; PNG, JPEG, GIF and IDX images are read",
		"some text ": "-: is a text file; PNG, JPEG, GIF and IDX images are read, so convert it first",
	} {
		r := &endless{bytes: in}
		if _, err := DecodeReader("-", r); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if r.read > 2*sniffLen {
			t.Errorf("%q: %d bytes were read", in, r.read)
		}
	}
	const most = 2_500_000
	for _, size := range []int64{unknown, 1000, most, most + 1} {
		r := &endless{bytes: "\x89PNG"}
		if _, err := readPicture("-", r, size, most); err == nil || err.Error() != "-: is larger than 2500000 bytes; give a smaller file" {
			t.Errorf("size %d: error %v", size, err)
		}
		if r.read > most+4 {
			t.Errorf("size %d: %d bytes were read", size, r.read)
		}
	}
	for _, size := range []int64{unknown, 1000, most} {
		want := make([]byte, most)
		for i := range want {
			want[i] = byte(i * i >> 7)
		}
		got, err := readPicture("-", bytes.NewReader(want), size, most)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("size %d: %d bytes, error %v", size, len(got), err)
		}
		if size == most && cap(got) > most+1 {
			t.Errorf("%d bytes are kept for %d", cap(got), most)
		}
	}
}

// An IDX file may come through a pipe, which has no size, and is read as the same file on disk is.
func TestDecodeReaderIDX(t *testing.T) {
	for _, data := range [][]byte{goodImages, gz(goodImages)} {
		want, err := Decode("f", data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeReader("f", iotest.OneByteReader(bytes.NewReader(data)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, error %v", got, err)
		}
		path := filepath.Join(write(t, map[string][]byte{"f": data}), "f")
		if got, err := DecodeFile(path); err != nil || len(got) != len(want) || !bytes.Equal(got[0].Pixels, want[0].Pixels) {
			t.Errorf("%v, error %v", got, err)
		}
		for n := 1; n < len(data); n++ {
			if _, err := DecodeReader("f", bytes.NewReader(data[:n])); err == nil {
				t.Errorf("the first %d of %d bytes are taken for a file", n, len(data))
			}
		}
		if _, err := DecodeReader("f", bytes.NewReader(append(bytes.Clone(data), 1))); err == nil {
			t.Error("a byte too many is taken for part of a file")
		}
	}
}

// FuzzDecode reads any bytes as a file of pictures. It must refuse them with an error that names the file, or give pictures of
// which Digit makes images.
func FuzzDecode(f *testing.F) {
	m := image.NewNRGBA(image.Rect(0, 0, 9, 7))
	m.Set(4, 4, color.NRGBA{200, 10, 10, 128})
	grey := image.NewGray(image.Rect(0, 0, 12, 12))
	grey.Pix[50] = 200
	for _, seed := range [][]byte{
		encodePNG(f, m), encodePNG(f, grey), encodeJPEG(f, m, 80), encodeJPEG(f, grey, 80), animation(f, 2), goodImages, gz(goodImages),
		[]byte("<svg"), []byte("RIFF    WEBP"), []byte("GIF89a\x00\x00\x01\x00\x00\x00\x00;"), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := Decode("f", data)
		if err != nil {
			if all != nil || !strings.HasPrefix(err.Error(), "f: ") && !strings.HasPrefix(err.Error(), "f#") {
				t.Fatalf("%d pictures, error %v", len(all), err)
			}
			return
		}
		for _, g := range all[:min(len(all), 3)] {
			if g.Rows < 1 || g.Cols < 1 || g.Frames < 1 || len(g.Pixels) != g.Rows*g.Cols {
				t.Fatalf("%s %s, %d frames, %dx%d with %d pixels", g.Name, g.Format, g.Frames, g.Cols, g.Rows, len(g.Pixels))
			}
			pixels, note := Digit(g, 28, 20)
			if _, high := levels(pixels); len(pixels) != 28*20 || note.Blank && high > 0 || note.String() == "" {
				t.Fatalf("%d pixels, highest level %d, %v", len(pixels), high, note)
			}
		}
	})
}
