package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"linger/client"
)

// rate is what publishes are measured at while something else goes on: messages a second, one by one as they are due.
const rate = 10_000

// massExpiry has 1 M messages, each a run of its own, die at one instant in the topic that is published to, three times.
// The second that begins then is compared with those before it.
func massExpiry(h *harness) error {
	const n, rounds, before, after = 1_000_000, 3, 4 * time.Second, 2 * time.Second
	s, err := h.serve()
	if err != nil {
		return err
	}
	c, err := s.dial()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := fill(h.ctx, c, filling{messages: n / 10, batch: 1, topic: oneTopic("scale.pace")}); err != nil {
		return err
	}
	// The million takes ten times as long, on a busy machine perhaps thirty times, and then come the seconds before.
	lead := 30*time.Since(began) + before + time.Second
	var ratios, gone, ordinary, dying []float64
	for round := range rounds {
		topic := fmt.Sprintf("scale.expiry.%d", round)
		began = time.Now()
		at := began.Add(lead).Truncate(time.Millisecond)
		if err := fill(h.ctx, c, filling{messages: n, batch: 1, topic: oneTopic(topic), expire: at}); err != nil {
			return err
		}
		if time.Until(at) < before {
			return fmt.Errorf("publishing 1 M messages took %v, too long on this machine", time.Since(began))
		}
		if err := errors.Join(s.collect(), h.wait(time.Until(at)-before)); err != nil {
			return err
		}
		var looking sync.WaitGroup
		var took time.Duration
		var failed error
		looking.Go(func() { took, failed = h.untilGone(c, topic, at) })
		var l *latency
		err := s.profiled(fmt.Sprintf("expiry-%d", round), before+after, func() (err error) {
			l, err = h.steady(c, topic, rate, before+after)
			return err
		})
		looking.Wait()
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		var seconds []float64
		for second := at.Add(time.Second - before); second.Before(at); second = second.Add(time.Second) {
			seconds = append(seconds, l.p99(second, second.Add(time.Second)))
		}
		ordinary, dying = append(ordinary, median(seconds)), append(dying, l.p99(at, at.Add(time.Second)))
		ratios, gone = append(ratios, dying[round]/ordinary[round]), append(gone, float64(took.Milliseconds()))
	}
	h.goal("p99 of a publish in the second in which 1 M die ÷ before", median(ratios), "×", 2,
		"%s of %d rounds; %s and %s ms", span(ratios), rounds, figure(median(dying)), figure(median(ordinary)))
	h.goal("from their instant until they are in no count", median(gone), "ms", 1000, "%s", span(gone))
	return nil
}

// untilGone waits until a topic holds nothing but what was published since its messages began to be due, and tells how
// long after at that was so.
func (h *harness) untilGone(c *client.Client, topic string, at time.Time) (time.Duration, error) {
	if err := h.wait(time.Until(at)); err != nil {
		return 0, err
	}
	for {
		info, err := c.GetTopic(h.ctx, topic)
		switch {
		case err != nil:
			return 0, err
		case info.Stats.Retained < 500_000:
			return time.Since(at), nil
		case time.Since(at) > 10*time.Second:
			return 0, fmt.Errorf("%d messages are retained yet", info.Stats.Retained)
		}
		if err := h.wait(10 * time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// collector compares publishing to a server that holds 10 M messages, each a run of its own, and to an empty one, while both
// are asked to collect garbage again and again. What differs is what is retained, and that is judged. Asking for a collection
// costs something beside it, so the empty server has turns in which it rests, too. All of them take turns.
func collector(h *harness) error {
	const rounds, length = 7, 1500 * time.Millisecond
	full, toFull, err := h.filled(filling{messages: 10_000_000, batch: 1, topic: oneTopic("scale.full")})
	if err != nil {
		return err
	}
	empty, err := h.serve()
	if err != nil {
		return err
	}
	toEmpty, err := empty.dial()
	if err != nil {
		return err
	}
	if err := full.collect(); err != nil {
		return err
	}
	var with, without, resting, overWithout, overResting, taking []float64
	for round := range rounds + 1 {
		idle, err := h.steady(toEmpty, "scale.publish", rate, length)
		if err != nil {
			return err
		}
		var l *latency
		var collections []float64
		err = full.profiled(fmt.Sprintf("collector-%d", round), length, func() error {
			l, collections, err = h.whileCollecting(full, toFull, length)
			return err
		})
		if err != nil {
			return err
		}
		alone, _, err := h.whileCollecting(empty, toEmpty, length)
		if err != nil {
			return err
		}
		if round == 0 {
			continue // to warm up
		}
		held, none, rest := l.p99(l.all()), alone.p99(alone.all()), idle.p99(idle.all())
		with, without, resting = append(with, held), append(without, none), append(resting, rest)
		overWithout, overResting = append(overWithout, held/none), append(overResting, held/rest)
		taking = append(taking, collections...)
	}
	h.goal("p99 of a publish, collecting, 10 M retained ÷ none", median(overWithout), "×", 2,
		"%s of %d rounds; %s and %s ms", span(overWithout), rounds, figure(median(with)), figure(median(without)))
	h.tell("the same ÷ none retained and not collecting", median(overResting), "×",
		"%s; %s ms with none, not collecting", span(overResting), figure(median(resting)))
	h.tell("a collection of these", median(taking), "ms", "%s", span(taking))
	return nil
}

// whileCollecting publishes while the server collects again and again, and tells how long each collection took, in ms.
func (h *harness) whileCollecting(s *server, c *client.Client, length time.Duration) (*latency, []float64, error) {
	ctx, cancel := context.WithCancel(h.ctx)
	var collections []float64
	var failed error
	var collecting sync.WaitGroup
	collecting.Go(func() {
		for ctx.Err() == nil && failed == nil {
			began := time.Now()
			failed = s.collect()
			collections = append(collections, float64(time.Since(began).Milliseconds()))
		}
	})
	l, err := h.steady(c, "scale.publish", rate, length)
	cancel()
	collecting.Wait()
	return l, collections, errors.Join(err, failed)
}
