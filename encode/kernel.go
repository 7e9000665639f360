package encode

import (
	"fmt"
	"math"
)

// A Kernel is a square filter of odd size. W holds Size*Size weights, row by
// row, all multiples of 2^-30 when they come from [DoG] or [Gabor].
type Kernel struct {
	Size int
	W    []float64
}

// reach is the largest magnitude that a response to an image of bytes can
// have, or any part of its sum.
func (k Kernel) reach() float64 { return max(k.sides()) }

// sides are the largest response to an image of bytes, and the magnitude of
// the smallest.
func (k Kernel) sides() (light, dark float64) {
	for _, w := range k.W {
		light += 255 * max(w, 0)
		dark += 255 * max(-w, 0)
	}
	return light, dark
}

// round rounds the weights to multiples of 2^-bits, half to even.
func (k Kernel) round(bits int) {
	for i, w := range k.W {
		k.W[i] = math.Ldexp(math.RoundToEven(math.Ldexp(w, bits)), -bits)
	}
}

// MaxKernel is the largest size of a kernel.
const MaxKernel = 255

func checkSize(size int) error {
	if size < 1 || size > MaxKernel || size%2 == 0 {
		return fmt.Errorf("kernel size %d; it must be odd, from 1 to %d", size, MaxKernel)
	}
	return nil
}

// DoG is a difference-of-Gaussian kernel with the standard deviations sigma1
// and sigma2 in pixels:
//
//	g(r) = 1/(2 pi) (exp(-r^2/(2 sigma1^2))/sigma1^2 - exp(-r^2/(2 sigma2^2))/sigma2^2)
//
// minus its mean, divided by its maximum. With sigma1 < sigma2 it answers to
// light on dark (on-centre), otherwise to dark on light (off-centre). The size
// must be odd and at least 3, the sigmas positive and different.
func DoG(size int, sigma1, sigma2 float64) (Kernel, error) {
	if err := checkSize(size); err != nil {
		return Kernel{}, err
	}
	if !(sigma1 > 0 && sigma2 > 0) || sigma1 == sigma2 || math.IsInf(sigma1, 0) || math.IsInf(sigma2, 0) {
		return Kernel{}, fmt.Errorf("difference of Gaussians with sigmas %v and %v; they must be positive, finite and different", sigma1, sigma2)
	}
	s1, s2 := float64(sigma1*sigma1), float64(sigma2*sigma2)
	return normalised(size, func(y, x float64) float64 {
		r := float64(y*y) + float64(x*x)
		return (math.Exp(-0.5*r/s1)/s1 - math.Exp(-0.5*r/s2)/s2) / (2 * math.Pi)
	})
}

// Gabor is a Gabor kernel that answers to edges of an orientation in degrees:
//
//	X = y sin + x cos,  Y = y cos - x sin  (y counts columns, x rows)
//	g = exp(-(X^2 + 0.3^2 Y^2)/(2 sigma^2)) cos(2 pi X/lambda)
//
// with lambda = 2 size/div and sigma = 0.8 lambda, minus its mean, divided by
// its maximum. Mozafari et al. (2018), as published in SpykeTorch, has size 5 and div 4.
func Gabor(size int, orientation, div float64) (Kernel, error) {
	if err := checkSize(size); err != nil {
		return Kernel{}, err
	}
	if !(div > 0) || math.IsInf(div, 0) || math.IsNaN(orientation) || math.IsInf(orientation, 0) {
		return Kernel{}, fmt.Errorf("gabor of orientation %v and divisor %v; the orientation must be finite and the divisor positive", orientation, div)
	}
	lambda := float64(size) * 2 / div
	sigma := 0.8 * lambda
	sin, cos := math.Sincos(orientation * math.Pi / 180)
	return normalised(size, func(x, y float64) float64 {
		u := float64(y*sin) + float64(x*cos)
		v := float64(y*cos) - float64(x*sin)
		return math.Exp(-(float64(u*u)+float64(0.09*float64(v*v)))/(2*float64(sigma*sigma))) * math.Cos(2*math.Pi*u/lambda)
	})
}

// finest is the number of fractional bits to which kernels are built: more
// than float32 has for weights above 2^-7. coarsest is the smallest number to
// which they may be rounded to keep the sums of responses exact.
const (
	finest   = 30
	coarsest = 16
)

// exactBits is the number of fractional bits, at most finest, with which the
// sum of responses over a window of the given radius stays below 2^53 units,
// so that float64 holds it exactly. It may turn out too small to be of use.
func exactBits(kernels []Kernel, radius int) int {
	top := 0.0
	for _, k := range kernels {
		// Rounding may add half a unit to every weight.
		top = max(top, k.reach()+255*float64(len(k.W))*math.Ldexp(1, -coarsest-1))
	}
	side := float64(2*radius + 1)
	_, exp := math.Frexp(top * side * side)
	return min(finest, 53-exp)
}

// normalised builds a kernel from a function of row and column offsets,
// subtracts the mean, divides by the maximum and rounds to the finest grid.
func normalised(size int, f func(row, col float64) float64) (Kernel, error) {
	k := Kernel{Size: size, W: make([]float64, size*size)}
	half := size / 2
	mean, peak := 0.0, 0.0
	for i := range k.W {
		k.W[i] = f(float64(i/size-half), float64(i%size-half))
		mean += k.W[i]
		peak = max(peak, math.Abs(k.W[i]))
	}
	mean /= float64(len(k.W))
	top := math.Inf(-1)
	for i := range k.W {
		k.W[i] -= mean
		top = max(top, k.W[i])
	}
	// Of a smaller difference too few digits are left.
	if !(top > 1e-6*peak) {
		return Kernel{}, fmt.Errorf("a kernel of size %d with these parameters is flat: every weight equals the mean", size)
	}
	for i := range k.W {
		// What is below float32 may differ between machines.
		k.W[i] = float64(float32(k.W[i] / top))
		if math.Abs(k.W[i]) > 1<<10 {
			return Kernel{}, fmt.Errorf("a kernel of size %d with these parameters is nearly flat: its weights reach %.3g times its maximum", size, k.W[i])
		}
	}
	k.round(finest)
	return k, nil
}
