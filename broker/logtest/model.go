package logtest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"linger/broker"
	"linger/broker/memlog"
)

// testLikeTheModel does random things to the log and to the one in memory, and compares.
func testLikeTheModel(t *testing.T, f Factory) {
	model := Factory{Open: Reopening(memlog.Options{Keep: true})}
	s, m := f.open(t, 0), model.open(t, 0)
	defer func() {
		m.close()
		s.close()
	}()
	var topics []broker.TopicID
	var runs []broker.Ref
	topic := rapid.Custom(func(rt *rapid.T) broker.TopicID {
		if len(topics) == 0 {
			rt.Skip("no topic yet")
		}
		return rapid.SampledFrom(topics).Draw(rt, "topic")
	})
	both := func(rt *rapid.T, p broker.Proposal) broker.Commit {
		got, err := s.append(p)
		want, wantErr := m.append(p)
		got.Time, want.Time = 0, 0                           // each has its clock
		if err != wantErr || !reflect.DeepEqual(got, want) { //nolint:errorlint // a log gives the package's errors as they are
			rt.Fatalf("%+v:\n got %+v, %v\nwant %+v, %v", p, got, err, want, wantErr)
		}
		return got
	}
	rapid.Check(t, func(rt *rapid.T) {
		rt.Repeat(map[string]func(*rapid.T){
			"make": func(rt *rapid.T) {
				c := both(rt, put(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name"), time.Hour))
				if c.Position != 0 {
					topics = append(topics, broker.TopicID(c.Position))
				}
			},
			"policy": func(rt *rapid.T) { both(rt, put2(topic.Draw(rt, "topic"), "x", time.Minute)) },
			"publish": func(rt *rapid.T) {
				p := publish(topic.Draw(rt, "topic"), rapid.SampledFrom([]time.Duration{0, time.Hour, 24 * time.Hour}).Draw(rt, "ttl"), rapid.IntRange(1, 9).Draw(rt, "count"))
				p.Sequence = rapid.SampledFrom([]uint64{0, 0, 1, 50, 500}).Draw(rt, "first")
				if c := both(rt, p); c.Position != 0 && p.TTL > 0 {
					runs = append(runs, broker.Ref{Position: c.Position, Topic: c.Topic})
				}
			},
			"change": func(rt *rapid.T) {
				both(rt, broker.Proposal{Kind: broker.KindDeadline, Topic: topic.Draw(rt, "topic"), Sequence: 3, Deadline: 9, Accepted: 8})
			},
			"evict": func(rt *rapid.T) {
				both(rt, broker.Proposal{Kind: broker.KindEvicted, Topic: topic.Draw(rt, "topic"), Last: rapid.Uint64Range(1, 50).Draw(rt, "last")})
			},
			"delete": func(rt *rapid.T) {
				p := broker.Proposal{Kind: broker.KindTopicDeleted, Topic: topic.Draw(rt, "topic")}
				p.Sequence = rapid.Uint64Range(0, 3).Draw(rt, "if it is the next")
				both(rt, p)
			},
			"release": func(rt *rapid.T) {
				if len(runs) == 0 {
					rt.Skip("no run yet")
				}
				i := rapid.IntRange(0, len(runs)-1).Draw(rt, "run")
				s.Release(runs[i])
				m.Release(runs[i])
				runs = append(runs[:i:i], runs[i+1:]...)
			},
			"load": func(rt *rapid.T) {
				if len(runs) == 0 || f.Forgets {
					rt.Skip("no run yet")
				}
				ref := rapid.SampledFrom(runs).Draw(rt, "run")
				got, err := s.Load(context.Background(), ref)
				want, wantErr := m.Load(context.Background(), ref)
				if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
					rt.Fatalf("%+v: %q, %v, want %q, %v", ref, got, err, want, wantErr)
				}
			},
			"reopen": func(rt *rapid.T) {
				if f.Forgets {
					rt.Skip("nothing is left")
				}
				s.close()
				m.close()
				s, m = f.open(t, 0), model.open(t, 0)
				got, want := ruling(s.replayed()), ruling(m.replayed())
				for _, all := range [][]broker.Commit{got, want} {
					for i := range all {
						all[i].Time = 0
					}
				}
				checkSame(propertyTB{TB: t, rt: rt}, got, want)
			},
		})
	})
}

// ruling leaves out the policies that were replaced and under which no message that is there was published: a log may keep
// them or not.
func ruling(replayed []broker.Commit) (rest []broker.Commit) {
	latest := map[broker.TopicID]int{} // where a policy of a topic stands in rest that may be left out
	for _, c := range replayed {
		switch c.Kind {
		case broker.KindPublished:
			if c.Size > 0 {
				delete(latest, c.Topic)
			}
		case broker.KindTopicPut:
			if i, ok := latest[c.Topic]; ok {
				rest[i].Kind = 0
			}
			if delete(latest, c.Topic); c.Position != uint64(c.Topic) {
				latest[c.Topic] = len(rest)
			}
		}
		rest = append(rest, c)
	}
	return slices.DeleteFunc(rest, func(c broker.Commit) bool { return c.Kind == 0 })
}

// propertyTB fails the property, not the test around it, so that rapid finds a small one.
type propertyTB struct {
	testing.TB
	rt *rapid.T
}

func (t propertyTB) Fatalf(format string, args ...any) { t.rt.Fatalf(format, args...) }

// Reopening gives a [Factory.Open] for logs in memory, each on what the one before it kept.
func Reopening(o memlog.Options) func(testing.TB, *broker.Clock) broker.Log {
	var log *memlog.Log
	return func(_ testing.TB, clock *broker.Clock) broker.Log {
		o.Clock = clock
		if log == nil || !o.Keep {
			log = memlog.New(o)
		} else {
			log = log.Reopen(clock)
		}
		return log
	}
}
