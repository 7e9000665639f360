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
	const chunk = 16
	for range max(1, min(workers, n)) {
		group.Go(func() {
			work := start()
			for ctx.Err() == nil {
				from := int(next.Add(chunk)) - chunk
				if from >= n {
					return
				}
				for i := from; i < min(from+chunk, n); i++ {
					work(i)
				}
			}
		})
	}
	group.Wait()
	return ctx.Err()
}
