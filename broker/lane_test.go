package broker

import (
	"context"
	"slices"
	"testing"
	"time"
)

// notingLog is a still log that notes what is proposed, and claims what it is told to.
type notingLog struct {
	stillLog
	durability Durability
	proposals  []Proposal
	released   []Ref
}

func (l *notingLog) Release(refs ...Ref) { l.released = append(l.released, refs...) }

func (l *notingLog) Append(p Proposal, done func(Commit, error)) {
	l.proposals = append(l.proposals, p)
	l.stillLog.Append(p, done)
}

func (l *notingLog) Stats() LogStats { return LogStats{Store: "noting", Durability: l.durability} }

// lanedBroker is a broker of two lanes whose time stands, with a memory topic.
func lanedBroker(t *testing.T) (*Broker, *notingLog) {
	clock := NewClock(func() time.Time { return time.UnixMilli(1_000_000) })
	memory := &notingLog{stillLog: stillLog{clock: clock}, durability: DurabilityMemory}
	store := &notingLog{stillLog: stillLog{clock: clock}, durability: DurabilityFsynced}
	b, err := Open(context.Background(), Config{Log: store, MemoryLog: memory, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	if _, err := b.CreateTopic(context.Background(), "m", Policy{}, DurabilityMemory); err != nil {
		t.Fatal(err)
	}
	return b, memory
}

func TestContract10_RunThatMeetsTheEndOfItsTopicIsNotCounted(t *testing.T) {
	b, _ := lanedBroker(t)
	m := b.lookup("m") // found by the memory lane, and then
	if _, err := b.DeleteTopic(context.Background(), "m"); err != nil {
		t.Fatal(err)
	}
	used, runs := b.used.Load(), b.runs.Load()
	c := Commit{Proposal: Proposal{Kind: KindPublished, Topic: m.id, Count: 1, TTL: time.Hour, Body: []byte{0x42, 1, 'x'}, Size: 3}, Position: 9, Time: b.Now(), First: 1}
	if b.store(m.lane, m, &c) || b.used.Load() != used || b.runs.Load() != runs || m.counts.Published != 0 || m.took(&c) {
		t.Errorf("%d bytes in %d runs, %+v", b.used.Load()-used, b.runs.Load()-runs, m.counts)
	}
}

func TestMemoryLaneIsToldOfItsTopics(t *testing.T) {
	b, memory := lanedBroker(t)
	id := b.lookup("m").id
	if _, err := b.DeleteTopic(context.Background(), "m"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateTopic(context.Background(), "f", Policy{}, DurabilityDefault); err != nil {
		t.Fatal(err)
	}
	var told []Kind
	for _, p := range memory.proposals {
		if p.Topic != id {
			t.Errorf("%+v", p)
		}
		told = append(told, p.Kind)
	}
	if !slices.Equal(told, []Kind{KindTopicPut, KindTopicDeleted}) {
		t.Errorf("told %v", told)
	}
}

// What memory topics had in the store's log, before they had one of their own, does not come back, and is let go.
func TestMemoryTopicsTakeNothingFromTheStoresLane(t *testing.T) {
	b, _ := lanedBroker(t)
	m := b.lookup("m")
	c := Commit{Proposal: Proposal{Kind: KindPublished, Topic: m.id, Count: 1, TTL: time.Hour, Body: []byte{0x42, 1, 'x'}, Size: 3}, Position: 9, Time: b.Now(), First: 1}
	store := b.lanes[storeLane]
	if b.store(store, m, &c) || m.next != 1 {
		t.Errorf("it took %+v", c)
	}
	if released := store.log.(*notingLog).released; !slices.Equal(released, []Ref{{Position: 9, Topic: m.id}}) {
		t.Errorf("released %+v", released)
	}
}
