package simd

// AddRows sets acc[j] to the sum over i of w[offs[i]+j]. len(acc) must be a
// multiple of [Lanes]; every offs[i]+len(acc) must lie within w.
func AddRows(acc, w, offs []int32) { addRows(acc, w, offs) }

// Add adds src to dst, element by element. len(dst) must be a multiple of
// [Lanes] and not exceed len(src).
func Add(dst, src []int32) { add(dst, src) }

// Above reports whether any element of a exceeds limit. len(a) must be a
// positive multiple of [Lanes].
func Above(a []int32, limit int32) bool { return above(a, limit) }
