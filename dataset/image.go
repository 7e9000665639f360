package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"slices"
)

// readFormats ends the sentence that refuses a file.
const readFormats = "PNG, JPEG, GIF and IDX images are read"

// Beyond maxPixels, what a file of one picture may hold.
const (
	maxSide    = 1<<16 - 1 // in pixels; scaling takes memory by the side
	maxPicture = 256 << 20 // bytes, of the file and again of the decoded pixels
)

// limits are what a file may hold, beyond what holds for all.
type limits struct {
	pixels int // of a picture
	bytes  int // of its decoded pixels
	work   int // bytes, with what a decoder of JPEG keeps meanwhile
	scans  int // of a JPEG image, each of which goes through all pixels
	all    int // pixels of an IDX file
}

// loose are the limits of a file that the user has chosen himself.
var loose = limits{pixels: maxPixels, bytes: maxPicture, work: math.MaxInt, scans: math.MaxInt, all: 1 << 30}

// A Grey is one picture of any size in 8-bit grey: 0 is black, 255 is white, and whether the digit is the light or the dark
// part is not known yet. [Digit] makes an image out of it that a network can be shown.
type Grey struct {
	// Name is the name of the file, with "#" and the number of the image, counted from 0, if the file is an IDX file.
	Name string

	// Format is the file's format: "PNG", "JPEG", "GIF" or "IDX".
	Format string

	// Frames is the number of images in the file. Of an animated GIF only the first is decoded.
	Frames int

	// Rows and Cols are the picture's size in pixels, and Pixels its Rows*Cols pixels, row by row from the top.
	Rows, Cols int
	Pixels     []byte

	// Polarity is what is known of the picture from elsewhere. The images of an IDX file were all made in one way, so
	// [Decode] judges them together, and Digit, shown one of them, follows. In other formats it is Unknown.
	Polarity Polarity
}

// Decode reads the pictures in a file's contents; name is the file's name, for errors. PNG, JPEG and GIF files have one, the
// first if a GIF is animated. IDX3 files of unsigned bytes, plain or compressed with gzip, have up to 2^20, in one block
// of memory. The format is known by the first bytes and not by the name.
//
// Colours become grey by their luma (Rec. 601: 0.299 red + 0.587 green + 0.114 blue), which leaves grey pictures as they are
// and is how JPEG stores brightness; of 16 bits the upper 8 stay. Transparent pictures are laid on white paper, or on black
// if nothing could be seen of them on white. An orientation noted in EXIF data is not followed.
//
// An error names the file, what it is and the way out: an empty file, another format (WebP, BMP, TIFF, PDF, SVG, HTML, text
// and more are known by name), a truncated or damaged file, a picture without pixels. A picture of more than 64 * 2^20
// pixels is refused before memory is taken for it, and so is one with a side of more than 65,535 (JPEG and GIF have none longer) or
// whose pixels take more than 256 MiB as the format stores them, up to 8 bytes a pixel. A file of a picture may have 256 MiB
// too, and an IDX file 2^30 pixels.
func Decode(name string, data []byte) ([]Grey, error) {
	return decode(name, bytes.NewReader(data), int64(len(data)), loose)
}

// DecodeWithin is [Decode] for a file that a stranger sends, of at most so many pixels, with 4 bytes for each. A progressive
// JPEG image, which is kept in numbers of 4 bytes until its last scan, has to keep within these bytes as well, and a JPEG image
// may have 100 scans. Of an IDX file all pictures together have so many pixels.
func DecodeWithin(name string, data []byte, pixels int) ([]Grey, error) {
	most := limits{pixels: min(pixels, maxPixels), bytes: min(4*pixels, maxPicture), work: 4 * pixels, scans: 100, all: pixels}
	return decode(name, bytes.NewReader(data), int64(len(data)), most)
}

// DecodeReader is [Decode] for what r holds, as when a picture comes by standard input. What is no picture is known by its
// first bytes, and no more is read of it.
func DecodeReader(name string, r io.Reader) ([]Grey, error) { return decode(name, r, unknown, loose) }

// DecodeFile is [Decode] for the file at path.
func DecodeFile(path string) ([]Grey, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file; check the path", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := int64(unknown)
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, fmt.Errorf("%s: is a directory; name the image files in it", path)
	} else if err == nil && st.Mode().IsRegular() {
		size = st.Size()
	}
	return decode(path, f, size, loose)
}

// decode is Decode for what r holds, size bytes or an unknown number.
func decode(name string, r io.Reader, size int64, most limits) ([]Grey, error) {
	head := make([]byte, sniffLen)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, unreadable(name, err)
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	kind := identify(head)
	switch {
	case n == 0:
		return nil, fmt.Errorf("%s: is empty; %s", name, readFormats)
	case isGzip(head) || isIDX(head):
		return decodeIDX(file{name, r, size}, most)
	case kind != "a PNG image" && kind != "a JPEG image" && kind != "a GIF image":
		if kind != "" {
			return nil, fmt.Errorf("%s: is %s; %s, so convert it first", name, kind, readFormats)
		}
		return nil, fmt.Errorf("%s: is no image, it %s; %s", name, beginning(head), readFormats)
	}
	data, err := readPicture(name, r, size, maxPicture)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "a PNG image":
		return decodePicture(name, "PNG", data, 1, most, png.DecodeConfig, png.Decode)
	case "a JPEG image":
		return decodePicture(name, "JPEG", data, 1, most, jpeg.DecodeConfig, jpeg.Decode)
	}
	return decodePicture(name, "GIF", data, gifFrames(data), most, gif.DecodeConfig, gif.Decode)
}

func unreadable(name string, err error) error { return fmt.Errorf("%s: cannot be read: %w", name, err) }

// readPicture reads all of a file that begins as a picture does, if it has at most so many bytes.
func readPicture(name string, r io.Reader, size int64, most int) ([]byte, error) {
	if size > int64(most) {
		return nil, tooLong(name, most)
	}
	piece := 1 << 20
	if size > 0 { // a file that the system makes up says 0
		piece = int(size) + 1 // one more, to see the end
	}
	// A buffer that doubles would leave as much again behind.
	var pieces [][]byte
	for total := 0; total <= most; {
		n := min(piece, most+1-total)
		data, err := grow(r, n, n)
		if err != nil && err != io.EOF {
			return nil, unreadable(name, err)
		}
		pieces = append(pieces, data)
		total += len(data)
		switch {
		case err == nil:
		case len(pieces) == 1:
			return data, nil
		default:
			return slices.Concat(pieces...), nil
		}
	}
	return nil, tooLong(name, most)
}

func tooLong(name string, most int) error {
	return fmt.Errorf("%s: is larger than %d bytes; give a smaller file", name, most)
}

func decodeIDX(f file, limits limits) ([]Grey, error) {
	// A Grey takes far more memory than the one pixel that an image may have.
	const most = 1 << 20
	s, err := readImages(f, func(dims []int) error {
		n, rows, cols := dims[0], dims[1], dims[2]
		switch {
		case n > most:
			return fmt.Errorf("%s: holds %d images, and at most %d are read as pictures; split the file", f.name, n, most)
		case rows > maxSide || cols > maxSide:
			return fmt.Errorf("%s: holds images of %dx%d pixels, and a side may have at most %d; scale them down first", f.name, cols, rows, maxSide)
		case n > limits.all/(rows*cols):
			return fmt.Errorf("%s: holds %d images of %dx%d pixels, and at most %d pixels in all are read as pictures; split the file",
				f.name, n, cols, rows, limits.all)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := make([]Grey, s.Len())
	for i := range all {
		all[i] = Grey{
			Name: fmt.Sprintf("%s#%d", f.name, i), Format: "IDX", Frames: len(all),
			Rows: s.Rows, Cols: s.Cols, Pixels: s.Image(i),
		}
	}
	p := polarity(all...)
	for i := range all {
		all[i].Polarity = p
	}
	return all, nil
}

func decodePicture(name, format string, data []byte, frames int, most limits,
	config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) ([]Grey, error) {

	c, err := config(bytes.NewReader(data))
	var unsupported png.UnsupportedError
	if errors.As(err, &unsupported) && len(data) >= 24 {
		// The decoder refuses a size that overflows without naming it. It follows the signature and a chunk's length and type.
		w, h := int(binary.BigEndian.Uint32(data[16:])), int(binary.BigEndian.Uint32(data[20:]))
		if max(w, h) > maxSide {
			c.Width, c.Height, err = w, h, nil
		}
	}
	if err != nil {
		return nil, damaged(name, format, err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return nil, fmt.Errorf("%s: the %s image has %dx%d pixels; give one that has some", name, format, c.Width, c.Height)
	}
	if err := most.fit(c); err != nil {
		return nil, fmt.Errorf("%s: the %s image has %w; scale it down first", name, format, err)
	}
	if format == "JPEG" {
		if err := most.fitJPEG(c, data); err != nil {
			return nil, fmt.Errorf("%s: the JPEG image %w", name, err)
		}
	}
	m, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(name, format, err)
	}
	g := toGrey(m)
	if len(g.Pixels) == 0 {
		return nil, fmt.Errorf("%s: the first frame of the %s image has %dx%d pixels; give one that has some", name, format, g.Cols, g.Rows)
	}
	g.Name, g.Format, g.Frames = name, format, frames
	return []Grey{g}, nil
}

// fit returns an error that says the size of a picture if it is too large to be decoded.
func (l limits) fit(c image.Config) error {
	size := fmt.Sprintf("%dx%d pixels", c.Width, c.Height)
	depth := pixelBytes(c.ColorModel)
	switch {
	case c.Width > maxSide || c.Height > maxSide:
		return fmt.Errorf("%s, and a side may have at most %d", size, maxSide)
	case c.Width > l.pixels/c.Height:
		return fmt.Errorf("%s, and at most %d in all are read", size, l.pixels)
	case c.Width*c.Height > l.bytes/depth:
		return fmt.Errorf("%s of %d bytes, and at most %d bytes in all are read", size, depth, l.bytes)
	}
	return nil
}

// fitJPEG is fit for what only a JPEG image has.
func (l limits) fitJPEG(c image.Config, data []byte) error {
	progressive, scans := jpegScans(data)
	work := pixelBytes(c.ColorModel)
	if progressive {
		work *= 5 // a coefficient takes four bytes
	}
	switch {
	case c.Width*c.Height > l.work/work:
		return fmt.Errorf("is progressive and has %dx%d pixels, which take %d bytes each until it is decoded, and at most %d bytes in all are taken; save it as baseline JPEG, or scale it down first",
			c.Width, c.Height, work, l.work)
	case scans > l.scans:
		return fmt.Errorf("has %d scans, and at most %d are read; export it again", scans, l.scans)
	}
	return nil
}

// pixelBytes is how many bytes a pixel takes once it is decoded.
func pixelBytes(m color.Model) int {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBAModel, color.NRGBAModel, color.CMYKModel:
		return 4
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	return 1 // a palette
}

// damaged says what it means that a standard decoder gave up with err.
func damaged(name, format string, err error) error {
	var unsupportedPNG png.UnsupportedError
	var unsupportedJPEG jpeg.UnsupportedError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the %s image is truncated; fetch or export it again", name, format)
	case errors.As(err, &unsupportedPNG) || errors.As(err, &unsupportedJPEG):
		return fmt.Errorf("%s: this kind of %s image is not read (%w); export it as plain 8-bit PNG", name, format, err)
	}
	return fmt.Errorf("%s: the %s image is damaged or cut off (%w); fetch or export it again", name, format, err)
}

// gifFrames counts the images in a GIF file by walking over its blocks, because decoding them all, only to count, can take
// any amount of memory. Where the file breaks off, so does the count.
func gifFrames(data []byte) int {
	const (
		extension, picture = 0x21, 0x2c
		colourTable        = 0x80 // the flag; the low three bits are its size
	)
	table := func(flags byte) int {
		if flags&colourTable == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	if len(data) < 13 {
		return 0
	}
	at := 13 + table(data[10])
	for frames := 0; ; {
		if at >= len(data) {
			return frames
		}
		switch data[at] {
		case extension:
			at += 2
		case picture:
			if at+9 >= len(data) {
				return frames
			}
			at += 11 + table(data[at+9])
			frames++
		default:
			return frames
		}
		for at < len(data) && data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
}

// jpegScans walks over the segments of a JPEG file, and says whether it is progressive and how many scans there are. Where the
// file breaks off, so does the count.
func jpegScans(data []byte) (progressive bool, scans int) {
	const (
		sof2, sos, eoi = 0xc2, 0xda, 0xd9
		rst0, soi      = 0xd0, 0xd8 // these and what lies between are two bytes
		fill, stuff    = 0xff, 0x00
	)
	for at := 0; ; {
		// Between segments, and within a scan, the next marker is what matters.
		for at+1 < len(data) && (data[at] != 0xff || data[at+1] == fill || data[at+1] == stuff) {
			at++
		}
		if at+1 >= len(data) {
			return progressive, scans
		}
		marker := data[at+1]
		at += 2
		switch {
		case marker == eoi:
			return progressive, scans
		case marker >= rst0 && marker <= soi:
			continue
		case marker == sof2:
			progressive = true
		case marker == sos:
			scans++
		}
		if at+1 >= len(data) {
			return progressive, scans
		}
		at += int(binary.BigEndian.Uint16(data[at:]))
	}
}

// toGrey makes a picture grey as [Decode] says.
func toGrey(m image.Image) Grey {
	b := m.Bounds()
	g := Grey{Rows: b.Dy(), Cols: b.Dx(), Pixels: make([]byte, b.Dy()*b.Dx())}
	switch m := m.(type) {
	case *image.Gray:
		for y := range g.Rows {
			copy(g.Pixels[y*g.Cols:(y+1)*g.Cols], m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):])
		}
		return g
	case *image.YCbCr:
		for y := range g.Rows {
			copy(g.Pixels[y*g.Cols:(y+1)*g.Cols], m.Y[m.YOffset(b.Min.X, b.Min.Y+y):])
		}
		return g
	}
	const white, black = 0xffff, 0
	src := m.(image.RGBA64Image) // as all images of the standard library's decoders are
	if transparent := g.flatten(src, white); transparent && isBlank(g.Pixels) {
		g.flatten(src, black)
	}
	return g
}

// flatten fills g with the luma of m on paper of the given grey, and reports whether any paper shows.
func (g *Grey) flatten(m image.RGBA64Image, paper uint32) (transparent bool) {
	at := m.Bounds().Min
	for y := range g.Rows {
		for x := range g.Cols {
			// Colours come multiplied by their opacity a, so what is left of the paper is only added.
			c := m.RGBA64At(at.X+x, at.Y+y)
			luma := luma(uint32(c.R), uint32(c.G), uint32(c.B))
			if c.A != 0xffff {
				transparent = true
				luma = min(0xffff, luma+(0xffff-uint32(c.A))*paper/0xffff)
			}
			g.Pixels[y*g.Cols+x] = byte(luma >> 8)
		}
	}
	return transparent
}

// luma is the grey of a colour.
func luma(r, g, b uint32) uint32 { return (19595*r + 38470*g + 7471*b + 1<<15) >> 16 }
