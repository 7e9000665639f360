package simd

import "unsafe"

// available lists the kernels that this machine can run, the best last. Every
// arm64 processor has NEON.
func available() []kernels { return []kernels{portable, neon} }

var neon = kernels{
	name: "neon",
	sumWindow: func(acc, w []int32, v *Window) {
		sumWindowNEON(&acc[0], len(acc)/Lanes, &w[0], (*byte)(unsafe.Pointer(v)))
	},
	countRow: func(out []uint64, w, least []byte, r *Row) {
		for i, c := range r.Cols {
			if r.At(c) >= r.Few {
				countWindowNEON((*uint32)(unsafe.Pointer(&out[i*r.Words])), len(least)/CountUnit, &w[0], &least[0], (*byte)(unsafe.Pointer(&r.Window)))
			}
		}
	},
	scatter: func(acc, w []int32, targets []Target, per int, list []int32, accStep, wStep int, limit int32, hot []int32) int {
		return scatterNEON(&acc[0], &w[0], &targets[0].Acc, per, &list[0], len(list), 4*accStep, 4*wStep, limit, &hot[0])
	},
	earliest: func(first []uint32, head, w []int32, list []Arrival, limit int32) {
		earliestNEON(&first[0], &head[0], len(first)/Lanes, &w[0], &list[0].W, len(list), limit+1)
	},
	above: func(a []int32, limit int32) bool { return aboveNEON(&a[0], len(a)/Lanes, limit) },
	over: func(mask []uint64, a []int32, limit int32) bool {
		return overNEON(&mask[0], &a[0], len(a)/Lanes, limit)
	},
	most: func(a []int32) int32 { return mostNEON(&a[0], len(a)/Lanes) },
	lift: func(top, a []int32, by int32) { liftNEON(&top[0], &a[0], len(top)/Lanes, by) },
	sumBytes: func(acc []int32, w []byte, offs []int32) {
		sumBytesNEON(&acc[0], len(acc)/Unit, &w[0], &offs[0], len(offs))
	},
	sumQuarters: func(acc []int32, w []byte, offs []int32) {
		sumQuartersNEON(&acc[0], len(acc)/QuarterUnit, &w[0], &offs[0], len(offs))
	},
	sumMasked: func(q []int32, mask []uint64, rows int) int32 {
		return sumMaskedNEON(&q[0], &mask[0], len(q)/rows/Lanes, rows)
	},
	sumPicked: func(w []byte, mask []uint64) int32 { return sumPickedNEON(&w[0], &mask[0], len(mask)) },
	learn: func(w []float32, q []int32, mask []uint64, rows int, rule *Rule) int32 {
		return learnNEON(&w[0], &q[0], &mask[0], len(w)/rows/Lanes, rows, &rule.Up)
	},
	teach:   teach,
	rescale: rescale,
	rise:    func(now, then []byte) byte { return riseNEON(&now[0], &then[0], len(now)/Unit) },
	narrow: func(dst []byte, q []int32, base int32, factor float32) {
		narrowNEON(&dst[0], &q[0], len(dst)/Lanes, base, factor)
	},
	correlate: func(out0, out1, src []float64, t *Taps) {
		if len(out0) == 0 || len(t.W) == 0 {
			clear(out0)
			clear(out1)
			return
		}
		correlateNEON(&out0[0], &out1[0], len(out0)/Lanes, &src[0], &t.Offs[0], &t.W[0], t.Fours, t.Twos, t.Ones)
	},
	addFloats: func(dst, a, b []float64) { addFloatsNEON(&dst[0], &a[0], &b[0], len(dst)/Wide) },
	slideRows: func(dst, src []float64, stride, rows, radius int) {
		slideRowsNEON(&dst[0], &src[0], stride/Wide, 8*stride, rows, radius)
	},
	cut: func(v []float64, valid, bits []uint8, threshold float64) {
		cutNEON(&v[0], &valid[0], &bits[0], len(v)/Wide, threshold)
	},
	pick: pick,
	ratios: func(dst []float32, v, box []float64, area, least float64) {
		ratiosNEON(&dst[0], &v[0], &box[0], len(dst)/Wide, area, least)
	},
}
