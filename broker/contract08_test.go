package broker_test

import (
	"context"
	"testing"
	"time"

	"linger/broker"
)

func TestContract08_ExtendAndShorten(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		sent := b.publish("t", time.Minute, "a", "b", "c", "d")
		r := b.extend("t", 2, sent.PublishTime.Add(time.Hour))
		same(t, "result", r, broker.SetDeadlineResult{Deadline: sent.PublishTime.Add(time.Hour)})
		b.extend("t", 3, sent.PublishTime.Add(time.Second))
		b.extend("t", 4, b.Now())
		same(t, "listed", b.list("t"), []string{"a", "b", "c"})
		time.Sleep(time.Second - time.Millisecond)
		same(t, "listed", b.list("t"), []string{"a", "b", "c"})
		time.Sleep(time.Millisecond)
		same(t, "listed", b.list("t"), []string{"a", "b"})
		time.Sleep(time.Minute)
		same(t, "listed", b.list("t"), []string{"b"})
		m, _, err := b.Get("t", 2)
		if err != nil || m.Sequence != 2 || m.PublishTime != sent.PublishTime || string(m.Message) != "b" || m.Deadline != r.Deadline {
			t.Errorf("%+v, %v", m, err)
		}
		time.Sleep(time.Hour)
		same(t, "counts", b.info("t").Counts, broker.Counts{Published: 4, Ended: broker.Ends{ExpiredUndelivered: 4}})
	})
}

// With which lifetime a message was published is told whatever it was changed to, after a restart too.
func TestContract08_GrantedIsRemembered(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		granted := func(want ...time.Duration) {
			t.Helper()
			page, err := b.List(broker.ListOptions{Pattern: "t", Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var found []time.Duration
			for _, m := range page.Messages {
				found = append(found, m.Granted)
			}
			same(t, "granted", found, want)
		}
		sent := b.publish("t", time.Minute, "a", "b", "c")
		b.publish("t", time.Hour, "d")
		b.extend("t", 2, sent.PublishTime.Add(time.Hour))
		b.extend("t", 3, sent.PublishTime.Add(30*time.Second))
		granted(time.Minute, time.Minute, time.Minute, time.Hour)
		b = b.restart(broker.Config{}, 0)
		granted(time.Minute, time.Minute, time.Minute, time.Hour)
		b.extend("t", 3, sent.Deadline) // as it was
		b.extend("t", 2, sent.PublishTime.Add(2*time.Hour))
		granted(time.Minute, time.Minute, time.Minute, time.Hour)
		time.Sleep(time.Minute)
		granted(time.Minute, time.Hour) // of #2 and #4
		b.Close()
	})
}

func TestContract08_CompareAndSet(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		sent := b.publish("t", time.Minute, "a")
		first, second := sent.PublishTime.Add(2*time.Minute), sent.PublishTime.Add(3*time.Minute)
		set := func(deadline, expected broker.Instant) error {
			_, err := b.SetDeadline(context.Background(), "t", 1, deadline, expected)
			return err
		}
		if err := set(first, sent.Deadline); err != nil {
			t.Error(err)
		}
		if e := b.fault(set(second, sent.Deadline), broker.ErrConflict); e.Field != "expected_expire_time" {
			t.Errorf("%+v", e)
		}
		if err := set(first, sent.Deadline); err != nil {
			t.Errorf("the same again: %v", err) // its answer may have been lost
		}
		if err := set(second, first); err != nil {
			t.Error(err)
		}
		for range 2 { // idempotent
			if err := set(second, 0); err != nil {
				t.Error(err)
			}
		}
		if m, _, _ := b.Get("t", 1); m.Deadline != second {
			t.Errorf("%+v", m)
		}
	})
}

func TestContract08_NothingOutlivesThePolicy(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("clamps", broker.Policy{Max: time.Hour})
		b.create("rejects", broker.Policy{Max: time.Hour, Reject: true})
		sent := b.publish("clamps", time.Minute, "a")
		time.Sleep(time.Second)
		latest := sent.PublishTime.Add(time.Hour)
		same(t, "at most", b.extend("clamps", 1, latest), broker.SetDeadlineResult{Deadline: latest})
		same(t, "more", b.extend("clamps", 1, latest+1), broker.SetDeadlineResult{Deadline: latest, LoweredToMaximum: true})
		if m, _, _ := b.Get("clamps", 1); m.Deadline != latest || m.MaxDeadline != latest {
			t.Errorf("%+v", m)
		}
		sent = b.publish("rejects", time.Minute, "a")
		_, err := b.SetDeadline(context.Background(), "rejects", 1, sent.PublishTime.Add(time.Hour)+1, 0)
		if e := b.fault(err, broker.ErrTTLRejected); e.Field != "expire_time" {
			t.Errorf("%+v", e)
		}
		if m, _, _ := b.Get("rejects", 1); m.Deadline != sent.Deadline {
			t.Errorf("%+v", m)
		}
	})
}

func TestContract08_EndedIsRefusedWithHowAndWhen(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		sent := b.publish("t", time.Second, "delivered")
		r.expect("delivered")
		b.publish("t", time.Second, "undelivered")
		b.publish("t", time.Minute, "deleted", "by request")
		deleted := b.Now()
		b.remove("t", 3)
		b.extend("t", 4, b.Now())
		time.Sleep(2 * time.Second)
		refused := func(sequence uint64, want broker.Ended) {
			t.Helper()
			want.Topic, want.Incarnation, want.First, want.Last, want.PublishTime = "t", sent.Incarnation, sequence, sequence, sent.PublishTime
			_, err := b.SetDeadline(context.Background(), "t", sequence, b.Now().Add(time.Hour), 0)
			same(t, "extension", b.fault(err, broker.ErrEnded).Ended, &want)
			same(t, "deletion", b.fault(b.DeleteMessage(context.Background(), "t", sequence), broker.ErrEnded).Ended, &want)
		}
		refused(1, broker.Ended{Reason: broker.ExpiredDelivered, EndTime: sent.Deadline, Deliveries: 1})
		refused(2, broker.Ended{Reason: broker.ExpiredUndelivered, EndTime: sent.Deadline})
		refused(3, broker.Ended{Reason: broker.Deleted, EndTime: deleted})
		refused(4, broker.Ended{Reason: broker.ExpiredUndelivered, EndTime: deleted})
		for _, sequence := range []uint64{0, 5, 1 << 60} {
			_, err := b.SetDeadline(context.Background(), "t", sequence, b.Now().Add(time.Hour), 0)
			b.fault(err, broker.ErrNoMessage)
		}
		_, err := b.SetDeadline(context.Background(), "u", 1, b.Now().Add(time.Hour), 0)
		b.fault(err, broker.ErrTopicNotFound)
	})
}

func TestContract08_SurvivesARestart(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{Max: 24 * time.Hour})
		sent := b.publish("t", time.Minute, "a", "extended", "b", "shortened", "ended", "deleted", "c")
		b.extend("t", 2, sent.PublishTime.Add(time.Hour))
		b.extend("t", 4, sent.PublishTime.Add(time.Second))
		b.extend("t", 5, b.Now())
		b.remove("t", 6)
		if _, err := b.SetPolicy(context.Background(), "t", broker.Policy{Max: time.Minute}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			b = b.restart(broker.Config{}, 0)
			same(t, "listed", b.list("t"), []string{"a", "extended", "b", "shortened", "c"})
			if m, _, _ := b.Get("t", 2); m.Deadline != sent.PublishTime.Add(time.Hour) {
				t.Errorf("%+v", m)
			}
		}
		time.Sleep(time.Second)
		same(t, "listed", b.list("t"), []string{"a", "extended", "b", "c"})
		b = b.restart(broker.Config{}, time.Minute)
		same(t, "listed", b.list("t"), []string{"extended"})
		b = b.restart(broker.Config{}, time.Hour)
		same(t, "listed", b.list("t"), []string(nil))
		b.Close()
	})
}

func TestContract08_PolicyRulesWhatIsPublishedLater(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		set := func(p broker.Policy) {
			t.Helper()
			if info, err := b.SetPolicy(context.Background(), "t", p); err != nil || info.Policy.Max != p.Max {
				t.Fatalf("%+v, %v", info, err)
			}
		}
		b.create("t", broker.Policy{Max: 2 * time.Hour, Default: time.Minute})
		first := b.publish("t", time.Hour, "a")
		set(broker.Policy{Max: time.Second})
		second := b.try("t")
		set(broker.Policy{Max: 24 * time.Hour})
		third := b.publish("t", time.Hour, "c")
		check := func() {
			t.Helper()
			for sequence, latest := range map[uint64]broker.Instant{
				1: first.PublishTime.Add(2 * time.Hour), 2: second.PublishTime.Add(time.Second), 3: third.PublishTime.Add(24 * time.Hour),
			} {
				if m, _, err := b.Get("t", sequence); err != nil || m.MaxDeadline != latest {
					t.Errorf("#%d: %+v, want %d at most", sequence, m, latest)
				}
			}
		}
		if first.Deadline.Sub(first.PublishTime) != time.Hour || second.Deadline.Sub(second.PublishTime) != time.Second {
			t.Errorf("%+v, %+v", first, second)
		}
		check()
		b = b.restart(broker.Config{}, 0)
		check()
		r := b.extend("t", 1, first.PublishTime.Add(10*time.Hour))
		same(t, "extension", r, broker.SetDeadlineResult{Deadline: first.PublishTime.Add(2 * time.Hour), LoweredToMaximum: true})
		b.Close()
	})
}
