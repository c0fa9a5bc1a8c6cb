package broker_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

func TestContract11_MemoryIsTheStrongestThatMemoryOffers(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		if b.Durability() != broker.DurabilityMemory {
			t.Errorf("%v", b.Durability())
		}
		_, err := b.CreateTopic(context.Background(), "t", broker.Policy{}, broker.DurabilityFsynced)
		if e := b.fault(err, broker.ErrDurability); e.Field != "durability" {
			t.Errorf("%+v", e)
		}
		for _, d := range []broker.Durability{broker.DurabilityDefault, broker.DurabilityMemory} {
			info, err := b.CreateTopic(context.Background(), "t"+d.String(), broker.Policy{}, d)
			if err != nil || info.Durability != broker.DurabilityMemory {
				t.Errorf("%v: %+v, %v", d, info, err)
			}
			if r := b.try("t" + d.String()); r.Durability != broker.DurabilityMemory {
				t.Errorf("%v: %+v", d, r)
			}
		}
	})
}

func TestContract11_FixedAtCreationAndNamedInEveryAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		log := memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})
		b := openOn(t, broker.Config{}, log, clock)
		b.log = log
		if _, err := b.CreateTopic(context.Background(), "weak", broker.Policy{}, broker.DurabilityMemory); err != nil {
			t.Fatal(err)
		}
		check := func() {
			t.Helper()
			for topic, want := range map[string]broker.Durability{"weak": broker.DurabilityMemory, "strong": broker.DurabilityFsynced} {
				if r := b.publish(topic, time.Minute, "a"); r.Durability != want || b.info(topic).Durability != want {
					t.Errorf("%s: %+v", topic, r)
				}
				if r := b.publish(topic, 0, "a"); r.Durability != broker.DurabilityMemory { // it is never written
					t.Errorf("%s, now or never: %+v", topic, r)
				}
				if info, err := b.SetPolicy(context.Background(), topic, broker.Policy{}); err != nil || info.Durability != want {
					t.Errorf("%s: %+v, %v", topic, info, err)
				}
			}
		}
		check()
		b = b.restart(broker.Config{}, 0)
		check()
		b.Close()
	})
}
