package crash

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"linger/broker/pebblelog"
	"linger/client"
	"linger/test/process"
	"linger/test/soak"
)

// TestContract11ServerKilled kills a server again and again over one directory, five times, with LINGER_SOAK=1 a hundred
// times and later. What was acknowledged as fsynced is there, once, in order, with its deadline; nothing is that was not
// published; no number is used again (contract 2, 6, 8, 10, 11, 12).
func TestContract11ServerKilled(t *testing.T) {
	most := soak.Number(500, 1500)
	t.Parallel()
	seed := seedOf(t)
	rng := lots(seed, 0)
	dir := filepath.Join(t.TempDir(), "store")
	s := newServer(t, dir)
	s.Start()

	topics := []*topic{
		{name: "kill.a", durability: client.Fsynced},
		{name: "kill.b", durability: client.Fsynced},
		{name: "kill.c", durability: client.Fsynced},
		{name: "kill.deleted", durability: client.Fsynced, deletable: true},
		{name: "kill.memory", durability: client.Memory},
	}
	durable, memory := topics[:4], topics[4:]
	for _, topic := range topics {
		made, err := s.Dial().CreateTopic(t.Context(), topic.name, client.TopicPolicy{}, topic.durability)
		if err != nil {
			t.Fatal(err)
		}
		topic.policies = []client.TopicPolicy{made.Policy}
	}
	o := newOracle(topics...)
	w := &workload{oracle: o}
	ctx, cancel := context.WithCancel(t.Context())
	var publishers []*publisher
	for i, to := range [][]*topic{durable, durable, durable, memory, topics} {
		p := &publisher{workload: w, number: i, topics: to, rng: lots(seed, uint64(10+i))}
		p.client = s.Dial().NewPublisher(client.PublisherOptions{WindowBytes: 64 << 10 << i})
		publishers = append(publishers, p)
		w.parts.Go(func() { p.run(ctx) })
	}
	changes := &changer{workload: w, client: s.Dial(), rng: lots(seed, 20)}
	w.parts.Go(func() { changes.run(ctx) })
	subscribers := []*subscriber{
		newSubscriber(o, "the subscriber of all", s.Dial(), nil, ">"),
		newSubscriber(o, "the subscriber of kill.a", s.Dial(), nil, "kill.a"),
		newSubscriber(o, "the subscriber that resumes", s.Dial(), lots(seed, 30), ">"),
		newSubscriber(o, "the subscriber of kill.b that resumes", s.Dial(), lots(seed, 31), "kill.b"),
		newSubscriber(o, "the subscriber of kill.memory that resumes", s.Dial(), lots(seed, 32), "kill.memory"),
	}
	for _, sub := range subscribers {
		w.parts.Go(func() { sub.run(ctx) })
	}
	defer w.parts.Wait()
	defer cancel()

	reader := s.Dial()
	judge := func(round int) {
		began := time.Now()
		w.judge(t, reader, subscribers...)
		t.Logf("round %d: %s (%v)", round, o.summary(), time.Since(began))
	}
	round, judged := 0, false
	for round = range soak.Rounds(t, 5, 100) {
		pause(ctx, time.Duration(50+rng.IntN(most))*time.Millisecond)
		s.Kill()
		o.dead()
		for rng.IntN(3) == 0 { // in the middle of its recovery, too
			s.Launch()
			pause(ctx, time.Duration(rng.IntN(300))*time.Millisecond)
			s.Kill()
			o.dead()
		}
		s.Start()
		if judged = !soak.On() || rng.IntN(2) == 0; judged {
			judge(round)
		}
	}
	if !judged {
		judge(round)
	}
	cancel()
	w.parts.Wait()
	for _, p := range publishers {
		ctx, cancel := context.WithTimeout(t.Context(), process.Patience)
		if err := p.client.Close(ctx); err != nil {
			t.Error(err)
		}
		cancel()
	}
	s.Stop()
	if r, err := pebblelog.Verify(dir, nil); err != nil || len(r.Problems) > 0 {
		t.Errorf("verify: %v, %v", r.Problems, err)
	}
}

func (o *oracle) summary() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := map[outcome]int{}
	gone := 0
	for _, m := range o.messages {
		n[m.outcome]++
		if m.gone {
			gone++
		}
	}
	return fmt.Sprintf("%d acknowledged, %d refused, %d of unknown outcome, %d have ended", n[acknowledged], n[refused], n[unknown], gone)
}
