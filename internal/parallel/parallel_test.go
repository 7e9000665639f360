package parallel_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"firstspike/internal/parallel"
)

// Each calls work once for each number, whatever the numbers of goroutines.
func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 7, 1000} {
		for _, workers := range []int{-1, 0, 1, 3, 50} {
			calls := make([]atomic.Int32, n)
			var started atomic.Int32
			err := parallel.Each(t.Context(), n, workers, func() func(int) {
				started.Add(1)
				last := -1
				return func(i int) {
					if i <= last {
						t.Errorf("%d after %d", i, last)
					}
					last = i
					calls[i].Add(1)
				}
			})
			if err != nil || int(started.Load()) != max(1, min(n, workers)) {
				t.Errorf("%d of %d workers, %v", started.Load(), workers, err)
			}
			for i := range calls {
				if c := calls[i].Load(); c != 1 {
					t.Errorf("%d calls for %d of %d with %d workers", c, i, n, workers)
				}
			}
		}
	}
}

func TestEachStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := parallel.Each(ctx, 100, 1, func() func(int) {
		return func(i int) {
			if calls++; i == 4 {
				cancel()
			}
		}
	})
	if !errors.Is(err, context.Canceled) || calls != 5 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// A panic of one goroutine is the caller's, and ends the others.
func TestEachPanics(t *testing.T) {
	for _, workers := range []int{1, 4} {
		var calls atomic.Int32
		func() {
			defer func() {
				if p := recover(); p != "ouch" {
					t.Errorf("recovered %v", p)
				}
			}()
			parallel.Each(t.Context(), 1_000_000, workers, func() func(int) {
				return func(i int) {
					if calls.Add(1); i == 3 {
						panic("ouch")
					}
				}
			})
			t.Error("it goes on")
		}()
		if n := calls.Load(); n == 1_000_000 {
			t.Errorf("all are called")
		}
	}
}
