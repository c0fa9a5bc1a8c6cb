package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBudgetIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		if err := b.acquire(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
		served := make(chan int, 3)
		for i, size := range []int{5, 1, 99} { // 99: more than there is at all
			go func() {
				if b.acquire(t.Context(), size) == nil {
					served <- i
				}
			}()
			synctest.Wait()
		}
		if len(served) != 0 {
			t.Fatal("a small claim overtook a large one")
		}
		b.release(8)
		synctest.Wait()
		if first, second := <-served, <-served; first != 0 && second != 0 || len(served) != 0 {
			t.Errorf("served %d and %d, and %d more", first, second, len(served))
		}
		b.release(5)
		b.release(1)
		if third := <-served; third != 2 {
			t.Errorf("then %d", third)
		}
		b.release(99)
		if b.free != 10 {
			t.Errorf("%d free at the end", b.free)
		}
	})
}

func TestBudgetClaimIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		if err := b.acquire(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.acquire(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waited: %v", err)
		}
		b.release(10)
		if b.free != 10 || len(b.waiting) != 0 {
			t.Errorf("%d free, %d waiting", b.free, len(b.waiting))
		}
	})
}
