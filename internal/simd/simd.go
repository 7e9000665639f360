package simd

import (
	"fmt"
	"math"
	"os"
)

// Lanes is what the lengths of accumulators are rounded up to, so that a
// kernel never meets the end of a row half-way through a register.
const Lanes = 16

// Round returns n rounded up to a multiple of [Lanes].
func Round(n int) int { return (n + Lanes - 1) &^ (Lanes - 1) }

// kernels are the loops of one instruction set.
type kernels struct {
	name      string
	sumWindow func(acc, w []int32, v *Window)
	countRow  func(out []uint64, w, least []byte, r *Row)
	scatter   func(acc, w []int32, targets []Target, per int, list []int32, accStep, wStep int, limit int32, hot []int32) int
	earliest  func(first []uint32, head, w []int32, list []Arrival, limit int32)
	above     func(a []int32, limit int32) bool
	over      func(mask []uint64, a []int32, limit int32) bool
	most      func(a []int32) int32
	lift      func(top, a []int32, by int32)

	sumBytes    func(acc []int32, w []byte, offs []int32)
	sumQuarters func(acc []int32, w []byte, offs []int32)
	sumMasked   func(q []int32, mask []uint64, rows int) int32
	sumPicked   func(w []byte, mask []uint64) int32
	learn       func(w []float32, q []int32, mask []uint64, rows int, rule *Rule) int32
	teach       func(w []float32, step int, times []int32, l *Lesson)
	rescale     func(w []float32, q []int32, step, rows int, l *Lesson)
	rise        func(now, then []byte) byte
	narrow      func(dst []byte, q []int32, base int32, factor float32)

	correlate func(out0, out1, src []float64, t *Taps)
	addFloats func(dst, a, b []float64)
	slideRows func(dst, src []float64, stride, rows, radius int)
	cut       func(v []float64, valid, bits []uint8, threshold float64)
	pick      func(values, boxes []float64, keys []uint64, v, box []float64, place []int32, bits []uint8, add int32) int
	ratios    func(dst []float32, v, box []float64, area, least float64)
}

var portable = kernels{"off", sumWindow, countRow, scatter, earliest, above, over, most, lift, sumBytes, sumQuarters, sumMasked, sumPicked, learn, teach, rescale, rise, narrow, correlate, addFloats, slideRows, cut, pick, ratios}

// active is what the functions below run.
var active = best()

// Variable is the environment variable that chooses the kernels.
const Variable = "FIRSTSPIKE_SIMD"

// best is the last of the available kernels.
func best() kernels {
	all := available()
	return all[len(all)-1]
}

// chosen is the error of the choice by the environment.
var chosen = Use(os.Getenv(Variable))

// Use chooses the kernels by name, "" the best there are. It fails, and
// changes nothing, if there is no such name or this machine cannot run them.
// It must not be called while kernels run.
func Use(name string) error {
	if name == "" {
		active = best()
		return nil
	}
	names := ""
	for _, k := range available() {
		if k.name == name {
			active = k
			return nil
		}
		names += " " + k.name
	}
	return fmt.Errorf("%s=%s: this machine has:%s", Variable, name, names)
}

// Err reports that the environment asked for kernels that are not there; the
// best are used instead.
func Err() error { return chosen }

// Name is the name of the kernels in use.
func Name() string { return active.name }

// Names lists the kernels that this machine can run, the plain loops first.
func Names() []string {
	var names []string
	for _, k := range available() {
		names = append(names, k.name)
	}
	return names
}

// Scatter adds the weights of the listed inputs to the sums that they go to.
// Every input has so many (per) targets, one after another in targets. Row r
// of a target begins at Acc + r*accStep and at W + r*wStep. Scatter writes into
// hot the numbers of the targets in which, after its addition, a sum exceeded
// limit, and returns how many there are; hot must have room for all.
func Scatter(acc, w []int32, targets []Target, per int, list []int32, accStep, wStep int, limit int32, hot []int32) int {
	if len(list) == 0 {
		return 0
	}
	return active.scatter(acc, w, targets, per, list, accStep, wStep, limit, hot)
}

// Earliest adds up, for the neurons of one position, the weights of its inputs in
// the order in which they arrive, beginning with head: row W of w is that of an
// input. Where a sum exceeds limit after a step, that step replaces what first
// has, if it is less. len(first) must be a positive multiple of [Lanes], and head
// and what w has from W on must be at least as long.
func Earliest(first []uint32, head, w []int32, list []Arrival, limit int32) {
	if len(list) == 0 || limit == math.MaxInt32 {
		return
	}
	active.earliest(first, head, w, list, limit)
}

// Above reports whether any element of a exceeds limit. len(a) must be a
// positive multiple of [Lanes].
func Above(a []int32, limit int32) bool { return active.above(a, limit) }

// Over sets the bits of mask whose elements of a exceed limit, clears the
// others, and reports whether there are any. len(a) must be a positive
// multiple of [Lanes]; mask has a word for every 64 elements, begun or whole.
func Over(mask []uint64, a []int32, limit int32) bool {
	mask[len(mask)-1] = 0
	return active.over(mask, a, limit)
}

// Unit is the number of sums that [SumBytes] computes together; the lengths of
// its sums are multiples of it.
const Unit = 64

// Lane is the place among the sums of the byte at place i of a row: within a
// unit, byte 4i+c goes to sum 16c+i.
func Lane(i int) int { return i&^63 + i%4*16 + i%64/4 }

// MaxByte is the largest byte that [SumBytes] takes: four of them fit into a
// byte.
const MaxByte = 63

// rowsAtOnce is how many rows the 16-bit sums of a kernel hold.
const rowsAtOnce = 1040

// SumBytes adds to acc[Lane(j)] the sum over i of w[offs[i]+j]. len(acc) must
// be a multiple of [Unit]; every offs[i]+len(acc) must lie within w. No byte
// may exceed [MaxByte].
func SumBytes(acc []int32, w []byte, offs []int32) {
	for ; len(offs) > rowsAtOnce; offs = offs[rowsAtOnce:] {
		active.sumBytes(acc, w, offs[:rowsAtOnce])
	}
	if len(offs) > 0 {
		active.sumBytes(acc, w, offs)
	}
}

// SumMasked is the sum of the numbers in q whose bit in mask is set. q holds
// rows of equal length, a multiple of [Lanes]; the bits of every row begin at
// a word of their own, and those beyond its end are 0.
func SumMasked(q []int32, mask []uint64, rows int) int32 { return active.sumMasked(q, mask, rows) }

// SumPicked is the sum of the bytes in w whose bit in mask is set. w has 64
// bytes for every word of mask, at least one.
func SumPicked(w []byte, mask []uint64) int32 { return active.sumPicked(w, mask) }

// Learn takes a step of STDP on the weights w, which lie as the numbers of
// [SumMasked] do, rounds them into q, and returns the largest growth of a
// number in q, at least 0:
//
//	a = Up if the bit is set, else Down
//	a = a (w-Lower) (Upper-w)  if Stable
//	w = min(max(w+a, Lower), Upper)
//	q = w Scale, rounded to the nearest, half to even
func Learn(w []float32, q []int32, mask []uint64, rows int, rule *Rule) int32 {
	rule.count()
	return active.learn(w, q, mask, rows, rule)
}

// Rise is the largest now[i]-then[i], or 0 if none is above. len(now) must be a
// positive multiple of [Unit] and that of then.
func Rise(now, then []byte) byte { return active.rise(now, then) }

// Narrow sets dst[i] to the whole part of float32(q[i]-base)*factor. len(dst)
// must be a multiple of [Lanes] and that of q; the products must lie in 0..255.
func Narrow(dst []byte, q []int32, base int32, factor float32) { active.narrow(dst, q, base, factor) }

// Max is the largest element of a. len(a) must be a positive multiple of
// [Lanes].
func Max(a []int32) int32 { return active.most(a) }

// Lift sets top[i] to the larger of itself and a[i]+by. len(top) must be a
// positive multiple of [Lanes] and that of a.
func Lift(top, a []int32, by int32) { active.lift(top, a, by) }
