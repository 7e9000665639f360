package simd

// addRows sets acc[j] to the sum over i of w[offs[i]+j]:
//
//	for j := range acc {
//		acc[j] = 0
//		for _, o := range offs {
//			acc[j] += w[int(o)+j]
//		}
//	}
//
// len(acc) is a multiple of Lanes. Eight sums at a time stay in registers.
func addRows(acc, w, offs []int32) {
	for j := 0; j+8 <= len(acc); j += 8 {
		var s0, s1, s2, s3, s4, s5, s6, s7 int32
		for _, o := range offs {
			r := w[int(o)+j:]
			r = r[:8:8]
			s0 += r[0]
			s1 += r[1]
			s2 += r[2]
			s3 += r[3]
			s4 += r[4]
			s5 += r[5]
			s6 += r[6]
			s7 += r[7]
		}
		a := acc[j : j+8 : j+8]
		a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7] = s0, s1, s2, s3, s4, s5, s6, s7
	}
}

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

// above reports whether any element of a exceeds limit.
func above(a []int32, limit int32) bool {
	top := a[0]
	for i := 0; i+4 <= len(a); i += 4 {
		b := a[i : i+4 : i+4]
		top = max(top, b[0], b[1], b[2], b[3])
	}
	return top > limit
}
