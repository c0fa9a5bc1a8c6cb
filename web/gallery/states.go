package gallery

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"google.golang.org/grpc/codes"

	lingerv1 "linger/proto/linger/v1"
	"linger/web"
	"linger/web/texts"
)

// State is one page in one state.
type State struct {
	// Name is the state's, and of its origin.
	Name string
	// Shows says what there is to see.
	Shows string

	at     string                         // the page's address; "": /
	page   func(web.Page) templ.Component // a page without lists
	now    func(web.Page) web.Now         // a page with lists, which the script goes on with
	detail func(web.Page) web.Detail      // the message that a row's number opens; nil: the row's own
	plot   func(*watch) error             // how its watch goes; nil: steadily
	store  *trouble                       // what is wrong with the store; nil: nothing
	limits *lingerv1.TopicPolicy          // what its topic may hold; nil: any number
	answer error                          // what a publish and a change of lifetime are answered; nil: they are done
	early  string                         // a script that runs before the page's own; "": none
	acts   []string                       // what a person does there; see act.js
	mark   string                         // how the connection's mark stands when the state has come; "": live
	until  string                         // a selector of what is there then
}

// Watched says that the state's page has lists, and a watch.
func (s State) Watched() bool { return s.now != nil }

// Come is an expression of JavaScript that is true in the page once it has come to its state.
func (s State) Come() string {
	come := fmt.Sprintf(`(({ hidden, dataset }) => hidden || dataset.state === %q)(document.querySelector("#mark"))`, cmp.Or(s.mark, "live"))
	if s.Watched() {
		come += ` && !!document.querySelector("#main[data-ready]")`
	}
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
	return slices.Concat(nowStates(), linkStates(), actStates(), formStates(), topicStates(), tabStates(), panelStates(), topicsStates(), messageStates(), otherStates())
}

func nowStates() []State {
	return []State{
		{Name: "now", Shows: "41 messages in four topics", now: fortyOne},
		{Name: "fresh", Shows: "a server that never had a message", now: fresh},
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
		{Name: "nearly-full", Shows: "a store that is nearly full", now: aFew, store: &trouble{
			state:   lingerv1.StoreState_STORE_STATE_NEARLY_FULL,
			english: "The store is nearly full: 9.2 GiB of 10.0 GiB. When it is full, publishes are refused until messages expire; --disk allows more.",
			key:     "store.nearlyFull", values: map[string]string{"used": "9200000000", "limit": "10000000000"},
		}},
		{Name: "full", Shows: "a store that is full", now: aFew, store: &trouble{
			state:   lingerv1.StoreState_STORE_STATE_FULL,
			english: "Linger-data has reached its limit: 9536 of 9536 MiB (--disk). What expires makes room; shorter lifetimes make it sooner.",
			key:     "store.full", values: map[string]string{"used": "10000000000", "limit": "10000000000", "free": "52000000000"},
		}},
		{Name: "damaged", Shows: "a store with something damaged in it", now: aFew, store: &trouble{
			state:   lingerv1.StoreState_STORE_STATE_DAMAGED,
			english: "Something stored is damaged and is not served; the rest is. Damaged: commit 1170 of topic orders.eu: checksum mismatch. Stop the server, then run linger verify linger-data --repair, which keeps what can be read.",
			key:     "store.damaged", values: map[string]string{"store": "/消息", "cause": "#1170"},
		}},
		{Name: "read-only", Shows: "a store whose disk has failed", now: aFew, store: &trouble{
			state:   lingerv1.StoreState_STORE_STATE_READ_ONLY,
			english: "The disk of linger-data failed (sync: input/output error): nothing more is taken, reading goes on. Restart the server once the disk is sound.",
			key:     "refused.disk", values: map[string]string{"store": "/消息", "cause": "I/O"},
		}},
	}
}

// linkStates are those of the connection.
func linkStates() []State {
	return []State{
		{Name: "link-connecting", Shows: "before the first frame", now: aFew, plot: silent, mark: "connecting"},
		{Name: "link-stale", Shows: "no frame for more than three seconds", now: aFew, plot: stale, mark: "stale"},
		{Name: "link-reconnecting", Shows: "a connection that was lost", now: aFew, plot: lost, mark: "reconnecting"},
		{Name: "link-recovering", Shows: "a server that came back, and reads its store", now: aFew, plot: recovering, mark: "reconnecting"},
		{Name: "link-stopped", Shows: "a server that was asked to stop", now: aFew, plot: stopped, mark: "stopped"},
		{Name: "link-crowded", Shows: "a tab for which the browser has no connection left", now: aFew, plot: silent, early: "crowd.js", mark: "stopped", until: `#banner:not([hidden])`},
		{Name: "link-back", Shows: "back after a minute without connection", now: aFew, plot: back, until: `#live .notice`},
		{Name: "restarted", Shows: "a server that was started anew", now: aFew, plot: restarted, until: `#live .notice`},
		{Name: "restarted-empty", Shows: "a server that was started anew, and had kept nothing", now: aFew, plot: restartedEmpty, until: `#live .notice`},
		{Name: "high-rate", Shows: "10,021 messages a second", now: aFew, plot: highRate, until: `#live-note:not([hidden])`},
		{Name: "ring-full", Shows: "a log that no longer keeps everything", now: aFew, plot: ringFull, until: `#live-foot:not([hidden])`},
	}
}

// actStates are those that a person brings about in the lists and on the horizon.
func actStates() []State {
	return []State{
		{Name: "paused", Shows: "paused by Space, while messages come", now: aFew, plot: arriving, acts: []string{"key Space"}, until: `#paused:not([hidden])`},
		{Name: "span", Shows: "a span of the horizon", now: aFew, acts: []string{"drag #ahead 0.3 0.6"}, until: `#span-head:not([hidden])`},
		{Name: "span-asked", Shows: "a span that is to be expired, if one is sure", now: aFew, acts: []string{"drag #ahead 0.3 0.6", "wait 300", "click #span-expire"}, until: `#span-yes`},
		{Name: "span-expired", Shows: "a span that was expired at once", now: aFew, acts: []string{"drag #ahead 0.3 0.6", "wait 300", "click #span-expire", "wait 500", "click #span-at-once"}, until: `#span-head:not([hidden]):has(progress[hidden]):has(#span-extend[hidden]):has(#span-yes[hidden])`},
		{Name: "held", Shows: "held by the focus, while messages come and go", now: aFew, plot: arriving, acts: []string{"focus #retained"}, until: `.hold:not([hidden])`},
		{Name: "scrolled", Shows: "somewhere among 100,000 messages", now: many, acts: []string{"scroll #retained 4000"}, until: `.hold:not([hidden])`},
		{Name: "ahead", Shows: "looking ahead on the horizon", now: aFew, acts: []string{"hover #ahead 0.45"}, until: `#ahead-says:not([hidden])`},
		{Name: "bytes", Shows: "the horizon in bytes", now: many, acts: []string{"click #bars-bytes"}},
		{Name: "actions", Shows: "the actions of a row", now: aFew, acts: []string{"focus " + row + " .longer"}},
		{Name: "longer", Shows: "the menu of longer lifetimes", now: aFew, acts: []string{"focus " + row + " .longer", "click " + row + " .longer"}, until: `#longer:popover-open`},
		// A row goes for five seconds: others follow it.
		{Name: "going", Shows: "on their way out, and Undo", now: aFew, acts: []string{"every 2500 " + row + ":not(.going) form.expire button"}, until: `#retained .going`},
		{Name: "extended", Shows: "a message that lives longer than it was to", now: aFew, acts: []string{"click " + row + " form.extend button"}, until: `#retained .extended`},
		refusedChange("extend-refused", "a change of lifetime after somebody else's", codes.FailedPrecondition, "CONFLICT", "expected_expire_time: the deadline of #1190 is 2026-11-22T14:33:02.000Z. Look again, then decide.",
			"sequence", "1190", "expires", "1795357982000"),
		refusedChange("extend-ended", "a change of lifetime of what has ended", codes.FailedPrecondition, "ENDED", "sequence: #1190 of orders.eu has ended: deleted at 2026-11-22 14:33:02.000Z.",
			"topic", "orders.eu", "sequence", "1190", "reason", "END_REASON_DELETED", "deliveries", "2", "end_time", "2026-11-22T14:33:02.000Z"),
		refusedChange("extend-rejected", "a change of lifetime that the topic does not allow", codes.InvalidArgument, "TTL_REJECTED", "expire_time: orders.eu keeps messages 1h0m0s at most; #1190 can be kept until 2026-11-22T14:33:02.000Z.",
			"topic", "orders.eu", "sequence", "1190", "max", "3600000", "latest", "1795357982000"),
		{Name: "filter", Shows: "what fits a filter", at: "/topics/orders.eu", now: topic, acts: []string{"fill #filter temperature"}},
		{Name: "filter-none", Shows: "nothing fits the filter", at: "/topics/orders.eu", now: topic, acts: []string{"fill #filter nothing like it"}, until: `#filter-none:not([hidden])`},
		{Name: "relative", Shows: "times as they are from now", now: aFew, acts: []string{"click button.zone", "click button.zone"}},
		{Name: "demo", Shows: "the demo, at play", now: fresh, acts: []string{"click button.play-demo"}, until: `#retained li:nth-child(3)`},
		{Name: "demo-over", Shows: "the demo, over", now: one, early: "demo-over.js", until: `#demo:not([hidden])`},
	}
}

// refusedChange is a row whose extension is refused.
func refusedChange(name, shows string, code codes.Code, reason, detail string, values ...string) State {
	return State{
		Name: name, Shows: shows, now: aFew, answer: refusal(code, reason, "", detail, values...),
		acts: []string{"click " + row + " form.extend button"}, until: `#form-error:not([hidden])`,
	}
}

// row is one with time enough, for those who do something there.
const row = "#retained li:nth-child(n+12):has(.longer:not([hidden]))"

func topicStates() []State {
	return []State{
		{Name: "topic", Shows: "one topic, with a policy", at: "/topics/orders.eu", now: topic},
		{Name: "topic-nearly-full", Shows: "a topic that nearly reaches its limit", at: "/topics/orders.eu", now: crowd(9_240), limits: atMost(10_000, lingerv1.LimitRule_LIMIT_RULE_REJECT), until: `#nearly:not([hidden])`},
		{Name: "topic-full", Shows: "a topic at its limit, which refuses more", at: "/topics/orders.eu", now: crowd(10_000), limits: atMost(10_000, lingerv1.LimitRule_LIMIT_RULE_REJECT), until: `#room:not([hidden])`},
		{Name: "topic-evicts", Shows: "a topic at its limit, which evicts", at: "/topics/orders.eu", now: crowd(10_000), limits: atMost(10_000, lingerv1.LimitRule_LIMIT_RULE_EVICT_OLDEST), until: `#room:not([hidden])`},
		{Name: "topic-long", Shows: "a topic of the longest name", at: "/topics/orders.eu", now: longTopic},
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

// atMost are the limits of a topic of so many messages.
func atMost(messages uint64, rule lingerv1.LimitRule) *lingerv1.TopicPolicy {
	return &lingerv1.TopicPolicy{MaxMessages: &messages, AtLimit: rule}
}

// topicsStates are the table of topics and the tree.
func topicsStates() []State {
	return []State{
		{Name: "topics", Shows: "the table", page: func(p web.Page) templ.Component { return web.TopicsPage(topics(p)) }},
		{Name: "topics-tree", Shows: "the tree", page: func(p web.Page) templ.Component { return web.TopicsPage(topicTree(p)) }},
		{Name: "topics-none", Shows: "the table, empty", page: func(p web.Page) templ.Component { return web.TopicsPage(web.Topics{Page: p}) }},
	}
}

// otherStates are the pages that are about the server, and those in place of one.
func otherStates() []State {
	return []State{
		{Name: "help-keys-off", Shows: "the keys of one letter, off", at: "/help", acts: []string{"click #single-keys"}, until: `#single-keys:not(:checked)`, page: func(p web.Page) templ.Component {
			return web.HelpPage(web.Help{Page: p, Host: "localhost:8080"})
		}},
		{Name: "help", Shows: "keys, words and commands", at: "/help", page: func(p web.Page) templ.Component {
			return web.HelpPage(web.Help{Page: p, Host: "localhost:8080"})
		}},
		{Name: "server", Shows: "how the server is", at: "/server", page: func(p web.Page) templ.Component { return web.ServerPage(server(p)) }},
		{Name: "server-full", Shows: "a server whose memory is nearly full", at: "/server", page: func(p web.Page) templ.Component {
			s := server(p)
			s.Memory.Messages, s.Memory.Readers, s.WorstLag = 497*mib, 14*mib, 1_912_480
			return web.ServerPage(s)
		}},
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

// trouble is what is wrong with a store: in the words of a server, which are English, and as pages in other languages put it.
type trouble struct {
	state   lingerv1.StoreState
	english string
	key     string // of the sentence in the catalogue
	values  map[string]string
}

// page is the store as a page tells of it.
func (t *trouble) page(l texts.Language) web.Store {
	if t == nil {
		return web.Store{}
	}
	store := web.Store{Problem: t.english, Severe: t.state > lingerv1.StoreState_STORE_STATE_NEARLY_FULL}
	if l != texts.English {
		var values []any
		for name, value := range t.values {
			if n, err := strconv.ParseUint(value, 10, 64); err == nil {
				value = web.Bytes(n)
			}
			values = append(values, name, value)
		}
		store.Problem = l.Text(t.key, values...)
	}
	return store
}
