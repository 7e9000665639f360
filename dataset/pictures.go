package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"firstspike/internal/parallel"
)

// mostNamed is how many broken files of a folder an error names.
const mostNamed = 10

// ErrSizes is in the error for a folder with pictures of different sizes when [Options] say no size that all shall get.
var ErrSizes = errors.New("the pictures have different sizes")

// Sizes are the smallest and the largest sides, in pixels, of the pictures that a set was made of.
type Sizes struct{ MinRows, MaxRows, MinCols, MaxCols int }

// pictures is a folder with a folder of pictures for each class, before anything is decoded.
type pictures struct {
	dir     string
	classes []string
	files   []string // paths, by class, then by name
	labels  []uint8
	groups  []string // the object that each shows; nil: its own
}

// partOf says which part of a data set a folder of this name holds: "train", "test", or neither. LearningSet, train_images
// and Testing are such names.
func partOf(name string) string {
	name = strings.ToLower(name)
	name = strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(name)
	for _, suffix := range []string{"set", "data", "images"} {
		name = strings.TrimSuffix(name, suffix)
	}
	switch name {
	case "train", "training", "learn", "learning":
		return "train"
	case "test", "testing":
		return "test"
	}
	return ""
}

// parts are the folders in dir that hold its training and its test part, "" if there is none.
func parts(dir string) (train, test string, err error) {
	folders, err := subfolders(dir)
	if err != nil {
		return "", "", err
	}
	found := map[string]string{}
	for _, name := range folders {
		part := partOf(name)
		if classes, err := subfolders(filepath.Join(dir, name)); part == "" || err == nil && len(classes) == 0 {
			continue // a train can be a class
		}
		if other, twice := found[part]; twice {
			return "", "", fmt.Errorf("%s: both %s and %s could be the %s part; move one away", dir, filepath.Base(other), name, part)
		}
		found[part] = filepath.Join(dir, name)
	}
	return found["train"], found["test"], nil
}

// hidden reports whether a file is one that systems put into folders by themselves.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.EqualFold(name, "thumbs.db") || strings.EqualFold(name, "desktop.ini")
}

// subfolders are the names of the folders in dir, sorted.
func subfolders(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !hidden(e.Name()) && isDir(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// hasPictures reports whether a folder has folders with pictures in it, by the first bytes of their first files.
func hasPictures(dir string) bool {
	look := func(dir string) bool {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return false
		}
		tried := 0
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if hidden(e.Name()) || !isFile(path) {
				continue
			}
			if kind := identify(head(path)); strings.HasSuffix(kind, " image") {
				return true
			}
			if tried++; tried == mostNamed {
				break
			}
		}
		return false
	}
	folders, err := subfolders(dir)
	if err != nil {
		return false
	}
	for _, name := range folders {
		if look(filepath.Join(dir, name)) {
			return true
		}
		if partOf(name) == "" {
			continue
		}
		classes, _ := subfolders(filepath.Join(dir, name))
		for _, class := range classes {
			if look(filepath.Join(dir, name, class)) {
				return true
			}
		}
	}
	return false
}

// list finds the pictures in dir. The classes are those given, whose numbers count, or the names of its folders, sorted.
func list(dir string, classes []string) (p pictures, err error) {
	p = pictures{dir: dir, classes: classes}
	folders, err := subfolders(dir)
	if err != nil {
		return p, err
	}
	if classes == nil {
		p.classes = folders
	}
	if len(folders) == 0 {
		return p, fmt.Errorf("%s: has no folders, and there must be one with the pictures of each class", dir)
	}
	if len(folders) > 256 {
		return p, fmt.Errorf("%s: has %d folders, and there can be at most 256 classes", dir, len(folders))
	}
	var faults faultList
	for _, class := range folders {
		label := slices.Index(p.classes, class)
		at := filepath.Join(dir, class)
		if label < 0 {
			faults.add(fmt.Errorf("%s: there is no class %s among the training images; the classes are %s", at, class, shortList(p.classes)))
			continue
		}
		entries, err := os.ReadDir(at)
		if err != nil {
			return p, err
		}
		before := len(p.files)
		for _, e := range entries {
			path := filepath.Join(at, e.Name())
			switch {
			case hidden(e.Name()):
			case isFile(path):
				p.files, p.labels = append(p.files, path), append(p.labels, uint8(label))
			case isDir(path):
				faults.add(fmt.Errorf("%s: is a folder inside a class; put its pictures into %s itself", path, at))
			default:
				faults.add(fmt.Errorf("%s: is no regular file; copy its bytes into one, or remove it", path))
			}
		}
		if len(p.files) == before {
			faults.add(fmt.Errorf("%s: holds no pictures; put some in, or remove it", at))
		}
	}
	return p, faults.err()
}

// read decodes the pictures with the given numbers into a set, in an order that is drawn: a network that saw class after
// class would forget the first over the last, and some of the first images would be of one class. Files that cannot be read are an error, which names the first
// ten.
func (p pictures) read(name string, ids []int, o Options) (*Set, error) {
	o.Fit = cmp.Or(o.Fit, Stretch)
	ids = p.mix(ids, o.Seed)
	sizes := make([][2]int, len(ids)) // rows and columns
	faults := make([]error, len(ids))
	decode := func(k int) (g Grey) {
		all, err := DecodeFile(p.files[ids[k]])
		switch {
		case err != nil:
			faults[k] = err
		case all[0].Format == "IDX":
			faults[k] = fmt.Errorf("%s: is an IDX file in a folder of pictures; move it away", p.files[ids[k]])
		default:
			g = all[0]
			sizes[k] = [2]int{g.Rows, g.Cols}
		}
		return g
	}
	rows, cols := o.Rows, o.Cols
	for k := 0; rows == 0 && k < len(ids); k++ {
		g := decode(k)
		rows, cols = g.Rows, g.Cols
	}
	size := rows * cols // 0: no picture can be read
	if size > 0 && len(ids) > maxBytes/size {
		return nil, fmt.Errorf("%s: %d images of %dx%d pixels are more than %d bytes; use smaller images", name, len(ids), rows, cols, maxBytes)
	}
	pixels := make([]byte, len(ids)*size)
	parallel.Each(context.Background(), len(ids), runtime.GOMAXPROCS(0), func() func(int) {
		return func(k int) {
			g := decode(k)
			if faults[k] == nil && (o.Rows > 0 || g.Rows == rows && g.Cols == cols) {
				image, _ := Natural(g, rows, cols, o.Fit)
				copy(pixels[k*size:], image)
			}
		}
	})
	var broken faultList
	for _, f := range faults {
		broken.add(f)
	}
	if err := broken.err(); err != nil {
		return nil, err
	}
	s, err := p.set(name, ids, rows, cols, pixels)
	if err != nil {
		return nil, err
	}
	s.Fit, s.Sizes = o.Fit, span(sizes)
	if z := s.Sizes; o.Rows == 0 && (z.MinRows != z.MaxRows || z.MinCols != z.MaxCols) {
		return nil, differ(name, z)
	}
	return s, nil
}

// orderStream is the second half of the generator's seed: "order" in ASCII.
const orderStream = 0x6f72646572

// mix returns ids in the order of keys: every picture of p draws one, as in hold.
func (p pictures) mix(ids []int, seed uint64) []int {
	pcg := rand.NewPCG(seed, orderStream)
	keys := make([]uint64, len(p.files))
	for i := range keys {
		keys[i] = pcg.Uint64()
	}
	return slices.SortedStableFunc(slices.Values(ids), func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
}

func differ(name string, z Sizes) error {
	return fmt.Errorf("%s: %w, from %d to %d rows and from %d to %d columns; give the rows and columns that all shall get",
		name, ErrSizes, z.MinRows, z.MaxRows, z.MinCols, z.MaxCols)
}

func (p pictures) set(name string, ids []int, rows, cols int, pixels []byte) (*Set, error) {
	labels, files := make([]uint8, len(ids)), make([]string, len(ids))
	for k, id := range ids {
		labels[k], files[k] = p.labels[id], p.files[id]
	}
	s, err := New(name, rows, cols, pixels, labels)
	if err != nil {
		return nil, err
	}
	s.Classes, s.Names, s.files = len(p.classes), p.classes, files
	if p.groups != nil {
		s.groups = make([]string, len(ids))
		for k, id := range ids {
			s.groups[k] = p.groups[id]
		}
	}
	return s, nil
}

// span is the smallest and the largest of sizes.
func span(sizes [][2]int) (s Sizes) {
	for i, z := range sizes {
		one := Sizes{z[0], z[0], z[1], z[1]}
		if i == 0 {
			s = one
		}
		s = s.with(one)
	}
	return s
}

func (s Sizes) with(o Sizes) Sizes {
	return Sizes{min(s.MinRows, o.MinRows), max(s.MaxRows, o.MaxRows), min(s.MinCols, o.MinCols), max(s.MaxCols, o.MaxCols)}
}

// all are the numbers of all pictures.
func (p pictures) all() []int {
	ids := make([]int, len(p.files))
	for i := range ids {
		ids[i] = i
	}
	return ids
}

func openPictures(dir string, o Options) (train, test *Set, err error) {
	learn, held, err := parts(dir)
	if err != nil {
		return nil, nil, err
	}
	if err := o.unused(dir, true, learn != "" && held != ""); err != nil {
		return nil, nil, err
	}
	if held != "" && learn == "" {
		return nil, nil, fmt.Errorf("%s: has %s but no folder train beside it; add it, or rename %s if it is a class", dir, filepath.Base(held), filepath.Base(held))
	}
	p, err := listGroups(cmp.Or(learn, dir), o.Group)
	if err != nil {
		return nil, nil, err
	}
	ids, testIDs, of := p.all(), []int(nil), p
	if held == "" {
		ids, testIDs, err = p.split(o)
	} else if of, err = list(held, p.classes); err == nil {
		testIDs = of.all()
	}
	if err != nil {
		return nil, nil, err
	}
	train, trainErr := p.read(filepath.Join(dir, "train"), ids, o)
	test, testErr := of.read(filepath.Join(dir, "test"), testIDs, o)
	if err := joinFaults(trainErr, testErr); err != nil {
		return nil, nil, err
	}
	if train.Rows != test.Rows || train.Cols != test.Cols {
		return nil, nil, differ(dir, train.Sizes.with(test.Sizes))
	}
	return train, test, nil
}

func openTestPictures(dir string, o Options) (*Set, error) {
	learn, held, err := parts(dir)
	if err != nil {
		return nil, err
	}
	if held == "" {
		p, err := listGroups(cmp.Or(learn, dir), o.Group)
		if err != nil {
			return nil, err
		}
		ids := p.all()
		if o.Test != 1 {
			if _, ids, err = p.split(o); err != nil {
				return nil, err
			}
		}
		return p.read(filepath.Join(dir, "test"), ids, o)
	}
	var classes []string // of the training part, if it is there
	if learn != "" {
		if classes, err = subfolders(learn); err != nil {
			return nil, err
		}
	}
	p, err := list(held, classes)
	if err != nil {
		return nil, err
	}
	return p.read(filepath.Join(dir, "test"), p.all(), o)
}
