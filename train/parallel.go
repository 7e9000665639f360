package train

import (
	"context"
	"sync"
	"sync/atomic"
)

// each calls work for 0 to n-1 from the given number of goroutines. Every
// goroutine gets a work of its own from start. It stops early, with the
// context's error, when the context ends.
func each(ctx context.Context, n, workers int, start func() (work func(i int))) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range max(1, min(workers, n)) {
		group.Go(func() {
			work := start()
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}
