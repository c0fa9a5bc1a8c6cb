package server

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"linger/broker"
	"linger/web"
)

// The tabs of a topic beside its messages.

const (
	pageSubscribers = 200
	pageLedger      = 100
)

// part shows a tab of a topic, or, by its number, a message: numbers are no words, so the two do not meet.
func (p *pages) part(w http.ResponseWriter, r *http.Request) {
	switch web.Tab(r.PathValue("part")) {
	case web.TabSubscribers:
		p.subscribers(w, r)
	case web.TabPolicy:
		p.policy(w, r)
	case web.TabRecord:
		p.record(w, r)
	default:
		p.message(w, r)
	}
}

// setPart takes the forms of these pages.
func (p *pages) setPart(w http.ResponseWriter, r *http.Request) {
	if web.Tab(r.PathValue("part")) == web.TabPolicy {
		p.setPolicy(w, r)
		return
	}
	p.notAllowed(http.MethodGet, http.MethodHead)(w, r)
}

// topicAt shows the topic that an address names.
func (p *pages) topicAt(r *http.Request) (broker.TopicInfo, web.Topic, error) {
	t, err := p.broker.Topic(r.PathValue("name"))
	if err != nil {
		return t, web.Topic{}, err
	}
	return t, knownTopic(t), nil
}

// knownTopic shows a topic that exists.
func knownTopic(t broker.TopicInfo) web.Topic {
	return web.Topic{
		Name: t.Name, Known: true, Policy: policyView(t.Policy), Subscriptions: t.Subscriptions,
		Room: web.Room{
			Messages: t.Counts.Retained, MaxMessages: uint64(max(0, t.Policy.MaxMessages)), // unlimited is negative
			Bytes: t.Counts.RetainedBytes, MaxBytes: uint64(max(0, t.Policy.MaxBytes)),
		},
	}
}

func (p *pages) subscribers(w http.ResponseWriter, r *http.Request) {
	_, topic, err := p.topicAt(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	readers, total, err := p.broker.TopicReaders(topic.Name, pageSubscribers)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v := web.Subscribers{Page: p.page(r), Topic: topic, Total: total}
	v.Command = p.command(r)
	for i := range readers {
		v.Rows = append(v.Rows, subscriberView(&readers[i]))
	}
	p.render(w, r, http.StatusOK, web.SubscribersPage(v))
}

func subscriberView(r *broker.TopicReader) web.Subscriber {
	v := web.Subscriber{
		Client: r.Client, Peer: r.Peer, Patterns: r.Patterns, Since: timeOf(r.Since), Position: r.Position, Lag: r.Lag,
	}
	if l := r.LifeLeft; l.Messages > 0 {
		v.LifeLeft = &web.LifeLeft{Median: l.Median, Worst: l.Worst, WorstLeft: l.WorstLeft}
	}
	return v
}

var reasonViews = map[broker.EndReason]web.Reason{
	broker.ExpiredDelivered:   web.Delivered,
	broker.ExpiredUndelivered: web.Undelivered,
	broker.ExpiredUnknown:     web.Unknown,
	broker.Evicted:            web.WasEvicted,
	broker.Deleted:            web.WasDeleted,
	broker.Lost:               web.WasLost,
}

func endedViews(e broker.Ends) map[web.Reason]uint64 {
	return map[web.Reason]uint64{
		web.Delivered: e.ExpiredDelivered, web.Undelivered: e.ExpiredUndelivered, web.Unknown: e.ExpiredUnknown,
		web.WasEvicted: e.Evicted, web.WasDeleted: e.Deleted, web.WasLost: e.Lost,
	}
}

// record shows how a topic's messages ended; ?reason= narrows the ledger, ?before= is its next page.
func (p *pages) record(w http.ResponseWriter, r *http.Request) {
	_, topic, err := p.topicAt(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	rec, err := p.broker.Record(topic.Name)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	c := rec.Topic.Counts
	v := web.Record{
		Page: p.page(r), Topic: topic, Published: c.Published, Retained: c.Retained, Passing: c.Passing, Ended: endedViews(c.Ended),
	}
	for _, m := range rec.Minutes {
		v.Columns = append(v.Columns, web.RecordColumn{Start: timeOf(m.Start), Ended: endedViews(m.Ended)})
	}
	if err := p.ledger(r, &v); err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, web.RecordPage(v))
}

// ledger fills in the page of ends that the address asks for. What it does not understand it takes as not said.
func (p *pages) ledger(r *http.Request, v *web.Record) error {
	q := r.URL.Query()
	o := broker.LedgerOptions{Limit: pageLedger}
	if reason := web.Reason(q.Get("reason")); slices.Contains(web.Reasons, reason) {
		v.Reason = reason
		for known, view := range reasonViews {
			if view == reason {
				o.Reasons = append(o.Reasons, known)
			}
		}
	}
	if before, err := strconv.ParseUint(q.Get("before"), 10, 64); err == nil {
		o.Before = before
	}
	page, more, err := p.broker.Ledger(v.Topic.Name, o)
	if err != nil {
		return err
	}
	for _, e := range page {
		v.Ledger = append(v.Ledger, web.LedgerEntry{
			First: e.First, Last: e.Last, Reason: reasonViews[e.Reason], Published: timeOf(e.PublishTime), At: timeOf(e.EndTime),
			Deliveries: int(e.Deliveries),
		})
	}
	if more {
		next := url.Values{"before": {strconv.FormatUint(page[len(page)-1].First, 10)}}
		if v.Reason != "" {
			next.Set("reason", string(v.Reason))
		}
		v.Next = web.TabPath(v.Topic.Name, web.TabRecord) + "?" + next.Encode() + "#ledger"
	}
	return nil
}
