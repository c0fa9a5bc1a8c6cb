package gallery

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"linger/web"
	"linger/web/texts"
)

// State is one page in one state.
type State struct {
	// Name is the state's, and of its origin.
	Name string
	// Shows says what there is to see.
	Shows string

	at    string                         // the page's address; "": /
	page  func(web.Page) templ.Component // a page without lists
	now   func(web.Page) web.Now         // a page with lists, which the script goes on with
	plot  func(*watch) error             // how its watch goes; nil: steadily
	acts  []string                       // what a person does there; see act.js
	until string                         // a selector of what is there when the state has come
}

// Watched says that the state's page has lists, and a watch.
func (s State) Watched() bool { return s.now != nil }

// Come is an expression of JavaScript that is true in the page once it has come to its state.
func (s State) Come() string {
	if !s.Watched() {
		return "true"
	}
	mark := "live"
	if link, ok := strings.CutPrefix(s.Name, "link-"); ok && link != "back" {
		mark = link
	}
	come := fmt.Sprintf(`!!document.querySelector("#main[data-ready]") && document.querySelector("#mark").dataset.state === %q`, mark)
	if len(s.acts) > 0 {
		come += ` && "acted" in document.documentElement.dataset`
	}
	if s.until != "" {
		come += fmt.Sprintf(` && !!document.querySelector(%q)`, s.until)
	}
	return come
}

// States are all there are.
func States() []State {
	return slices.Concat(nowStates(), scriptStates(), topicStates(), otherStates())
}

func nowStates() []State {
	return []State{
		{Name: "now", Shows: "41 messages in four topics", now: fortyOne},
		{Name: "fresh", Shows: "a server that never had a message", now: func(p web.Page) web.Now { return web.Now{Page: p, Pattern: ">", Fresh: true} }},
		{Name: "one", Shows: "one message, just published", now: one},
		{Name: "empty", Shows: "nothing retained any more", now: func(p web.Page) web.Now {
			return web.Now{Page: p, Pattern: ">", Topics: 3, Totals: web.Totals{Gone: 1163, Undelivered: 14}}
		}},
		{Name: "many", Shows: "100,000 messages in 1,000 topics", now: many},
		{Name: "pattern", Shows: "narrowed to a pattern", at: "/?in=demo.%3E", now: narrowed},
		{Name: "hostile", Shows: "payloads, names and attributes that want to be more than text", now: hostile},
		{Name: "long", Shows: "the longest names and payloads", now: long},
		{Name: "errors", Shows: "a publish that was refused", now: refused},
		{Name: "exposed", Shows: "a server that listens to everybody", now: exposed},
		{Name: "nearly-full", Shows: "a store that is nearly full", now: func(p web.Page) web.Now {
			return ailing(p, told(p, "The store is nearly full: 9.2 GiB of 10.0 GiB. When it is full, publishes are refused until messages expire; --disk allows more.", "存储快满了：10.0 GiB 已用 9.2 GiB。存满后，在消息到期之前会拒绝发布。"), false)
		}},
		{Name: "read-only", Shows: "a store whose disk has failed", now: func(p web.Page) web.Now {
			return ailing(p, told(p, "The disk of linger-data failed (sync: input/output error): nothing more is taken, reading goes on. Restart the server once the disk is sound.", "存储所在的磁盘出错：不再接收消息，仍可读取。磁盘恢复正常后，请重启服务器。"), true)
		}},
	}
}

// scriptStates are those that the script makes of what it is told, or of what a person does.
func scriptStates() []State {
	return []State{
		{Name: "link-connecting", Shows: "before the first frame", now: fortyOne, plot: silent},
		{Name: "link-stale", Shows: "no frame for more than three seconds", now: fortyOne, plot: stale},
		{Name: "link-reconnecting", Shows: "a connection that was lost", now: fortyOne, plot: lost},
		{Name: "link-stopped", Shows: "a server that was asked to stop", now: fortyOne, plot: stopped},
		{Name: "link-back", Shows: "back after a minute without connection", now: fortyOne, plot: back, until: `#live .notice`},
		{Name: "restarted", Shows: "a server that was started anew", now: fortyOne, plot: restarted, until: `#live .notice`},
		{Name: "restarted-empty", Shows: "a server that was started anew, and had kept nothing", now: fortyOne, plot: restartedEmpty, until: `#live .notice`},
		{Name: "high-rate", Shows: "10,021 messages a second", now: fortyOne, plot: highRate, until: `#live-note:not([hidden])`},
		{Name: "ring-full", Shows: "a log that no longer keeps everything", now: fortyOne, plot: ringFull, until: `#live-foot:not([hidden])`},
		{Name: "paused", Shows: "paused by Space, while messages come", now: fortyOne, plot: arriving, acts: []string{"key Space"}, until: `#paused:not([hidden])`},
		{Name: "span", Shows: "a span of the horizon", now: fortyOne, acts: []string{"drag #ahead 0.3 0.6"}, until: `#span-head:not([hidden])`},
		{Name: "held", Shows: "held by the focus, while messages come and go", now: fortyOne, plot: arriving, acts: []string{"focus #retained"}, until: `.hold:not([hidden])`},
		{Name: "slider", Shows: "the slider in use: the hairline through the list", now: fortyOne, acts: []string{"focus #ttl"}, until: `#hairline[data-active]`},
		{Name: "ahead", Shows: "looking ahead on the horizon", now: fortyOne, acts: []string{"hover #ahead 0.45"}, until: `#ahead-says:not([hidden])`},
		{Name: "form-error", Shows: "a publish that the page itself refuses", now: fortyOne, acts: []string{"fill #topic orders", "fill #ttl-text soon", "click #submit"}, until: `#ttl-error:not([hidden])`},
		{Name: "published", Shows: "a publish that was answered", now: fortyOne, acts: []string{"fill #topic orders.eu", "fill #message Hello, Linger", "click #submit"}, until: `#result a`},
	}
}

func topicStates() []State {
	return []State{
		{Name: "topic", Shows: "one topic, with a policy", at: "/topics/orders.eu", now: topic},
		{Name: "topic-unknown", Shows: "a topic that does not exist yet", at: "/topics/orders.new", now: func(p web.Page) web.Now {
			return web.Now{Page: p, Pattern: "orders.new", Topic: &web.Topic{Name: "orders.new"}}
		}},
		{Name: "topic-ended", Shows: "a topic whose messages are gone", at: "/topics/orders", now: func(p web.Page) web.Now {
			return web.Now{
				Page: p, Pattern: "orders", Topic: &web.Topic{Name: "orders", Known: true}, Totals: web.Totals{Gone: 9412, Undelivered: 55},
				LastEnded: &web.End{Sequence: 9412, Reason: web.EndExpired, At: p.Now.Add(-9 * time.Minute)}, Notice: told(p, "#9412 is gone.", "#9412 已消失。"),
			}
		}},
	}
}

func otherStates() []State {
	return []State{
		{Name: "topics", Shows: "the table", page: func(p web.Page) templ.Component { return web.TopicsPage(topics(p)) }},
		{Name: "topics-tree", Shows: "the tree", page: func(p web.Page) templ.Component { return web.TopicsPage(topicTree(p)) }},
		{Name: "topics-none", Shows: "the table, empty", page: func(p web.Page) templ.Component { return web.TopicsPage(web.Topics{Page: p}) }},
		{Name: "message", Shows: "a message alive", page: func(p web.Page) templ.Component { return web.MessagePage(alive(p)) }},
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
		{Name: "help", Shows: "keys, words and commands", at: "/help", page: func(p web.Page) templ.Component {
			return web.HelpPage(web.Help{Page: p, Host: "localhost:8080"})
		}},
		{Name: "server", Shows: "how the server is", at: "/server", page: func(p web.Page) templ.Component { return web.ServerPage(server(p)) }},
		{Name: "server-memory", Shows: "a server that keeps nothing on disk, just started", at: "/server", page: func(p web.Page) templ.Component {
			return web.ServerPage(serverInMemory(p))
		}},
		{Name: "recovering", Shows: "a server that reads its store", page: func(p web.Page) templ.Component {
			return web.RecoveringPage(web.Recovering{Page: p, Percent: 34, Known: true})
		}},
		{Name: "recovering-early", Shows: "one that has just begun to", page: func(p web.Page) templ.Component { return web.RecoveringPage(web.Recovering{Page: p}) }},
		{Name: "error", Shows: "what went wrong", page: func(p web.Page) templ.Component {
			return web.ErrorPage(web.Failure{
				Page: p, Status: 400, What: told(p, "The pattern has an empty part at position 7.", "模式在第 7 个字符处有一段是空的。"), Field: "in",
				Do: told(p, "Write topics as parts joined by single dots, * for one part, > for the rest: orders.*.created.", "主题由若干段组成，段与段之间用一个点连接；* 代表一段，> 代表其余各段。"), ID: "k3f9-0042",
			})
		}},
		{Name: "error-plain", Shows: "no such page", page: func(p web.Page) templ.Component {
			return web.ErrorPage(web.Failure{Page: p, Status: 404, What: told(p, "There is no page at /nothing.", "这里没有页面。")})
		}},
	}
}

// told is a sentence as a server would tell it: in the language of the page.
func told(p web.Page, english, chinese string) string {
	switch p.Language {
	case texts.Chinese:
		return chinese
	case texts.Marked:
		return "⟦" + english + "⟧"
	}
	return english
}

func ailing(p web.Page, problem string, severe bool) web.Now {
	p.Store = web.Store{Problem: problem, Severe: severe}
	return fortyOne(p)
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
