package dataset

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// maxLine is how many bytes a line of a CSV file may have.
const maxLine = 16 << 20

// isCSV reports whether a file has the name of a CSV file.
func isCSV(path string) bool {
	path = strings.ToLower(path)
	return strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, ".csv.gz")
}

// csvIn is the path of the CSV file of that name in dir, "" if there is none.
func csvIn(dir, name string) string {
	for _, ext := range []string{".csv", ".csv.gz"} {
		if path := filepath.Join(dir, name+ext); isFile(path) {
			return path
		}
	}
	return ""
}

func openCSV(path string, o Options) (train, test *Set, err error) {
	learn, held := path, ""
	if isDir(path) {
		if learn, held = csvIn(path, "train"), csvIn(path, "test"); learn == "" {
			return nil, nil, fmt.Errorf("%s: has test.csv but no train.csv; add it", path)
		}
	}
	if err := o.unused(path, false, held != ""); err != nil {
		return nil, nil, err
	}
	if held == "" {
		return splitCSV(learn, o)
	}
	if test, err = readCSV(held, o); err != nil {
		return nil, nil, err
	}
	if train, err = readCSV(learn, o); err != nil {
		return nil, nil, err
	}
	return train, test, belong(train, test, learn, held)
}

func openTestCSV(path string, o Options) (*Set, error) {
	held := ""
	if isDir(path) {
		held = csvIn(path, "test")
		path = cmp.Or(held, csvIn(path, "train"))
	}
	if held != "" || o.Test == 1 {
		return readCSV(path, o)
	}
	_, test, err := splitCSV(path, o)
	return test, err
}

// splitCSV divides one file into both parts.
func splitCSV(path string, o Options) (train, test *Set, err error) {
	s, err := readCSV(path, o)
	if err != nil {
		return nil, nil, err
	}
	return s.split(o)
}

// split divides a set of which every image shows an object of its own.
func (s *Set) split(o Options) (train, test *Set, err error) {
	n, err := o.part(s.Name, s.Len())
	if err != nil {
		return nil, nil, err
	}
	ids, testIDs, err := hold(s.Name, s.Labels, nil, n, o.Seed)
	if err != nil {
		return nil, nil, err
	}
	return s.Subset(ids), s.Subset(testIDs), nil
}

func readCSV(path string, o Options) (*Set, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decodeCSV(path, f.r, o)
}

// decodeCSV reads a CSV file, plain or compressed with gzip; name is for errors. Lines that are empty are passed over.
// Memory is taken as data arrive.
func decodeCSV(name string, r io.Reader, o Options) (*Set, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if h, _ := b.Peek(2); isGzip(h) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%s: gzip stream is damaged in its own header (%w); fetch the file again", name, err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	c := csvFile{name: name, o: o}
	for number := 1; ; number++ {
		line, err := readLine(b)
		if err == errLong {
			return nil, fmt.Errorf("%s:%d: the line has more than %d bytes; a line is one image", name, number, maxLine)
		}
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("%s:%d: cannot be read (%w); fetch the file again", name, number, err)
		}
		if err := c.line(number, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if err == io.EOF {
			break
		}
	}
	if len(c.labels) == 0 {
		return nil, fmt.Errorf("%s: holds no images; give a file with a row for each", name)
	}
	return New(name, c.rows, c.cols, c.pixels, c.labels)
}

var errLong = fmt.Errorf("line too long")

// readLine reads a line without its end. With io.EOF it is the last one, perhaps empty.
func readLine(b *bufio.Reader) (line []byte, err error) {
	for {
		part, err := b.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, errLong
		}
		if err != bufio.ErrBufferFull && line == nil {
			return bytes.TrimRight(part, "\r\n"), err
		}
		line = append(line, part...)
		if err != bufio.ErrBufferFull {
			return bytes.TrimRight(line, "\r\n"), err
		}
	}
}

// csvFile is a CSV file on its way in.
type csvFile struct {
	name string
	o    Options

	comma      byte
	columns    int // 0: no line has been read
	label      int // the column that it is in
	rows, cols int
	pixels     []byte
	labels     []uint8
}

func (c *csvFile) line(number int, line []byte) error {
	if number == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	if c.columns == 0 {
		if !readable(line[:min(len(line), sniffLen)]) {
			return fmt.Errorf("is no text, and so no CSV file; the line %s", beginning(line))
		}
		c.comma = ','
		for _, sep := range []byte(";\t ") {
			if bytes.IndexByte(line, ',') < 0 && bytes.IndexByte(line, sep) >= 0 {
				c.comma = sep
				break
			}
		}
		c.columns = bytes.Count(line, []byte{c.comma}) + 1
		if err := c.size(); err != nil {
			return err
		}
		if header, err := c.header(line); header || err != nil {
			return err
		}
	}
	if len(c.labels) == maxBytes/(c.rows*c.cols) {
		return fmt.Errorf("with this image the file has more than %d pixels in all; split it", maxBytes)
	}
	column := 0
	for rest := line; ; column++ {
		field, more, found := bytes.Cut(rest, []byte{c.comma})
		if column == c.columns {
			return fmt.Errorf("has more than %d columns, as many as there are before; mend the line", c.columns)
		}
		v, ok := level(field)
		switch {
		case !ok && column == c.label:
			return fmt.Errorf("label %s; labels are whole numbers from 0 to 255", excerpt(field))
		case !ok:
			return fmt.Errorf("pixel %s in column %d; pixels are whole numbers from 0 to 255", excerpt(field), column+1)
		case column == c.label:
			c.labels = append(c.labels, v)
		default:
			c.pixels = append(c.pixels, v)
		}
		if !found {
			break
		}
		rest = more
	}
	if column+1 != c.columns {
		return fmt.Errorf("has %d columns, and %d are before; mend the line", column+1, c.columns)
	}
	return nil
}

// size finds out how large an image is.
func (c *csvFile) size() error {
	n := c.columns - 1
	side := int(math.Sqrt(float64(n)))
	switch {
	case n < 1:
		return fmt.Errorf("has one column; a row has a label and pixels, with commas between them")
	case c.o.Rows*c.o.Cols == n:
		c.rows, c.cols = c.o.Rows, c.o.Cols
	case side*side == n:
		c.rows, c.cols = side, side
	default:
		return fmt.Errorf("%d columns are a label and %d pixels, which are no square; give the rows and columns of an image", c.columns, n)
	}
	return nil
}

// header reports whether the first line names the columns, and finds the label's.
func (c *csvFile) header(line []byte) (bool, error) {
	is, labels := false, 0
	for i, field := range bytes.Split(line, []byte{c.comma}) {
		text := strings.Trim(string(bytes.TrimSpace(field)), `"'`)
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			is = true
		}
		if strings.EqualFold(text, "label") || strings.EqualFold(text, "class") {
			c.label = i
			labels++
		}
	}
	if labels > 1 {
		return is, fmt.Errorf("%d columns are called label or class; rename all but one", labels)
	}
	return is, nil
}

// level is a field as a whole number from 0 to 255.
func level(field []byte) (byte, bool) {
	field = bytes.TrimSpace(field)
	if n := len(field); n >= 2 && field[0] == '"' && field[n-1] == '"' {
		field = field[1 : n-1]
	}
	v := 0
	for i, d := range field {
		if d < '0' || d > '9' || i == 3 {
			x, err := strconv.ParseFloat(string(field[:min(len(field), 40)]), 64)
			return byte(max(0, min(255, x))), err == nil && len(field) <= 40 && x >= 0 && x <= 255 && x == math.Trunc(x)
		}
		v = 10*v + int(d-'0')
	}
	return byte(v), len(field) > 0 && v <= 255
}

// excerpt quotes a field, but not all of a long one.
func excerpt(field []byte) string {
	const most = 20
	if len(field) > most {
		return strconv.Quote(string(field[:most])) + "…"
	}
	return strconv.Quote(string(field))
}
