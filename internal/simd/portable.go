package simd

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// add adds src to dst, element by element. len(src) is at least len(dst).
func add(dst, src []int32) {
	src = src[:len(dst)]
	for i := 0; i+8 <= len(dst); i += 8 {
		d, s := dst[i:i+8:i+8], src[i:i+8:i+8]
		d[0] += s[0]
		d[1] += s[1]
		d[2] += s[2]
		d[3] += s[3]
		d[4] += s[4]
		d[5] += s[5]
		d[6] += s[6]
		d[7] += s[7]
	}
}

func scatter(acc, w []int32, targets []Target, per int, list []int32, accStep, wStep int, limit int32, hot []int32) int {
	found := 0
	for _, i := range list {
		for j := int(i) * per; j < (int(i)+1)*per; j++ {
			t, over := &targets[j], false
			for r := range int(t.Rows) {
				n := int(t.Units) * Lanes
				dst := acc[int(t.Acc)+r*accStep:][:n]
				add(dst, w[int(t.W)+r*wStep:])
				over = over || above(dst, limit)
			}
			if over {
				hot[found] = int32(j)
				found++
			}
		}
	}
	return found
}

func earliest(first []uint32, head, w []int32, list []Arrival, limit int32) {
	var sums [64]int32
	for from := 0; from < len(first); from += len(sums) {
		first := first[from:min(from+len(sums), len(first))]
		sums := sums[:len(first)]
		copy(sums, head[from:])
		for _, a := range list {
			add(sums, w[int(a.W)+from:])
			if a.Step < 0 || most(sums) <= limit {
				continue
			}
			for i, v := range sums {
				if v > limit {
					first[i] = min(first[i], uint32(a.Step))
				}
			}
		}
	}
}

// above reports whether any element of a exceeds limit.
func above(a []int32, limit int32) bool {
	return most(a) > limit
}

func over(mask []uint64, a []int32, limit int32) bool {
	any := uint64(0)
	for k := range mask {
		word := uint64(0)
		for i, v := range a[k*64 : min(k*64+64, len(a))] {
			// The sign of the difference is the comparison.
			word |= uint64(int64(limit)-int64(v)) >> 63 << i
		}
		mask[k] = word
		any |= word
	}
	return any != 0
}

// most is the largest element of a.
func most(a []int32) int32 {
	top := a[0]
	for i := 0; i+4 <= len(a); i += 4 {
		b := a[i : i+4 : i+4]
		top = max(top, b[0], b[1], b[2], b[3])
	}
	return top
}

func lift(top, a []int32, by int32) {
	a = a[:len(top)]
	for i, v := range a {
		top[i] = max(top[i], v+by)
	}
}

// sumBytes is SumBytes for at most rowsAtOnce rows. Eight 8-bit sums of four
// rows share a word, then four 16-bit sums.
func sumBytes(acc []int32, w []byte, offs []int32) {
	const low = 0x00ff00ff00ff00ff
	for j := 0; j < len(acc); j += 8 {
		var even, odd uint64
		four := len(offs) &^ 3
		for i := 0; i < four; i += 4 {
			o := offs[i : i+4 : i+4]
			v := binary.LittleEndian.Uint64(w[int(o[0])+j:]) + binary.LittleEndian.Uint64(w[int(o[1])+j:]) +
				binary.LittleEndian.Uint64(w[int(o[2])+j:]) + binary.LittleEndian.Uint64(w[int(o[3])+j:])
			even += v & low
			odd += v >> 8 & low
		}
		for _, o := range offs[four:] {
			v := binary.LittleEndian.Uint64(w[int(o)+j:])
			even += v & low
			odd += v >> 8 & low
		}
		for i := range 4 {
			acc[Lane(j+2*i)] += int32(even >> (16 * i) & 0xffff)
			acc[Lane(j+2*i+1)] += int32(odd >> (16 * i) & 0xffff)
		}
	}
}

func rise(now, then []byte) byte {
	most := byte(0)
	for i, b := range now {
		if b > then[i] {
			most = max(most, b-then[i])
		}
	}
	return most
}

func narrow(dst []byte, q []int32, base int32, factor float32) {
	for i := range dst {
		dst[i] = byte(int32(float32(q[i]-base) * factor))
	}
}

func sumMasked(q []int32, mask []uint64, rows int) int32 {
	sum := int32(0)
	n := len(q) / rows
	words := (n + 63) / 64
	for r := range rows {
		row := q[r*n : (r+1)*n]
		for k, word := range mask[r*words : (r+1)*words] {
			for ; word != 0; word &= word - 1 {
				sum += row[k*64+bits.TrailingZeros64(word)]
			}
		}
	}
	return sum
}

func sumPicked(w []byte, mask []uint64) int32 {
	sum := int32(0)
	for k, word := range mask {
		for ; word != 0; word &= word - 1 {
			sum += int32(w[k*64+bits.TrailingZeros64(word)])
		}
	}
	return sum
}

func learn(w []float32, q []int32, mask []uint64, rows int, rule *Rule) int32 {
	growth := int32(0)
	n := len(w) / rows
	words := (n + 63) / 64
	for r := range rows {
		bits := mask[r*words : (r+1)*words]
		row, round := w[r*n:(r+1)*n], q[r*n:(r+1)*n]
		for i, v := range row {
			a := rule.Down
			if bits[i/64]>>(i%64)&1 != 0 {
				a = rule.Up
			}
			if k := math.Float32bits(v); rule.tiny != 0 && k < 1<<23 {
				row[i] = math.Float32frombits(rule.step(k, a))
				growth = max(growth, -round[i])
				round[i] = 0
				continue
			}
			if rule.Stable != 0 {
				a *= float32(float32(v-rule.Lower) * float32(rule.Upper-v))
			}
			v = min(max(v+float32(a), rule.Lower), rule.Upper)
			row[i] = v
			x := int32(math.RoundToEven(float64(float32(v * rule.Scale))))
			growth = max(growth, x-round[i])
			round[i] = x
		}
	}
	return growth
}
