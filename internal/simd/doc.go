// Package simd holds the few loops in which this project spends its time,
// each with a plain Go form that defines it.
//
// Nearly all of them work on integers. Sums of integers do not depend on their
// order, so a kernel may go through memory as it likes and still gives the same
// bits as the plain loop. Those that work on floats either have exact sums
// ([Correlate]) or round every number as the plain loop does ([Learn]).
//
// On amd64 there are kernels for AVX2 and AVX-512, on arm64 for NEON, and the
// best that the processor has is taken. The environment variable
// FIRSTSPIKE_SIMD chooses another: off, avx2, avx512 or neon.
package simd
