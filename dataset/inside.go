package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Only returns the images that have one of the labels, as a view, in their order. The first label becomes class 0, the next
// class 1, and so on. It is an error if a label comes twice, or is not one of the set's.
func (s *Set) Only(labels ...int) (*Set, error) {
	to := map[int]int{}
	for class, l := range labels {
		if l < 0 || l >= s.Classes {
			return nil, fmt.Errorf("%s: there is no class %d; there are 0 to %d", s.Name, l, s.Classes-1)
		}
		if _, ok := to[l]; ok {
			return nil, fmt.Errorf("%s: class %d comes twice", s.Name, l)
		}
		to[l] = class
	}
	var ids []int
	for i, l := range s.Labels {
		if _, ok := to[int(l)]; ok {
			ids = append(ids, i)
		}
	}
	v := s.Subset(ids)
	for i, l := range v.Labels {
		v.Labels[i] = uint8(to[int(l)])
	}
	v.Classes = len(labels)
	names := make([]string, len(labels))
	for i, l := range labels {
		names[i] = strconv.Itoa(l)
	}
	if s.Names != nil {
		v.Names = make([]string, len(labels))
		for i, l := range labels {
			v.Names[i] = s.ClassName(l)
		}
	}
	v.Name += ":" + strings.Join(names, ",")
	return v, nil
}

// Inside reports whether spec names data that are part of the program, for [Open] and [OpenTest]: "mnist", "mnist:3,8", which
// are the images of some digits only, or "bars", see [Bars].
func Inside(spec string) bool {
	return spec == "mnist" || spec == "bars" || strings.HasPrefix(spec, "mnist:")
}

// digits are the digits that a spec such as "mnist:3,8" names, nil for all.
func digits(spec string) ([]int, error) {
	list, ok := strings.CutPrefix(spec, "mnist:")
	if !ok {
		return nil, nil
	}
	var labels []int
	for part := range strings.SplitSeq(list, ",") {
		l, err := strconv.Atoi(part)
		if err != nil || l < 0 || l > 9 || slices.Contains(labels, l) {
			return nil, fmt.Errorf("data %q: name different digits, such as \"mnist:3,8\"", spec)
		}
		labels = append(labels, l)
	}
	return labels, nil
}

// inside opens data that are part of the program.
func inside(spec string) (train, test *Set, err error) {
	if spec == "bars" {
		train, test = Bars()
		return train, test, nil
	}
	labels, err := digits(spec)
	if err != nil {
		return nil, nil, err
	}
	if train, test, err = MNIST(); err != nil || labels == nil {
		return train, test, err
	}
	if train, err = train.Only(labels...); err != nil {
		return nil, nil, err
	}
	test, err = test.Only(labels...)
	return train, test, err
}

// insideTest opens the test part of data that are part of the program.
func insideTest(spec string) (*Set, error) {
	if spec == "bars" {
		_, test := Bars()
		return test, nil
	}
	labels, err := digits(spec)
	if err != nil {
		return nil, err
	}
	test, err := MNISTTest()
	if err != nil || labels == nil {
		return test, err
	}
	return test.Only(labels...)
}
