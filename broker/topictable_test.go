package broker_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"linger/broker"
)

func names(topics []broker.TopicInfo) string {
	var all []string
	for _, t := range topics {
		all = append(all, t.Name)
	}
	return strings.Join(all, " ")
}

func TestTopicsInTheOrderAskedFor(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("kept.long", broker.Policy{Default: time.Hour})
		b.publish("orders.eu", 20*time.Second, "a", "b", "c")
		time.Sleep(time.Minute) // they end, and count half
		b.publish("orders.us", time.Hour, "x", "a longer one")
		b.publish("Codes", time.Minute, "y")
		read := b.subscribe(broker.Start{}, "Codes")
		for _, c := range []struct {
			query broker.TopicQuery
			want  string
		}{
			{broker.TopicQuery{}, "orders.us orders.eu Codes kept.long"}, // 2; 3 a minute ago; 1; none
			{broker.TopicQuery{Reverse: true}, "kept.long Codes orders.eu orders.us"},
			{broker.TopicQuery{Order: broker.ByName}, "Codes kept.long orders.eu orders.us"},
			{broker.TopicQuery{Order: broker.ByName, Reverse: true}, "orders.us orders.eu kept.long Codes"},
			{broker.TopicQuery{Order: broker.ByRetained}, "orders.us Codes kept.long orders.eu"},
			{broker.TopicQuery{Order: broker.ByRetained, Reverse: true}, "kept.long orders.eu Codes orders.us"},
			{broker.TopicQuery{Order: broker.ByBytes}, "orders.us Codes kept.long orders.eu"},
			{broker.TopicQuery{Order: broker.ByNextDeadline}, "Codes orders.us kept.long orders.eu"},
			{broker.TopicQuery{Order: broker.BySubscriptions}, "Codes kept.long orders.eu orders.us"},
			{broker.TopicQuery{Order: broker.ByLag}, "Codes kept.long orders.eu orders.us"},
			{broker.TopicQuery{Order: broker.ByDefaultTTL}, "kept.long Codes orders.eu orders.us"},
			{broker.TopicQuery{Order: broker.ByName, Offset: 1, Limit: 2}, "kept.long orders.eu"},
			{broker.TopicQuery{Order: broker.ByName, Offset: 3, Limit: 2}, "orders.us"},
			{broker.TopicQuery{Order: broker.ByName, Offset: 9, Limit: 2}, ""},
			{broker.TopicQuery{Order: broker.ByName, Filter: "orders.*"}, "orders.eu orders.us"},
			{broker.TopicQuery{Order: broker.ByName, Filter: "O"}, "Codes kept.long orders.eu orders.us"},
			{broker.TopicQuery{Order: broker.ByName, Filter: "s.E"}, "orders.eu"},
		} {
			page, total, err := b.QueryTopics(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(page); got != c.want {
				t.Errorf("%+v: %s, want %s", c.query, got, c.want)
			}
			if all, err := b.TopicNames(c.query.Filter); err != nil || len(all) != total || !slices.IsSorted(all) {
				t.Errorf("%+v: %d in all, but the names are %q, %v", c.query, total, all, err)
			}
		}
		for _, bad := range []string{"a..*", "*.>.*"} {
			if _, _, err := b.QueryTopics(broker.TopicQuery{Filter: bad}); !errors.Is(err, broker.ErrInvalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		read.Close()
	})
}

func TestSumsOfTopics(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("orders.eu", time.Minute, "a", "b")
		b.publish("orders.us", time.Hour, "c")
		b.publish("codes", 10*time.Second, "d")
		sums, err := b.SumTopics([]string{"orders.>", "codes", "nothing", ">"}, "")
		if err != nil {
			t.Fatal(err)
		}
		now := b.Now()
		for i, want := range []struct {
			topics    int
			published uint64
			left      time.Duration
		}{{2, 3, time.Minute}, {1, 1, 10 * time.Second}, {0, 0, 0}, {3, 4, 10 * time.Second}} {
			s := sums[i]
			if s.Topics != want.topics || s.Counts.Published != want.published || s.Counts.Retained != want.published {
				t.Errorf("%s: %+v", s.Pattern, s)
			}
			if want.left == 0 && s.NextDeadline != 0 || want.left > 0 && s.NextDeadline.Sub(now) != want.left {
				t.Errorf("%s: the next goes at %v, it is %v", s.Pattern, s.NextDeadline, now)
			}
		}
		if rate := sums[0].PublishRate + sums[1].PublishRate; rate <= 0 || rate != sums[3].PublishRate {
			t.Errorf("the rates of the parts are %v, of all %v", rate, sums[3].PublishRate)
		}
		for filter, want := range map[string]int{"*.us": 1, "RDER": 2, ">": 3} {
			sums, err := b.SumTopics([]string{">"}, filter)
			if err != nil || sums[0].Topics != want {
				t.Errorf("%q lets %d through, %v", filter, sums[0].Topics, err)
			}
		}
		time.Sleep(3 * time.Second)
		b.publish("orders.eu", time.Minute, "e")
		time.Sleep(time.Second)
		sums, err = b.SumTopics([]string{"orders.>"}, "")
		if err != nil {
			t.Fatal(err)
		}
		recent := sums[0].Recent
		if len(recent) != broker.RecentSeconds || recent[len(recent)-1] != 1 || recent[len(recent)-4] != 3 {
			t.Errorf("of late: %v", recent)
		}
		if _, err := b.SumTopics([]string{">"}, "a..*"); !errors.Is(err, broker.ErrInvalid) {
			t.Errorf("a bad filter: %v", err)
		}
		if _, err := b.SumTopics([]string{"a", "b..c"}, ""); !errors.Is(err, broker.ErrInvalid) {
			t.Errorf("a bad pattern: %v", err)
		}
		if _, err := b.SumTopics(slices.Repeat([]string{"codes"}, broker.MaxSums+1), ""); !errors.Is(err, broker.ErrInvalid) {
			t.Errorf("too many patterns: %v", err)
		}
	})
}
