package logtest

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"linger/broker"
)

// checkSame compares a replay with the commits that should come back.
func checkSame(t testing.TB, got, want []broker.Commit) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("%+v does not come back", want[i])
		case i >= len(want):
			t.Fatalf("%+v comes back", got[i])
		case !reflect.DeepEqual(got[i], want[i]):
			t.Fatalf("at place %d:\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
}

func testReopen(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	kept := s.must(publish(topic, time.Hour, 3))
	gone := s.must(publish(topic, time.Hour, 1))
	passing := s.must(publish(topic, 0, 2))
	longer := s.must(broker.Proposal{Kind: broker.KindDeadline, Topic: topic, Sequence: 2, Deadline: 1 << 42, Expected: 5, Accepted: 4})
	deleted := s.must(broker.Proposal{Kind: broker.KindDeleted, Topic: topic, Sequence: 1})
	last := s.must(publish(topic, time.Hour, 1))
	s.Release(broker.Ref{Position: gone.Position, Topic: topic})
	s.close()

	for range 2 {
		s = f.open(t, 0)
		if f.Forgets {
			checkSame(t, s.replayed(), nil)
			s.close()
			continue
		}
		replay := s.replayed()
		if len(replay) == 0 || replay[0].Kind != broker.KindTopicPut || replay[0].First != 8 {
			t.Fatalf("the topic comes back as %+v", replay)
		}
		checkSame(t, replay[1:], []broker.Commit{kept, longer, deleted, last})
		s.close()
	}
	if f.Forgets {
		return
	}
	s = f.open(t, 0)
	if c := s.must(publish(topic, time.Hour, 1)); c.First != passing.First+3 || c.Position <= last.Position || c.Time < last.Time {
		t.Errorf("%+v after %+v", c, last)
	}
}

func testReopenTopics(t *testing.T, f Factory) {
	s := f.open(t, 0)
	kept, empty, gone := s.topic("kept"), s.topic("empty"), s.topic("gone")
	first := s.must(publish(kept, time.Hour, 3))
	policy := s.must(put2(kept, "kept", time.Minute))
	second := s.must(publish(kept, time.Minute, 1))
	s.must(publish(gone, time.Hour, 1))
	s.must(broker.Proposal{Kind: broker.KindTopicDeleted, Topic: gone})
	again := s.topic("gone")
	s.Release(broker.Ref{Position: s.must(publish(empty, time.Hour, 9)).Position, Topic: empty})
	s.close()
	s = f.open(t, 0)
	if f.Forgets {
		checkSame(t, s.replayed(), nil)
		return
	}
	puts := map[broker.TopicID]broker.Commit{}
	var rest []broker.Commit
	for _, c := range s.replayed() {
		if _, known := puts[c.Topic]; c.Kind == broker.KindTopicPut && !known {
			puts[c.Topic] = c
			continue
		}
		rest = append(rest, c)
	}
	checkSame(t, rest, []broker.Commit{first, policy, second})
	for id, want := range map[broker.TopicID]broker.TopicPut{kept: put("kept", time.Hour).Put, empty: put("empty", time.Hour).Put, again: put("gone", time.Hour).Put} {
		if c := puts[id]; !reflect.DeepEqual(c.Put, want) {
			t.Errorf("%d comes back as %+v, want %+v", id, c.Put, want)
		}
	}
	if len(puts) != 3 || puts[kept].First != 5 || puts[empty].First != 10 || puts[again].First != 1 {
		t.Errorf("%+v", puts)
	}
	s.refused(publish(gone, time.Hour, 1), broker.ErrTopicNotFound)
	s.refused(put("empty", time.Hour), broker.ErrTopicExists)
	if c := s.must(publish(empty, time.Hour, 1)); c.First != 10 {
		t.Errorf("%+v", c)
	}
}

func testReopenProducers(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic, other := s.topic("t"), s.topic("u")
	commits := []broker.Commit{
		s.must(once(publish(topic, time.Hour, 1), 1, 1, 0)),
		s.must(once(publish(topic, 0, 2), 1, 1, 1)),
		s.must(once(publish(other, time.Hour, 1), 1, 1, 2)),
		s.must(once(broker.Proposal{Kind: broker.KindProducer}, 1, 2, 0)),
		s.must(once(publish(topic, time.Hour, 3), 1, 3, 0)),
	}
	s.Release(broker.Ref{Position: commits[4].Position, Topic: topic})
	s.must(broker.Proposal{Kind: broker.KindTopicDeleted, Topic: other})
	s.close()
	s = f.open(t, 0)
	if f.Forgets {
		checkSame(t, s.replayed(), nil)
		return
	}
	for _, i := range []int{1, 2, 4} {
		commits[i].Body, commits[i].Size = nil, 0 // gone; what the producer was told is left
	}
	checkSame(t, s.replayed()[1:], commits)
}

func testReopenTime(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	s.must(publish(topic, time.Hour, 1))
	last := s.must(broker.Proposal{Kind: broker.KindClock})
	s.close()
	s = f.open(t, -time.Hour) // the wall clock was set back
	if f.Forgets {
		return
	}
	commits := s.commits()
	if end := commits[len(commits)-1]; end.Time < last.Time || end.Position != last.Position {
		t.Errorf("the replay ends with %+v, want the position of %+v and no earlier time", end, last)
	}
	s.clock.NotBefore(last.Time) // as the broker does
	if c := s.must(publish(topic, time.Hour, 1)); c.Time < last.Time || !bytes.Equal(c.Body, publish(topic, 0, 1).Body) {
		t.Errorf("%+v after %+v", c, last)
	}
}

func testReopenEvicted(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic, other, gone := s.topic("t"), s.topic("u"), s.topic("gone")
	evict := func(topic broker.TopicID, last uint64) broker.Commit {
		return s.must(broker.Proposal{Kind: broker.KindEvicted, Topic: topic, Last: last})
	}
	s.must(publish(topic, time.Hour, 3))                            // #1 to #3
	answered := s.must(once(publish(topic, time.Hour, 2), 1, 1, 0)) // #4, #5
	cut := s.must(publish(topic, time.Hour, 4))                     // #6 to #9
	evict(topic, 3)
	far := evict(topic, 7)
	evict(topic, 5) // was decided before, and is behind it all the same
	other1 := s.must(publish(other, time.Hour, 9))
	middle := s.must(broker.Proposal{Kind: broker.KindEvicted, Topic: other, Published: other1.Position, Sequence: 2, Last: 4})
	released := s.must(publish(other, time.Hour, 1))
	s.must(broker.Proposal{Kind: broker.KindEvicted, Topic: other, Published: released.Position, Sequence: 10, Last: 10})
	s.Release(broker.Ref{Position: released.Position, Topic: other})
	s.must(publish(gone, time.Hour, 3))
	evict(gone, 2)
	s.must(broker.Proposal{Kind: broker.KindTopicDeleted, Topic: gone})
	s.refused(broker.Proposal{Kind: broker.KindEvicted, Topic: gone, Last: 3}, broker.ErrTopicNotFound)
	last := s.must(publish(topic, time.Hour, 1))
	s.close()
	answered.Body, answered.Size = nil, 0 // what its producer was told is left
	for range 2 {
		s = f.open(t, 0)
		if f.Forgets {
			checkSame(t, s.replayed(), nil)
			return
		}
		there := map[uint64]bool{}
		var got []broker.Commit
		for _, c := range s.replayed() {
			there[c.Position] = true
			if c.Kind != broker.KindTopicPut && (c.Published == 0 || there[c.Published]) { // a change of what is gone may come, or not
				got = append(got, c)
			}
		}
		checkSame(t, got, []broker.Commit{answered, cut, far, other1, middle, last})
		s.close()
	}
}
