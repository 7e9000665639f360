// Package simd holds the few loops in which this project spends its time,
// each with a plain Go form that defines it.
//
// All of them work on 32-bit integers. Sums of integers do not depend on
// their order, so a kernel may go through memory as it likes and still gives
// the same bits as the plain loop.
package simd

// Lanes is what the lengths of accumulators are rounded up to, so that a
// kernel never meets the end of a row half-way through a register.
const Lanes = 16

// Round returns n rounded up to a multiple of [Lanes].
func Round(n int) int { return (n + Lanes - 1) &^ (Lanes - 1) }
