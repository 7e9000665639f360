//go:build linux && (amd64 || arm64)

package simd

import (
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// atEnd moves s to where memory ends: what is read or written beyond it is a
// fault.
func atEnd[T any](t *testing.T, s []T) []T {
	t.Helper()
	page, size := os.Getpagesize(), len(s)*int(unsafe.Sizeof(s[0]))
	end := (size + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, end+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(mem) })
	if err := syscall.Mprotect(mem[end:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	moved := unsafe.Slice((*T)(unsafe.Pointer(&mem[end-size])), len(s))
	copy(moved, s)
	return moved
}

// No kernel looks beyond its slices, which may end where memory does.
func TestBeyond(t *testing.T) {
	for _, impl := range available() {
		for units := 1; units <= 18; units++ {
			t.Run(fmt.Sprintf("impl=%s/units=%d", impl.name, units), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				n := units * Lanes
				a, w := atEnd(t, numbers(rng, n)), atEnd(t, numbers(rng, n))
				mask := atEnd(t, make([]uint64, (n+63)/64))
				impl.above(a, 0)
				impl.most(a)
				impl.over(mask, a, 0)
				impl.lift(a, w, 1)
				impl.sumMasked(a, mask, 1)
				impl.sumPicked(atEnd(t, make([]byte, 64*len(mask))), mask)

				// One row of one entry at the very end.
				list, starts := atEnd(t, []int32{0}), atEnd(t, []int32{0, 1})
				v := &Window{List: list, Starts: starts, Pitch: 2, Hi: 1, Rows: 1}
				impl.sumWindow(a, w, v)
				target := atEnd(t, []Target{{Rows: 1, Units: int32(units)}})
				impl.earliest(atEnd(t, make([]uint32, n)), a, w, atEnd(t, []Arrival{{}}), 0)
				impl.scatter(a, w, target, 1, list, n, n, 0, atEnd(t, []int32{0}))

				few, many := atEnd(t, make([]byte, units*CountUnit)), atEnd(t, make([]byte, units*Unit))
				row := &Row{Window: *v, Cols: atEnd(t, []Col{{Hi: 1}}), Seen: starts, Words: (len(few) + 63) / 64}
				impl.countRow(atEnd(t, make([]uint64, row.Words)), few, atEnd(t, make([]byte, len(few))), row)
				impl.rise(many, atEnd(t, make([]byte, len(many))))
				impl.sumBytes(atEnd(t, make([]int32, len(many))), many, atEnd(t, make([]int32, 7)))
				for _, rows := range []int{7, 8} {
					impl.sumQuarters(atEnd(t, make([]int32, units*QuarterUnit)), many, atEnd(t, make([]int32, rows)))
				}
				impl.narrow(atEnd(t, make([]byte, n)), a, 0, 0)
				impl.learn(atEnd(t, make([]float32, n)), a, mask, 1, &atEnd(t, []Rule{{Upper: 1, Scale: 1, Stable: 1}})[0])

				x, y, z := atEnd(t, make([]float64, n)), atEnd(t, make([]float64, n)), atEnd(t, make([]float64, n))
				impl.correlate(x, y, z, &Taps{Offs: atEnd(t, make([]int32, 7)), W: atEnd(t, make([]float64, 6)), Fours: 1, Twos: 1, Ones: 1})
				x, y, z = x[n/2:], y[n/2:], z[n/2:] // an odd number of times Wide
				impl.addFloats(x, y, z)
				impl.slideRows(x, y, len(x), 1, 1)
				impl.cut(x, atEnd(t, make([]uint8, len(x)/8)), atEnd(t, make([]uint8, len(x)/8)), 1)
				all := atEnd(t, make([]uint8, len(x)/8))
				for i := range all {
					all[i] = 255
				}
				room := len(x) + Wide
				impl.pick(atEnd(t, make([]float64, room)), atEnd(t, make([]float64, room)), atEnd(t, make([]uint64, room)), x, y, atEnd(t, make([]int32, len(x))), all, 1)
				impl.ratios(atEnd(t, make([]float32, len(x))), x, y, 1, 1)
			})
		}
	}
}
