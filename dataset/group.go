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
	n, err := o.part(p.dir, len(p.labels))
	if err != nil {
		return nil, nil, err
	}
	return hold(p.dir, p.labels, p.groups, n, o.Seed)
}

// listGroups is list with the object that every picture shows; none if each shows its own.
func listGroups(dir, pattern string) (pictures, error) {
	p, err := list(dir, nil)
	if err == nil {
		err = p.group(pattern)
	}
	return p, err
}

func (p *pictures) group(pattern string) error {
	if pattern == "" {
		return nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err // which Check has told already
	}
	p.groups = make([]string, len(p.files))
	var faults faultList
	for i, path := range p.files {
		m := re.FindStringSubmatch(filepath.Base(path))
		if m == nil {
			faults.add(fmt.Errorf("%s: the group %q matches nothing in the name of this file; change it, or rename the file", path, pattern))
			continue
		}
		p.groups[i] = m[min(1, len(m)-1)]
	}
	return faults.err()
}

// HoldOut divides the images as [Stratified] does, into about n that are held out and the rest. Pictures of one group, see
// [Options], stay together, as [OpenWith] keeps them together in the parts for training and test.
func (s *Set) HoldOut(n int, seed uint64) (rest, held []int, err error) {
	if s.groups == nil {
		return Stratified(s.Labels, n, seed)
	}
	groups := make([]string, s.n)
	for i := range groups {
		groups[i] = s.groups[s.ID(i)]
	}
	return hold(s.Name, s.Labels, groups, n, seed)
}

// part is how many of so many images a fraction is.
func (o Options) part(name string, images int) (n int, err error) {
	held := o.Test
	if held == 0 {
		held = fifth
	}
	if n = int(float64(held*float64(images)) + 0.5); n < 1 || n >= images {
		return 0, fmt.Errorf("%s: %v of %d images is %d to test on; give a fraction that leaves some for training and for the test", name, held, images, n)
	}
	return n, nil
}

// hold holds out about n of the images with these labels. The name is for errors.
//
// How many of every class is decided as in [Stratified]. Every group, in the order in which its first image comes, draws a
// key: the next Uint64 of math/rand/v2's PCG generator with the seed (seed, 0x67726f7570). By ascending keys each group goes
// into the test part if this brings the numbers of its classes closer to what they shall be: if the sum, over all classes,
// of what is missing or too much becomes smaller.
func hold(name string, labels []uint8, groups []string, n int, seed uint64) (rest, held []int, err error) {
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
	pcg := rand.NewPCG(seed, groupStream)
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
			rest = append(rest, g.images...)
			continue
		}
		held = append(held, g.images...)
		for c, n := range of {
			missing[c] -= n
		}
	}
	if len(held) == 0 || len(rest) == 0 {
		return nil, nil, fmt.Errorf("%s: its %d groups cannot be divided so that about %d of %d images are held out; hold out more or fewer, or make smaller groups", name, len(all), n, len(labels))
	}
	slices.Sort(rest)
	slices.Sort(held)
	return rest, held, nil
}
