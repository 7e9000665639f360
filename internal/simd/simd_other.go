//go:build !amd64 && !arm64

package simd

// available lists the kernels that this machine can run.
func available() []kernels { return []kernels{portable} }
