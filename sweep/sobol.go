package sweep

import "math/bits"

// directions are the polynomials and the first direction numbers of Joe and
// Kuo (2008), "Constructing Sobol sequences with better two-dimensional
// projections", SIAM J. Sci. Comput. 30, 2635-2654 (their new-joe-kuo-6),
// of all dimensions but the first. A polynomial's bits are its coefficients.
var directions = []struct {
	polynomial uint32
	first      []uint32
}{
	{3, []uint32{1}},
	{7, []uint32{1, 3}},
	{11, []uint32{1, 3, 1}},
	{13, []uint32{1, 1, 1}},
	{19, []uint32{1, 1, 3, 3}},
	{25, []uint32{1, 3, 5, 13}},
	{37, []uint32{1, 1, 5, 5, 17}},
	{41, []uint32{1, 1, 5, 5, 5}},
	{47, []uint32{1, 1, 7, 11, 19}},
	{55, []uint32{1, 1, 5, 1, 1}},
	{59, []uint32{1, 1, 1, 3, 11}},
	{61, []uint32{1, 3, 5, 5, 31}},
	{67, []uint32{1, 3, 3, 9, 7, 49}},
	{91, []uint32{1, 1, 1, 15, 21, 21}},
	{97, []uint32{1, 3, 1, 13, 27, 49}},
}

// MaxAxes is how many axes a sweep may have.
const MaxAxes = 16

// sobol is point n, from 0, of a Sobol sequence in so many dimensions: 32 bits
// of every coordinate. Of 2^k points that begin at a multiple of 2^k every
// coordinate has one in each of 2^k equal parts.
func sobol(n uint32, dimensions int) []uint32 {
	gray := n ^ n>>1
	point := make([]uint32, dimensions)
	for d := range point {
		v := directionNumbers(d)
		for g := gray; g != 0; g &= g - 1 {
			point[d] ^= v[bits.TrailingZeros32(g)]
		}
	}
	return point
}

// directionNumbers are those of a dimension, from the highest bit on.
func directionNumbers(dimension int) (v [32]uint32) {
	if dimension == 0 {
		for i := range v {
			v[i] = 1 << (31 - i)
		}
		return v
	}
	of := directions[dimension-1]
	degree := bits.Len32(of.polynomial) - 1
	for i := range v {
		if i < degree {
			v[i] = of.first[i] << (31 - i)
			continue
		}
		v[i] = v[i-degree] ^ v[i-degree]>>degree
		for k := 1; k < degree; k++ {
			if of.polynomial>>(degree-k)&1 == 1 {
				v[i] ^= v[i-k]
			}
		}
	}
	return v
}
