package main

import (
	"fmt"
	"time"
)

// What a server keeps for each message beyond its encoded bytes: the live heap after a collection, less that of the
// server when it was empty. One by one means that each message is a batch, and so a run, of its own; their requests come
// together, which makes no difference to what is kept.

func memorySingles(h *harness) error { return memoryOfMessages(h, 1) }
func memoryBatches(h *harness) error { return memoryOfMessages(h, 100) }

func memoryOfMessages(h *harness, batch int) error {
	const n = 10_000_000
	return growth(h, filling{messages: n, batch: batch, topic: oneTopic("scale.memory")}, func(u usage, took time.Duration) {
		h.goal(fmt.Sprintf("beyond the encoded bytes, 10 M messages by %d", batch), u.heap/n-encoded, "B", 64,
			"resident %.0f B each in all; published at %s a second", u.rss/n, figure(n/took.Seconds()))
	})
}

func memoryTopics(h *harness) error {
	const n = 100_000 - 1 // the limit; the first one is there to warm up
	return growth(h, filling{messages: n, batch: 1, topic: func(i int) string { return fmt.Sprintf("scale.memory.%d", i) }}, func(u usage, took time.Duration) {
		h.goal("a topic with one message, 100,000 of them", u.heap/n-encoded, "B", 2<<10,
			"resident %.0f B; made at %s a second", u.rss/n, figure(n/took.Seconds()))
	})
}

// growth measures how much a server grows by what it is filled with.
func growth(h *harness, f filling, tell func(usage, time.Duration)) error {
	s, c, err := h.filled(filling{messages: 1000, batch: 1, topic: oneTopic("scale.first"), expire: time.Now().Add(time.Second)})
	if err != nil {
		return err
	}
	if err := h.wait(2 * time.Second); err != nil { // until that is gone
		return err
	}
	before, err := s.memory()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := fill(h.ctx, c, f); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := s.memory()
	if err != nil {
		return err
	}
	tell(after.sub(before), took)
	return nil
}
