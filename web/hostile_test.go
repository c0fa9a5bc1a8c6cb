package web_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"linger/web"
)

// hostile are texts that would do something if they were taken for more than text.
var hostile = []string{
	"<script>alert(1)</script>",
	"<img src=x onerror=alert(1)>",
	`"><svg onload=alert(1)>`,
	`' onfocus='alert(1)' autofocus x='`,
	"</textarea></template></title></style></pre><script>alert(1)</script>",
	"<!--", "-->", "<![CDATA[", "<base href=//evil.example>", "<plaintext>",
	"javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
	"&lt;script&gt;", "&#60;script&#62;", "&amp",
	"\u202egnp.exe", "\u2066\u2067\u2069", "a\u200bb", "\ufeff", "\u00ad",
	"\x00\x01\x02\x1b[2J", "\x7f\u0085\u2028\u2029", "line\r\nline\ttab",
	"\xff\xfe not UTF-8", strings.Repeat("x", 1<<16), strings.Repeat("<b>", 5000), strings.Repeat("\u0301", 2000),
}

// Whatever is published, the pages have the same elements and attributes as for a plain word, and show no character that
// hides or turns others round.
func TestHostileTextIsInert(t *testing.T) {
	for name, make := range map[string]func(string) *html.Node{
		"now":     func(s string) *html.Node { return render(t, web.NowPage(hostileNow(s))) },
		"topic":   func(s string) *html.Node { return render(t, web.NowPage(hostileTopic(s))) },
		"message": func(s string) *html.Node { return render(t, web.MessagePage(hostileMessage(s))) },
		"ended": func(s string) *html.Node {
			return render(t, web.MessagePage(web.Detail{Page: page, Topic: s, Sequence: 1, Last: 0, Notice: s}))
		},
		"topics": func(s string) *html.Node {
			return render(t, web.TopicsPage(web.Topics{Page: page, Rows: []web.TopicRow{{Name: s}}}))
		},
		"subscribers": func(s string) *html.Node {
			return render(t, web.SubscribersPage(web.Subscribers{
				Page: page, Topic: web.Topic{Name: s, Known: true}, Total: 1,
				Rows: []web.Subscriber{{Client: s, Peer: s, Patterns: []string{s}, Since: now, LifeLeft: &web.LifeLeft{}}},
			}))
		},
		"policy": func(s string) *html.Node {
			return render(t, web.PolicyPage(web.PolicyTab{
				Page: page, Topic: web.Topic{Name: s, Known: true}, WhatIf: &web.WhatIf{Published: 1, Since: now},
				Form: web.PolicyForm{
					Default: s, Min: s, Max: s, MaxMessages: "1 " + s, MaxBytes: "1 " + s, AtLimit: s,
					Errors: []web.FieldError{{Field: web.PolicyMax, Text: s}, {Text: s}},
				},
			}))
		},
		"record": func(s string) *html.Node {
			return render(t, web.RecordPage(web.Record{
				Page: page, Topic: web.Topic{Name: s, Known: true}, Ended: map[web.Reason]uint64{web.Delivered: 1},
				Columns: []web.RecordColumn{{Start: now, Ended: map[web.Reason]uint64{web.Delivered: 1}}},
				Ledger:  []web.LedgerEntry{{First: 1, Last: 2, Reason: web.Delivered, At: now}},
			}))
		},
		"help": func(s string) *html.Node {
			p := page
			p.Command = s + " {}"
			return render(t, web.HelpPage(web.Help{Page: p, Host: s}))
		},
		"error": func(s string) *html.Node {
			return render(t, web.ErrorPage(web.Failure{Page: page, What: s, Field: s, Do: s, ID: s}))
		},
	} {
		plain := outline(make("plain"))
		for _, s := range hostile {
			doc := make(s)
			if got := outline(doc); got != plain {
				t.Errorf("%s: %.40q changes the page's elements", name, s)
			}
			visible := rawText(doc)
			for _, area := range byTag(doc, "textarea") {
				visible = strings.ReplaceAll(visible, rawText(area), "") // a field holds what was typed
			}
			if i := strings.IndexAny(visible, "\u202e\u2066\u2067\u2069\u200b\ufeff\u00ad\x1b\x7f\u0085\u2028\u2029"); i >= 0 {
				t.Errorf("%s: %.40q is shown with a hidden character: %.40q", name, s, visible[i:])
			}
			for _, n := range all(doc, func(n *html.Node) bool { return has(n, "href") || has(n, "action") || has(n, "src") }) {
				for _, key := range []string{"href", "action", "src"} {
					if v := attr(n, key); v != "" && !strings.HasPrefix(v, "/") && v != "#main" {
						t.Errorf("%s: %.40q makes a link to %.40q", name, s, v)
					}
				}
			}
		}
	}
}

// outline is a page without its texts and the values of its attributes. A dump and a text are different by design.
func outline(doc *html.Node) string {
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data == "pre" || n.Parent != nil && n.Parent.Data == "main" && n.Data == "p" {
			continue
		}
		b.WriteString("<" + n.Data)
		for _, a := range n.Attr {
			b.WriteString(" " + a.Key)
		}
		b.WriteString(">")
	}
	return b.String()
}

func hostileText(s string) web.Message {
	return web.Message{
		Topic: s, Sequence: 1, Published: now, Expires: now.Add(time.Minute), Key: s, Data: []byte(s),
		Attributes: []web.Attribute{{Key: s, Value: s}},
	}
}

func hostileNow(s string) web.Now {
	m := hostileText(s)
	return web.Now{
		Page: page, Pattern: s, Retained: []web.Message{m}, Live: []web.Message{m}, Chips: []web.Chip{{Topic: s}}, Notice: s,
		Form: web.Form{
			Topic: s, Message: s, TTL: s, Suggestions: []string{s}, Attributes: []web.Attribute{{Key: s, Value: s}},
			Errors: []web.FieldError{{Field: web.FieldTTL, Text: s}, {Field: web.FieldAttrKey, Text: s}},
			Result: &web.Result{Topic: s, Sequence: 1, Published: now, Expires: now.Add(time.Minute), Reason: s, Durability: s},
		},
	}
}

func hostileTopic(s string) web.Now {
	n := hostileNow(s)
	n.Topic = &web.Topic{Name: s, Known: true}
	n.LastEnded = &web.End{Sequence: 3, At: now}
	return n
}

func hostileMessage(s string) web.Detail {
	m := hostileText(s)
	return web.Detail{Page: page, Topic: s, Sequence: 1, Message: &m, Notice: s}
}

func TestWholePayloadIsShown(t *testing.T) {
	for _, data := range []string{"one\ntwo\n", "\n\nfirst lines are empty", strings.Repeat("0123456789abcdef", 1<<16), "tab\tand  spaces "} {
		m := hostileText("hello")
		m.Data = []byte(data)
		doc := render(t, web.MessagePage(web.Detail{Page: page, Topic: "hello", Sequence: 1, Message: &m}))
		if got := rawText(byClass(doc, "payload")[0]); got != data {
			t.Errorf("%.40q is shown as %.40q", data, got)
		}
	}
}
