// Package parallel shares work out among goroutines.
package parallel

import (
	"context"
	"sync"
	"sync/atomic"
)

// Each calls work for 0 to n-1, in this order, from the given number of
// goroutines. Every goroutine gets a work of its own from start, and so working
// memory of its own. It stops early, with the context's error, when the context
// ends; what has begun is finished. A panic stops it as well, and is the caller's
// in the end, who alone can recover from it.
func Each(ctx context.Context, n, workers int, start func() (work func(i int))) error {
	var next atomic.Int64
	var group sync.WaitGroup
	var fault atomic.Pointer[any]
	for range max(1, min(workers, n)) {
		group.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					fault.CompareAndSwap(nil, &p)
					next.Store(int64(n))
				}
			}()
			work := start()
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	group.Wait()
	if p := fault.Load(); p != nil {
		panic(*p)
	}
	return ctx.Err()
}
