package simd

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// available lists the kernels that this machine can run, the best last.
func available() []kernels {
	list := []kernels{portable}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		list = append(list, kernels{
			name: "avx2",
			sumWindow: func(acc, w []int32, v *Window) {
				sumWindowAVX2(&acc[0], len(acc)/Lanes, &w[0], (*uint8)(unsafe.Pointer(v)))
			},
			countRow: func(out []uint64, w, least []byte, r *Row) {
				countRowAVX2((*uint32)(unsafe.Pointer(&out[0])), len(least)/CountUnit, &w[0], &least[0], (*uint8)(unsafe.Pointer(r)))
			},
			scatter: func(acc, w []int32, targets []Target, per int, list []int32, accStep, wStep int, limit int32, hot []int32) int {
				return scatterAVX2(&acc[0], &w[0], &targets[0].Acc, per, &list[0], len(list), 4*accStep, 4*wStep, limit, &hot[0])
			},
			earliest: func(first []uint32, head, w []int32, list []Arrival, limit int32) {
				earliestAVX2(&first[0], &head[0], len(first)/Lanes, &w[0], &list[0].W, len(list), limit+1)
			},
			above: func(a []int32, limit int32) bool { return aboveAVX2(&a[0], len(a)/Lanes, limit) },
			over: func(mask []uint64, a []int32, limit int32) bool {
				return overAVX2(&mask[0], &a[0], len(a)/Lanes, limit)
			},
			most: func(a []int32) int32 { return mostAVX2(&a[0], len(a)/Lanes) },
			lift: func(top, a []int32, by int32) { liftAVX2(&top[0], &a[0], len(top)/Lanes, by) },
			sumBytes: func(acc []int32, w []byte, offs []int32) {
				sumBytesAVX2(&acc[0], len(acc)/Unit, &w[0], &offs[0], len(offs))
			},
			sumQuarters: func(acc []int32, w []byte, offs []int32) {
				sumQuartersAVX2(&acc[0], len(acc)/QuarterUnit, &w[0], &offs[0], len(offs))
			},
			sumMasked: func(q []int32, mask []uint64, rows int) int32 {
				return sumMaskedAVX2(&q[0], &mask[0], len(q)/rows/Lanes, rows)
			},
			sumPicked: func(w []byte, mask []uint64) int32 { return sumPickedAVX2(&w[0], &mask[0], len(mask)) },
			learn: func(w []float32, q []int32, mask []uint64, rows int, rule *Rule) int32 {
				return learnAVX2(&w[0], &q[0], &mask[0], len(w)/rows/Lanes, rows, &rule.Up)
			},
			teach: func(w []float32, step int, times []int32, l *Lesson) {
				teachAVX2(&w[0], 4*step, &times[0], len(times), &l.Up[0])
			},
			rescale: func(w []float32, q []int32, step, rows int, l *Lesson) {
				rescaleAVX2(&w[0], &q[0], 4*step, rows, &l.Up[0])
			},
			rise: func(now, then []byte) byte { return riseAVX2(&now[0], &then[0], len(now)/Unit) },
			narrow: func(dst []byte, q []int32, base int32, factor float32) {
				narrowAVX2(&dst[0], &q[0], len(dst)/Lanes, base, factor)
			},
			correlate: func(out0, out1, src []float64, t *Taps) {
				if len(out0) == 0 || len(t.W) == 0 {
					clear(out0)
					clear(out1)
					return
				}
				correlateAVX2(&out0[0], &out1[0], len(out0)/Lanes, &src[0], &t.Offs[0], &t.W[0], t.Fours, t.Twos, t.Ones)
			},
			addFloats: func(dst, a, b []float64) { addFloatsAVX2(&dst[0], &a[0], &b[0], len(dst)/Wide) },
			slideRows: func(dst, src []float64, stride, rows, radius int) {
				slideRowsAVX2(&dst[0], &src[0], stride/Wide, 8*stride, rows, radius)
			},
			cut: func(v []float64, valid, bits []uint8, threshold float64) {
				cutAVX2(&v[0], &valid[0], &bits[0], len(v)/Wide, threshold)
			},
			pick: pick,
			ratios: func(dst []float32, v, box []float64, area, least float64) {
				ratiosAVX2(&dst[0], &v[0], &box[0], len(dst)/Wide, area, least)
			},
		})
	}
	if cpu.X86.HasFMA && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL {
		list = append(list, kernels{
			name: "avx512",
			sumWindow: func(acc, w []int32, v *Window) {
				sumWindowAVX512(&acc[0], len(acc)/Lanes, &w[0], (*uint8)(unsafe.Pointer(v)))
			},
			countRow: func(out []uint64, w, least []byte, r *Row) {
				countRowAVX512((*uint32)(unsafe.Pointer(&out[0])), len(least)/CountUnit, &w[0], &least[0], (*uint8)(unsafe.Pointer(r)))
			},
			scatter: func(acc, w []int32, targets []Target, per int, list []int32, accStep, wStep int, limit int32, hot []int32) int {
				return scatterAVX512(&acc[0], &w[0], &targets[0].Acc, per, &list[0], len(list), 4*accStep, 4*wStep, limit, &hot[0])
			},
			earliest: func(first []uint32, head, w []int32, list []Arrival, limit int32) {
				earliestAVX512(&first[0], &head[0], len(first)/Lanes, &w[0], &list[0].W, len(list), limit+1)
			},
			above: func(a []int32, limit int32) bool { return aboveAVX512(&a[0], len(a)/Lanes, limit) },
			over: func(mask []uint64, a []int32, limit int32) bool {
				return overAVX512(&mask[0], &a[0], len(a)/Lanes, limit)
			},
			most: func(a []int32) int32 { return mostAVX512(&a[0], len(a)/Lanes) },
			lift: func(top, a []int32, by int32) { liftAVX512(&top[0], &a[0], len(top)/Lanes, by) },
			sumBytes: func(acc []int32, w []byte, offs []int32) {
				sumBytesAVX512(&acc[0], len(acc)/Unit, &w[0], &offs[0], len(offs))
			},
			sumQuarters: func(acc []int32, w []byte, offs []int32) {
				sumQuartersAVX512(&acc[0], len(acc)/QuarterUnit, &w[0], &offs[0], len(offs))
			},
			sumMasked: func(q []int32, mask []uint64, rows int) int32 {
				return sumMaskedAVX512(&q[0], &mask[0], len(q)/rows/Lanes, rows)
			},
			sumPicked: func(w []byte, mask []uint64) int32 { return sumPickedAVX512(&w[0], &mask[0], len(mask)) },
			learn: func(w []float32, q []int32, mask []uint64, rows int, rule *Rule) int32 {
				return learnAVX512(&w[0], &q[0], &mask[0], len(w)/rows/Lanes, rows, &rule.Up)
			},
			teach: func(w []float32, step int, times []int32, l *Lesson) {
				teachAVX512(&w[0], 4*step, &times[0], len(times), &l.Up[0])
			},
			rescale: func(w []float32, q []int32, step, rows int, l *Lesson) {
				rescaleAVX512(&w[0], &q[0], 4*step, rows, &l.Up[0])
			},
			rise: func(now, then []byte) byte { return riseAVX512(&now[0], &then[0], len(now)/Unit) },
			narrow: func(dst []byte, q []int32, base int32, factor float32) {
				narrowAVX512(&dst[0], &q[0], len(dst)/Lanes, base, factor)
			},
			correlate: func(out0, out1, src []float64, t *Taps) {
				if len(out0) == 0 || len(t.W) == 0 {
					clear(out0)
					clear(out1)
					return
				}
				correlateAVX512(&out0[0], &out1[0], len(out0)/Lanes, &src[0], &t.Offs[0], &t.W[0], t.Fours, t.Twos, t.Ones)
			},
			addFloats: func(dst, a, b []float64) { addFloatsAVX512(&dst[0], &a[0], &b[0], len(dst)/Wide) },
			slideRows: func(dst, src []float64, stride, rows, radius int) {
				slideRowsAVX512(&dst[0], &src[0], stride/Wide, 8*stride, rows, radius)
			},
			cut: func(v []float64, valid, bits []uint8, threshold float64) {
				cutAVX512(&v[0], &valid[0], &bits[0], len(v)/Wide, threshold)
			},
			pick: func(values, boxes []float64, keys []uint64, v, box []float64, place []int32, bits []uint8, add int32) int {
				return pickAVX512(&values[0], &boxes[0], &keys[0], &v[0], &box[0], &place[0], &bits[0], len(bits), add)
			},
			ratios: func(dst []float32, v, box []float64, area, least float64) {
				ratiosAVX512(&dst[0], &v[0], &box[0], len(dst)/Wide, area, least)
			},
		})
	}
	return list
}
