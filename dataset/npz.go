package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"firstspike/tensorfile"
)

// The arrays of an npz file.
const (
	xTrain = "x_train"
	yTrain = "y_train"
	xTest  = "x_test"
	yTest  = "y_test"
)

func openNPZ(path string, o Options) (train, test *Set, err error) {
	f, err := tensorfile.OpenSelected(path, func(f *tensorfile.File) ([]string, error) { return chooseNPZ(f, true) })
	if err != nil {
		return nil, nil, err
	}
	_, split := f.Lookup(xTest)
	if err := o.unused(path, false, split); err != nil {
		return nil, nil, err
	}
	one, err := unit(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if train, err = setOf(path, f, "train", one); err != nil {
		return nil, nil, err
	}
	if !split {
		return train.split(o)
	}
	if test, err = setOf(path, f, "test", one); err != nil {
		return nil, nil, err
	}
	return train, test, belong(train, test, train.Name, test.Name)
}

func openTestNPZ(path string, o Options) (*Set, error) {
	split := false
	f, err := tensorfile.OpenSelected(path, func(f *tensorfile.File) ([]string, error) {
		_, split = f.Lookup(xTest)
		return chooseNPZ(f, !split)
	})
	if err != nil {
		return nil, err
	}
	one, err := unit(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if split {
		return setOf(path, f, "test", one)
	}
	s, err := setOf(path, f, "train", one)
	if err != nil || o.Test == 1 {
		return s, err
	}
	_, s, err = s.split(o)
	return s, err
}

// chooseNPZ checks the shapes before anything is unpacked, and says which arrays are needed. The training part may be left out
// if only the test is wanted.
func chooseNPZ(f *tensorfile.File, train bool) (names []string, err error) {
	_, hasTrain := f.Lookup(xTrain)
	_, hasTest := f.Lookup(xTest)
	if train && !hasTrain {
		var have []string
		for _, t := range f.Tensors {
			have = append(have, t.Name)
		}
		return nil, fmt.Errorf("has no array %s; it has %s, and images are looked for in %s, %s, %s and %s", xTrain, shortList(have), xTrain, yTrain, xTest, yTest)
	}
	var faults []error
	for _, part := range []struct {
		x, y        string
		has, labels bool
	}{{xTrain, yTrain, hasTrain, train}, {xTest, yTest, hasTest, true}} {
		if !part.has {
			continue
		}
		x, _ := f.Lookup(part.x)
		if !part.labels && !isFloat(x.DType) {
			continue
		}
		names = append(names, part.x) // floats of the training part tell what 1 means
		n, _, _, _, err := shapeOf(x)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if !part.labels {
			continue
		}
		names = append(names, part.y)
		y, err := f.Tensor(part.y)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if !(len(y.Shape) == 1 || len(y.Shape) == 2 && y.Shape[1] == 1) || y.Shape[0] != n || isFloat(y.DType) || y.DType == tensorfile.BOOL {
			faults = append(faults, fmt.Errorf("%s is %s %v; for %d images there must be as many whole numbers", part.y, y.DType, y.Shape, n))
		}
	}
	return names, errors.Join(faults...)
}

func isFloat(d tensorfile.DType) bool {
	return slices.Contains([]tensorfile.DType{tensorfile.F16, tensorfile.F32, tensorfile.F64}, d)
}

// shapeOf reads the shape of an array of images.
func shapeOf(x tensorfile.Tensor) (n, rows, cols, channels int, err error) {
	d := x.Shape
	if channels = 1; len(d) == 4 {
		channels = d[3]
		d = d[:3]
	}
	if len(d) != 3 || channels != 1 && channels != 3 {
		return 0, 0, 0, 0, fmt.Errorf("%s has the shape %v; it must be images x rows x columns, perhaps x 1 or x 3 colours", x.Name, x.Shape)
	}
	if !isFloat(x.DType) && x.DType != tensorfile.U8 {
		return 0, 0, 0, 0, fmt.Errorf("%s is of the type %s; it must be U8, F16, F32 or F64", x.Name, x.DType)
	}
	n, rows, cols = d[0], d[1], d[2]
	if n < 1 || rows < 1 || cols < 1 || rows > maxPixels/cols || n > maxBytes/(rows*cols) {
		return 0, 0, 0, 0, fmt.Errorf("%s has the shape %v; there must be images, and at most %d pixels in each and %d in all", x.Name, x.Shape, maxPixels, maxBytes)
	}
	return n, rows, cols, channels, nil
}

// unit is what white is in the floats of the file: 1 or 255.
func unit(f *tensorfile.File) (float64, error) {
	name := xTrain
	if _, ok := f.Lookup(name); !ok {
		name = xTest
	}
	x, err := f.Tensor(name)
	if err != nil || !isFloat(x.DType) {
		return 255, err
	}
	one, at := 1.0, valueOf(x)
	for i := range len(x.Data) / x.DType.Size() {
		if at(i) > 1 {
			one = 255
		}
	}
	return one, nil
}

// valueOf reads the elements of a float array without a copy of them all.
func valueOf(x tensorfile.Tensor) func(i int) float64 {
	switch x.DType {
	case tensorfile.F64:
		return func(i int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(x.Data[8*i:])) }
	case tensorfile.F32:
		return func(i int) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(x.Data[4*i:]))) }
	}
	halves, _ := x.Float32s()
	return func(i int) float64 { return float64(halves[i]) }
}

// setOf makes a set of one part of the file.
func setOf(path string, f *tensorfile.File, part string, one float64) (*Set, error) {
	x, err := f.Tensor("x_" + part)
	if err != nil {
		return nil, err
	}
	n, rows, cols, channels, err := shapeOf(x)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	pixels := x.Data
	if isFloat(x.DType) {
		pixels = make([]byte, n*rows*cols*channels)
		at := valueOf(x)
		for i := range pixels {
			v := at(i)
			if !(v >= 0 && v <= one) {
				return nil, fmt.Errorf("%s: x_%s: value %v of image %d; floats must be from 0 to 1 or from 0 to 255", path, part, v, i/(rows*cols*channels))
			}
			pixels[i] = byte(math.Floor(float64(v*(255/one)) + 0.5))
		}
	}
	if channels == 3 {
		grey := make([]byte, n*rows*cols)
		for i := range grey {
			c := pixels[3*i : 3*i+3]
			grey[i] = byte(luma(uint32(c[0]), uint32(c[1]), uint32(c[2])))
		}
		pixels = grey
	}
	y, err := f.Tensor("y_" + part)
	if err != nil {
		return nil, err
	}
	values, err := y.Ints()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	labels := make([]uint8, n)
	for i, v := range values {
		if v < 0 || v > 255 {
			return nil, fmt.Errorf("%s: y_%s: label %d of image %d; labels must be from 0 to 255", path, part, v, i)
		}
		labels[i] = uint8(v)
	}
	return New(filepath.Join(path, part), rows, cols, pixels, labels)
}
