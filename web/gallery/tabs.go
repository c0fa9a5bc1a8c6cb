package gallery

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"linger/web"
)

// tabStates are a topic's tabs beside its messages.
func tabStates() []State {
	at := func(tab web.Tab) string { return web.TabPath(eu.Name, tab) }
	subscribers := func(name, shows string, of func(web.Page) web.Subscribers) State {
		return State{Name: "subscribers" + name, Shows: shows, at: at(web.TabSubscribers), page: func(p web.Page) templ.Component { return web.SubscribersPage(of(p)) }}
	}
	policy := func(name, shows string, of func(web.Page) web.PolicyTab) State {
		return State{Name: "policy" + name, Shows: shows, at: at(web.TabPolicy), page: func(p web.Page) templ.Component { return web.PolicyPage(of(p)) }}
	}
	record := func(name, shows string, of func(web.Page) web.Record, acts ...string) State {
		return State{Name: "record" + name, Shows: shows, at: at(web.TabRecord), acts: acts, page: func(p web.Page) templ.Component { return web.RecordPage(of(p)) }}
	}
	return []State{
		subscribers("", "who subscribes, and who falls behind", subscribersOf),
		subscribers("-none", "nobody subscribes", func(p web.Page) web.Subscribers { return web.Subscribers{Page: p, Topic: unheard} }),
		subscribers("-full", "a topic that nearly reaches its limit", func(p web.Page) web.Subscribers {
			s := subscribersOf(p)
			s.Topic.Room = web.Room{Messages: 9_240, MaxMessages: 10_000}
			return s
		}),
		subscribers("-many", "more subscribers than a page shows", manySubscribers),
		policy("", "a policy, and what it would have meant", policyOf),
		policy("-beyond", "one whose limit would have been reached", beyondPolicy),
		policy("-growing", "one that keeps longer than is known", growingPolicy),
		policy("-idle", "one of a topic without messages", func(p web.Page) web.PolicyTab {
			t := policyOf(p)
			t.WhatIf = &web.WhatIf{TTL: time.Minute, Since: p.Now.Add(-10 * time.Minute)}
			return t
		}),
		policy("-saved", "one that was just saved", func(p web.Page) web.PolicyTab {
			t := policyOf(p)
			t.Saved = true
			return t
		}),
		policy("-errors", "one that cannot be", wrongPolicy),
		record("", "how messages ended", recordOf),
		record("-numbers", "the chart's numbers", recordOf, "click #ends-numbers summary"),
		record("-narrowed", "the ends for one reason", func(p web.Page) web.Record {
			r := recordOf(p)
			r.Reason, r.Ledger, r.Next = web.Undelivered, ledger(p, web.Undelivered, 30), ""
			return r
		}),
		record("-all", "every reason there is", everyReason),
		record("-empty", "a topic of which nothing has ended", func(p web.Page) web.Record {
			return web.Record{Page: p, Topic: unheard, Published: 3, Retained: 3, Ended: map[web.Reason]uint64{}}
		}),
	}
}

var (
	eu      = web.Topic{Name: "orders.eu", Known: true, Subscriptions: 4, Policy: web.Policy{Min: 5 * time.Second, Default: time.Minute, Max: time.Hour}}
	unheard = web.Topic{Name: "orders.eu", Known: true}
)

func subscribersOf(p web.Page) web.Subscribers {
	return web.Subscribers{Page: p, Topic: eu, Total: 4, Rows: []web.Subscriber{
		{
			Client: "archive grpc-go/1.85.0", Peer: "10.2.0.17:51432", Patterns: []string{"orders.>"}, Since: p.Now.Add(-26 * time.Hour),
			Position: 1120, Lag: 81, LifeLeft: &web.LifeLeft{Median: 84, Worst: 7, WorstLeft: 420 * time.Millisecond},
		},
		{
			Client: "billing grpc-java-netty/1.70.0", Peer: "10.2.0.4:40112", Patterns: []string{"orders.eu", "orders.*.paid"},
			Since: p.Now.Add(-3 * time.Hour), Position: 1199, Lag: 2, LifeLeft: &web.LifeLeft{Median: 720, Worst: 310, WorstLeft: 18600 * time.Millisecond},
		},
		{
			Client: Hostile[0], Peer: "[2001:db8::17]:51432", Patterns: []string{"orders.eu"}, Since: p.Now.Add(-4 * time.Minute),
			Position: 1201, LifeLeft: &web.LifeLeft{Median: 999, Worst: 980, WorstLeft: 58800 * time.Millisecond},
		},
		{Peer: "127.0.0.1:51990", Patterns: []string{">"}, Since: p.Now.Add(-2 * time.Second), Position: 1201},
	}}
}

func manySubscribers(p web.Page) web.Subscribers {
	s := web.Subscribers{Page: p, Topic: eu, Total: 1204}
	s.Topic.Subscriptions = s.Total
	for i := range 100 {
		s.Rows = append(s.Rows, web.Subscriber{
			Client: fmt.Sprintf("worker-%03d", i), Peer: fmt.Sprintf("10.2.%d.%d:50000", i/16, i%16), Patterns: []string{"orders.>"},
			Since: p.Now.Add(-time.Duration(i) * time.Hour), Position: 1201 - uint64(100-i), Lag: uint64(100 - i),
			LifeLeft: &web.LifeLeft{Median: 10 * i, Worst: 5 * i, WorstLeft: time.Duration(i) * 300 * time.Millisecond},
		})
	}
	return s
}

func policyOf(p web.Page) web.PolicyTab {
	return web.PolicyTab{
		Page: p, Topic: eu, Form: web.PolicyForm{Default: "1 min", Min: "5 s", Max: "1 h", MaxMessages: "10,000", AtLimit: web.LimitEvictOldest},
		WhatIf: &web.WhatIf{
			TTL: time.Minute, Since: p.Now.Add(-10 * time.Minute), Published: 6120, PublishedBytes: 812_000, Most: 702, MostBytes: 93_100,
			Judged: 5400, Delivered: 5391,
		},
	}
}

func beyondPolicy(p web.Page) web.PolicyTab {
	t := policyOf(p)
	t.Form.Default, t.Form.MaxMessages = "10 min", "5,000"
	t.WhatIf.TTL, t.WhatIf.Most, t.WhatIf.MostBytes, t.WhatIf.AtLeast = 10*time.Minute, 6120, 812_000, true
	t.WhatIf.Judged, t.WhatIf.Delivered = 1200, 1130
	return t
}

func growingPolicy(p web.Page) web.PolicyTab {
	t := policyOf(p)
	t.Form.Default = "1 h"
	t.WhatIf.TTL, t.WhatIf.Most, t.WhatIf.MostBytes, t.WhatIf.Growing, t.WhatIf.Judged = time.Hour, 6120, 812_000, true, 0
	return t
}

func wrongPolicy(p web.Page) web.PolicyTab {
	t := policyOf(p)
	t.WhatIf = nil
	t.Form = web.PolicyForm{Default: "soon", Min: "2 h", Max: "1 h", MaxMessages: "many", MaxBytes: "64 MiB", AtLimit: web.LimitReject, Errors: []web.FieldError{
		{Field: web.PolicyDefault, Text: told(p, "“soon” is no lifetime. Write one such as 90 s, 1.5 h or 7 d.", "无法识别为时长。请写 90 秒、1.5 小时或 7 天。")},
		{Field: web.PolicyMin, Text: told(p, "2 h is above the greatest lifetime, 1 h.", "2 小时超过了最长保留时间 1 小时。")},
		{Field: web.PolicyMaxMessages, Text: told(p, "“many” is no number of messages. Write one such as 10,000, or leave it empty for no limit.", "无法识别为条数。请写 10,000 这样的数，留空表示不限。")},
		{Text: told(p, "The policy was not saved.", "策略没有保存。")},
	}}
	return t
}

func recordOf(p web.Page) web.Record {
	r := web.Record{
		Page: p, Topic: eu, Published: 9412, Retained: 41, Ledger: ledger(p, "", 40), Next: web.TabPath(eu.Name, web.TabRecord) + "?page=x#ledger",
		Ended: map[web.Reason]uint64{web.Delivered: 9302, web.Undelivered: 55, web.WasEvicted: 14},
	}
	newest := p.Now.Truncate(time.Minute)
	for ago := 54; ago >= 0; ago-- {
		if ago%9 == 4 {
			continue // nothing ended then
		}
		ended := map[web.Reason]uint64{web.Delivered: uint64(40 + ago*37%90)}
		if ago%7 == 0 {
			ended[web.Undelivered] = uint64(5 + ago%11)
		}
		if ago > 20 && ago < 24 {
			ended[web.WasEvicted] = 14 / 2
		}
		r.Columns = append(r.Columns, web.RecordColumn{Start: newest.Add(-time.Duration(ago) * time.Minute), Ended: ended})
	}
	return r
}

// everyReason has millions of ends of every kind.
func everyReason(p web.Page) web.Record {
	r := recordOf(p)
	r.Published, r.Retained, r.Passing = 123_456_789, 1_234_567, 12
	r.Ended = map[web.Reason]uint64{
		web.Delivered: 110_000_000, web.Undelivered: 10_222_210, web.WasEvicted: 1_000_000, web.WasDeleted: 900_000, web.Unknown: 90_000, web.WasLost: 10_000,
	}
	for i := range r.Columns {
		for n, reason := range web.Reasons {
			r.Columns[i].Ended[reason] += uint64(10 * (n + i%5))
		}
	}
	return r
}

// ledger are so many entries, for one reason or for those that are usual.
func ledger(p web.Page, reason web.Reason, n int) (entries []web.LedgerEntry) {
	usual := []web.Reason{web.Delivered, web.Delivered, web.Undelivered, web.Delivered, web.WasEvicted, web.WasDeleted, web.Unknown}
	last := uint64(9371)
	for i := range n {
		e := web.LedgerEntry{Last: last, First: last - uint64(i*i%9), Reason: reason, At: p.Now.Add(-time.Duration(i*80+3) * time.Second)}
		if reason == "" {
			e.Reason = usual[i%len(usual)]
		}
		if e.Reason == web.Delivered {
			e.Deliveries = 1 + i%4
		}
		e.Published = e.At.Add(-time.Duration(1+i%5) * 61234 * time.Millisecond)
		if i%13 == 6 {
			e.Published = time.Time{} // a restart forgot it
		}
		last = e.First - 1
		entries = append(entries, e)
	}
	return entries
}
