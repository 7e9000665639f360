package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"firstspike/dataset"
)

type dataCheckCommand struct {
	Spec string `arg:"" name:"spec" help:"The data, as train --data takes them: see data."`

	dataFlags `embed:""`
}

// Help is shown after the flags.
func (dataCheckCommand) Help() string {
	return `Files that cannot be read are named, and the exit status is 1. Images that come twice are no failure, but of those that come both in training and in the test a network may know the answers by heart.

    firstspike data check fashion-mnist
    firstspike data check photos --rows 64 --cols 96 --group '^[a-z]+[0-9]+'`
}

func (c *dataCheckCommand) faults() (faults usageError) {
	c.options(&faults)
	return faults
}

// Pictures of different sizes are made this large to compare them.
const checkSide = 64

// Run checks data.
func (c *dataCheckCommand) Run(s *streams) error {
	train, test, made, err := c.open(c.Spec, checkSide, checkSide, dataset.Stretch)
	if err != nil {
		return err
	}
	var b strings.Builder
	things := "images"
	if train.Events {
		things = "recordings"
	}
	fmt.Fprintf(&b, "%s: %s training and %s test %s of %dx%d pixels, %s\n", visible(c.Spec), count(train.Len()), count(test.Len()), things, train.Rows, train.Cols, classes(train.Classes))
	for _, p := range []struct {
		name string
		set  *dataset.Set
	}{{"training", train}, {"test", test}} {
		if z := p.set.Sizes; z != (dataset.Sizes{}) {
			fmt.Fprintf(&b, "%s pictures: %s rows, %s columns\n", p.name, between(z.MinRows, z.MaxRows), between(z.MinCols, z.MaxCols))
		}
	}
	if made {
		fmt.Fprintf(&b, "The pictures have different sizes; for this check they are scaled to %dx%d. To train, choose with --set data.rows=N --set data.cols=N.\n", checkSide, checkSide)
	}
	if train.Sorted() {
		b.WriteString("The training images come class after class. Networks that learn from image after image forget the first over the last: mix them.\n")
	}
	b.WriteString("\n" + balance(train, test) + "\n")
	b.WriteString(auditText(train, test))
	_, err = fmt.Fprint(s.out, b.String())
	return err
}

func classes(n int) string {
	if n == 1 {
		return "1 class"
	}
	return count(n) + " classes"
}

// balance is a table of how many images of every class there are.
func balance(train, test *dataset.Set) string {
	var b strings.Builder
	room := len("class")
	for class := range train.Classes {
		room = max(room, utf8.RuneCountInString(className(train, class)))
	}
	fmt.Fprintf(&b, "%-*s  %16s  %16s\n", room, "class", "training", "test")
	learn, held := train.Counts(), test.Counts()
	for class := range train.Classes {
		fmt.Fprintf(&b, "%-*s  %s  %s\n", room, className(train, class), share(learn[class], train.Len()), share(held[class], test.Len()))
	}
	return b.String()
}

func share(n, of int) string { return fmt.Sprintf("%7s  %5s %%", count(n), percent(n, of, 1)) }

// mostTold is how many strange images are told one by one.
const mostTold = 10

// auditText says which images are strange.
func auditText(train, test *dataset.Set) string {
	var b strings.Builder
	sets := []*dataset.Set{train, test}
	a := dataset.AuditOf(sets...)
	name := func(p dataset.Place) string {
		s := sets[p.Set]
		return fmt.Sprintf("%s (%s)", visible(s.Source(p.Image)), className(s, s.Label(p.Image)))
	}
	if !train.Events {
		fmt.Fprintf(&b, "images of one grey all over: %s\n", none(len(a.Flat)))
	}
	for i, p := range a.Flat {
		if i == mostTold {
			fmt.Fprintf(&b, "  and %s more\n", count(len(a.Flat)-i))
			break
		}
		fmt.Fprintf(&b, "  %s\n", name(p))
	}
	counts := comesAgain(sets, a)
	fmt.Fprintf(&b, "images that come again within training: %s\n", none(counts.within[0]))
	fmt.Fprintf(&b, "images that come again within the test: %s\n", none(counts.within[1]))
	fmt.Fprintf(&b, "test images that are among the training images: %s\n", none(counts.across))
	fmt.Fprintf(&b, "equal images with different labels: %s\n", none(counts.torn))
	told := 0
	// Those that matter most come first.
	for _, pass := range []func(list []dataset.Place) bool{
		func(list []dataset.Place) bool { return crosses(list) },
		func(list []dataset.Place) bool { return !crosses(list) && torn(sets, list) },
		func(list []dataset.Place) bool { return !crosses(list) && !torn(sets, list) },
	} {
		for _, list := range a.Equal {
			if !pass(list) {
				continue
			}
			if told++; told > mostTold {
				continue
			}
			last := list[len(list)-1]
			fmt.Fprintf(&b, "  %s = %s", name(list[0]), name(last))
			if more := len(list) - 2; more > 0 {
				fmt.Fprintf(&b, " and %d more", more)
			}
			b.WriteString("\n")
		}
	}
	if told > mostTold {
		fmt.Fprintf(&b, "  and %s more\n", count(told-mostTold))
	}
	return b.String()
}

func none(n int) string {
	if n == 0 {
		return "none"
	}
	return count(n)
}

// crosses reports whether equal images are on both sides of a split.
func crosses(list []dataset.Place) bool { return list[0].Set != list[len(list)-1].Set }

// torn reports whether equal images have different labels.
func torn(sets []*dataset.Set, list []dataset.Place) bool {
	first := sets[list[0].Set].Label(list[0].Image)
	for _, p := range list {
		if sets[p.Set].Label(p.Image) != first {
			return true
		}
	}
	return false
}

// again counts equal images.
type again struct {
	within [2]int // that have their like earlier in the same part
	across int    // test images that have their like in training
	torn   int    // lists with different labels
}

func comesAgain(sets []*dataset.Set, a dataset.Audit) (r again) {
	for _, list := range a.Equal {
		if torn(sets, list) {
			r.torn++
		}
		for i, p := range list {
			if i > 0 && list[i-1].Set == p.Set {
				r.within[p.Set]++
			}
			if p.Set == 1 && list[0].Set == 0 {
				r.across++
			}
		}
	}
	return r
}
