package gallery

import (
	"bytes"
	"strings"
	"time"

	"github.com/a-h/templ"

	"linger/web"
)

// messageStates are pages of one message.
func messageStates() []State {
	return []State{
		{Name: "message", Shows: "a message alive", page: func(p web.Page) templ.Component { return web.MessagePage(alive(p)) }},
		{
			Name: "message-until", Shows: "one that is to live until a time of one's own", acts: []string{"click #card .until"}, until: `#longer:popover-open`,
			page: func(p web.Page) templ.Component { return web.MessagePage(alive(p)) },
		},
		{Name: "message-json", Shows: "a message of several lines", page: func(p web.Page) templ.Component {
			return web.MessagePage(payload(p, []byte("{\n  \"order\": 8812,\n  \"total\": \"41.20\",\n  \"note\": \"你好 🟢\"\n}\n")))
		}},
		{Name: "message-binary", Shows: "a message that is no text", page: func(p web.Page) templ.Component { return web.MessagePage(payload(p, binary(2112))) }},
		{Name: "message-empty", Shows: "a message without data", page: func(p web.Page) templ.Component { return web.MessagePage(payload(p, nil)) }},
		{Name: "message-hostile", Shows: "a message that wants to be more than text", page: func(p web.Page) templ.Component { return web.MessagePage(hostileDetail(p)) }},
		{Name: "message-large", Shows: "a message of 1 MiB", page: func(p web.Page) templ.Component {
			return web.MessagePage(payload(p, bytes.Repeat([]byte("0123456789abcdef"), 1<<16)))
		}},
		{Name: "message-large-binary", Shows: "1 MiB that is no text", page: func(p web.Page) templ.Component { return web.MessagePage(payload(p, binary(1<<20))) }},
		{Name: "message-gone", Shows: "a message that ended", page: func(p web.Page) templ.Component { return web.MessagePage(gone(p, web.EndExpired, 3)) }},
		{Name: "message-undelivered", Shows: "one that nobody got", page: func(p web.Page) templ.Component { return web.MessagePage(gone(p, web.EndExpired, 0)) }},
		{Name: "message-unknown-delivery", Shows: "one that a restart made uncertain", page: func(p web.Page) templ.Component { return web.MessagePage(gone(p, web.EndExpiredUnknown, 0)) }},
		{Name: "message-evicted", Shows: "one that was evicted", page: func(p web.Page) templ.Component { return web.MessagePage(gone(p, web.EndEvicted, 1)) }},
		{Name: "message-deleted", Shows: "one that was deleted", page: func(p web.Page) templ.Component { return web.MessagePage(gone(p, web.EndDeleted, 1)) }},
		{Name: "message-lost", Shows: "one that a crash lost", page: func(p web.Page) templ.Component { return web.MessagePage(gone(p, web.EndLost, 0)) }},
		{Name: "message-forgotten", Shows: "one that nobody remembers", page: func(p web.Page) templ.Component {
			return web.MessagePage(web.Detail{Page: p, Topic: "hello", Sequence: 42, End: &web.End{Sequence: 42}, Last: 90})
		}},
		{Name: "message-never", Shows: "one that never was", page: func(p web.Page) templ.Component {
			return web.MessagePage(web.Detail{Page: p, Topic: "hello", Sequence: 42, Last: 17})
		}},
	}
}

// panelStates are a message beside the list that it was opened from.
func panelStates() []State {
	panel := func(name, shows string, detail func(web.Page) web.Detail) State {
		return State{
			Name: "panel" + name, Shows: shows + ", beside its list", now: aFew, detail: detail,
			acts: []string{"click #retained li:nth-child(9) a.seq"}, until: `#panel:not([hidden]) h1`,
		}
	}
	ended := func(name, shows string, reason web.EndReason, deliveries int) State {
		return panel(name, shows, func(p web.Page) web.Detail { return gone(p, reason, deliveries) })
	}
	return []State{
		panel("", "a message alive", alive),
		panel("-dying", "a message that goes within the minute", dying),
		panel("-hostile", "a message that wants to be more than text", hostileDetail),
		ended("-gone", "a message that was delivered, and expired", web.EndExpired, 3),
		ended("-undelivered", "one that nobody got", web.EndExpired, 0),
		ended("-unknown-delivery", "one that a restart made uncertain", web.EndExpiredUnknown, 0),
		ended("-evicted", "one that was evicted", web.EndEvicted, 1),
		ended("-deleted", "one that was deleted", web.EndDeleted, 1),
		ended("-lost", "one that a crash lost", web.EndLost, 0),
		ended("-forgotten", "one that nobody remembers", web.EndForgotten, 0),
		panel("-never", "one that is yet to come", func(p web.Page) web.Detail {
			return web.Detail{Page: p, Topic: "hello", Sequence: 42, Last: 17}
		}),
	}
}

func alive(p web.Page) web.Detail {
	m := message(p, "orders.eu", 1182, `{"order":8812,"total":"41.20"}`, time.Hour, 35*time.Minute)
	m.Granted, m.Deliveries, m.Key = 30*time.Minute, 2, "customer-17"
	m.Attributes = []web.Attribute{{Key: "content-type", Value: "application/json"}, {Key: "trace", Value: "4bf92f3577b34da6a3ce929d0e0e4736"}}
	m.MaxExpires = m.Published.Add(7 * 24 * time.Hour)
	return web.Detail{Page: p, Topic: m.Topic, Sequence: m.Sequence, Message: &m, Last: 1200, Notice: told(p, "#1182 now goes half an hour later.", "#1182 的到期时间推迟了半小时。")}
}

func payload(p web.Page, data []byte) web.Detail {
	m := message(p, "orders.eu", 7, "", time.Minute, 4*time.Second)
	m.Data = data
	return web.Detail{Page: p, Topic: m.Topic, Sequence: m.Sequence, Message: &m, Last: 7}
}

func hostileDetail(p web.Page) web.Detail {
	d := payload(p, []byte(strings.Join(Hostile, "\n")))
	for _, h := range Hostile {
		d.Message.Attributes = append(d.Message.Attributes, web.Attribute{Key: h, Value: h})
	}
	d.Message.Key = Hostile[0]
	return d
}

func gone(p web.Page, reason web.EndReason, deliveries int) web.Detail {
	at := p.Now.Add(-20 * time.Minute)
	return web.Detail{Page: p, Topic: "hello", Sequence: 42, Last: 90, End: &web.End{
		Sequence: 42, Reason: reason, Published: at.Add(-10 * time.Minute), At: at, Deliveries: deliveries,
	}}
}

// dying has had nearly all of its time.
func dying(p web.Page) web.Detail {
	m := message(p, "orders.eu", 1182, `{"order":8812,"total":"41.20"}`, 20*time.Minute, 58*time.Second)
	return web.Detail{Page: p, Topic: m.Topic, Sequence: m.Sequence, Message: &m, Last: 1200}
}
