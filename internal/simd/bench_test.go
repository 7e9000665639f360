package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkRows adds up rows of 256 bytes or numbers out of tables of several
// sizes: how fast weights come from the caches and from memory. One operation
// is 900 rows, as many as a neuron of S3 has active inputs.
func BenchmarkRows(b *testing.B) {
	defer Use(Name())
	const rows, width = 900, 256
	for _, kilobytes := range []int{16, 1024, 8 * 1024} {
		rng := rand.New(rand.NewPCG(1, 2))
		numbers := make([]int32, kilobytes*1024/4)
		bytes := make([]byte, kilobytes*1024)
		var lists [2][]int32 // of places in numbers and in bytes
		for range 64 * rows {
			lists[0] = append(lists[0], int32(rng.IntN(len(numbers)/width)*width))
			lists[1] = append(lists[1], int32(rng.IntN(len(bytes)/width)*width))
		}
		sums := make([]int32, width)
		least := make([]byte, width)
		fired := make([]uint64, width/64)
		for _, k := range []struct {
			name  string
			bytes int // that one operation reads
			step  func(i int)
		}{
			{"sumWindow", 4 * rows * width, func(i int) {
				SumWindow(sums, numbers, &Window{List: lists[0], Starts: []int32{int32(i * rows), int32((i + 1) * rows)}, Pitch: 1, Hi: 1, Rows: 1})
			}},
			{"sumBytes", rows * width, func(i int) { SumBytes(sums, bytes, lists[1][i*rows:(i+1)*rows]) }},
			{"sumQuarters", rows * width / 4, func(i int) { SumQuarters(sums, bytes, lists[1][i*rows:(i+1)*rows]) }},
			{"countRow", rows * width, func(i int) {
				w := Window{List: lists[1], Starts: []int32{int32(i * rows), int32((i + 1) * rows)}, Pitch: 1, Rows: 1}
				CountRow(fired, bytes, least, &Row{Window: w, Cols: []Col{{Hi: 1}}, Seen: []int32{0, rows}, Words: width / 64})
			}},
		} {
			for _, impl := range Names() {
				b.Run(fmt.Sprintf("kernel=%s/table=%dKB/impl=%s", k.name, kilobytes, impl), func(b *testing.B) {
					if err := Use(impl); err != nil {
						b.Fatal(err)
					}
					b.SetBytes(int64(k.bytes))
					for i := 0; b.Loop(); i++ {
						k.step(i % 64)
					}
				})
			}
		}
	}
}
