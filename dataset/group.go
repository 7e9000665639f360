package dataset

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
)

// groupStream is the second half of the generator's seed: "group" in ASCII.
const groupStream = 0x67726f7570

// split divides the pictures into those to learn from and those to test on, as [OpenWith] says.
func (p pictures) split(o Options) (train, test []int, err error) {
	groups, err := p.groups(o.Group)
	if err != nil {
		return nil, nil, err
	}
	return hold(p.dir, p.labels, groups, o)
}

// groups names the object that every picture shows, nil if each shows its own.
func (p pictures) groups(pattern string) (groups []string, err error) {
	if pattern == "" {
		return nil, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err // which Check has told already
	}
	groups = make([]string, len(p.files))
	var faults faultList
	for i, path := range p.files {
		m := re.FindStringSubmatch(filepath.Base(path))
		if m == nil {
			faults.add(fmt.Errorf("%s: the group %q matches nothing in the name of this file; change it, or rename the file", path, pattern))
			continue
		}
		groups[i] = m[min(1, len(m)-1)]
	}
	return groups, faults.err()
}

// hold holds out a part of the images with these labels. The name is for errors.
//
// How many of every class is decided as in [Stratified]. Every group, in the order in which its first image comes, draws a
// key: the next Uint64 of math/rand/v2's PCG generator with the seed (seed, 0x67726f7570). By ascending keys each group goes
// into the test part if this brings the numbers of its classes closer to what they shall be: if the sum, over all classes,
// of what is missing or too much becomes smaller.
func hold(name string, labels []uint8, groups []string, o Options) (train, test []int, err error) {
	n := int(o.held()*float64(len(labels)) + 0.5)
	if n < 1 || n >= len(labels) {
		return nil, nil, fmt.Errorf("%s: %v of %d images is %d to test on; give a fraction that leaves some for training and for the test", name, o.held(), len(labels), n)
	}
	type group struct {
		key    uint64
		images []int
	}
	var all []*group
	byName := map[string]*group{}
	for i := range labels {
		g := new(group)
		if groups != nil {
			if byName[groups[i]] == nil {
				byName[groups[i]] = g
				all = append(all, g)
			}
			g = byName[groups[i]]
		} else {
			all = append(all, g)
		}
		g.images = append(g.images, i)
	}
	pcg := rand.NewPCG(o.Seed, groupStream)
	for _, g := range all {
		g.key = pcg.Uint64()
	}
	slices.SortStableFunc(all, func(a, b *group) int { return cmp.Compare(a.key, b.key) })
	missing := shares(labels, n)
	for _, g := range all {
		var of [256]int
		for _, i := range g.images {
			of[labels[i]]++
		}
		gain := 0
		for c, n := range of {
			gain += max(missing[c], -missing[c]) - max(missing[c]-n, n-missing[c])
		}
		if gain <= 0 {
			train = append(train, g.images...)
			continue
		}
		test = append(test, g.images...)
		for c, n := range of {
			missing[c] -= n
		}
	}
	if len(test) == 0 || len(train) == 0 {
		return nil, nil, fmt.Errorf("%s: its %d groups cannot be divided so that about %d of %d images are for the test; give another fraction, or smaller groups", name, len(all), n, len(labels))
	}
	slices.Sort(train)
	slices.Sort(test)
	return train, test, nil
}
