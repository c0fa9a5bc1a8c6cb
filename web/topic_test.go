package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"linger/web"
)

func record() web.Record {
	return web.Record{
		Page: page, Topic: web.Topic{Name: "orders", Known: true}, Published: 9412, Retained: 41,
		Ended: map[web.Reason]uint64{web.Delivered: 9302, web.Undelivered: 55, web.WasEvicted: 14},
		Columns: []web.RecordColumn{
			{Start: now.Truncate(time.Minute).Add(-59 * time.Minute), Ended: map[web.Reason]uint64{web.Delivered: 50}},
			{Start: now.Truncate(time.Minute), Ended: map[web.Reason]uint64{web.Delivered: 75, web.Undelivered: 25}},
			{Start: now.Add(-2 * time.Hour), Ended: map[web.Reason]uint64{web.Delivered: 1}}, // not in the chart any more
		},
	}
}

// A topic says how full it is from nine tenths of either limit, and what it keeps, on each of its tabs.
func TestTabsTellOfTheTopic(t *testing.T) {
	for want, room := range map[string]web.Room{
		"": {Messages: 8999, MaxMessages: 10_000, Bytes: 1 << 50}, " 90 % of 10,000 messages": {Messages: 9000, MaxMessages: 10_000},
		" 99 % of 100 B": {Messages: 9000, MaxMessages: 10_000, Bytes: 99, MaxBytes: 100},
	} {
		topic := web.Topic{Name: "orders", Known: true, Subscriptions: 2, Room: room}
		for name, tab := range map[string]templ.Component{
			"subscribers": web.SubscribersPage(web.Subscribers{Page: page, Topic: topic}),
			"policy":      web.PolicyPage(web.PolicyTab{Page: page, Topic: topic}),
			"record":      web.RecordPage(web.Record{Page: page, Topic: topic}),
		} {
			if got := text(byID(t, render(t, tab), "topic-line")); got != "keeps 10 min, up to 7 d · 2 subscribers"+want {
				t.Errorf("%s: %q, want %q behind what it keeps", name, got, want)
			}
		}
	}
}

// The equation has a term for each reason, those that are seldom only where there is something to tell, and each leads to
// what it counts.
func TestEquation(t *testing.T) {
	r := record()
	equation := func() string {
		return strings.Join(strings.Fields(rawText(byClass(render(t, web.RecordPage(r)), "equation")[0])), " ")
	}
	if got, want := equation(), "9,412 published = 41 retained + 9,302 delivered + 55 undelivered + 14 evicted + 0 deleted"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.Passing, r.Ended[web.Unknown], r.Ended[web.WasLost] = 2, 3, 4
	if got, want := equation(), "+ 0 deleted + 3 unknown + 4 lost"; !strings.Contains(got, "+ 2 passing") || !strings.HasSuffix(got, want) {
		t.Errorf("%q", got)
	}
	terms := byClass(render(t, web.RecordPage(r)), "term")
	for _, term := range terms {
		if attr(term, "href") == "" {
			t.Errorf("%q leads nowhere", rawText(term))
		}
	}
	place, found := strings.CutPrefix(attr(terms[2], "href"), "/help#") // what passes has no ledger
	told := all(render(t, web.HelpPage(web.Help{Page: page})), func(n *html.Node) bool { return found && attr(n, "id") == place })
	if len(told) != 1 || text(told[0]) != "passing" {
		t.Errorf("%q leads to %d words of Help", rawText(terms[2]), len(told))
	}
	r.Reason = web.Undelivered
	for _, a := range byTag(byClass(render(t, web.RecordPage(r)), "equation")[0], "a") {
		if strings.Contains(rawText(a), "undelivered") != (attr(a, "aria-current") == "true") {
			t.Errorf("%q is marked %q", rawText(a), attr(a, "aria-current"))
		}
	}
}

// The chart has a column a minute, the newest at its right, the tallest as high as the chart, its parts on top of each other.
func TestEndsChart(t *testing.T) {
	chart := byClass(render(t, web.RecordPage(record())), "ends-chart")[0]
	var got []string
	for _, rect := range byTag(chart, "rect") {
		got = append(got, strings.Join([]string{attr(rect, "class"), attr(rect, "x"), attr(rect, "y"), attr(rect, "height")}, " "))
	}
	want := []string{"end-delivered 0 50.00 50.00", "end-delivered 59 25.00 75.00", "end-undelivered 59 0.00 25.00"}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("%q, want %q", got, want)
	}
}

// A subscriber whose messages arrive shortly before their end is amber.
func TestSubscribersLifeLeft(t *testing.T) {
	doc := render(t, web.SubscribersPage(web.Subscribers{
		Page: page, Topic: web.Topic{Name: "orders", Known: true}, Total: 3, Rows: []web.Subscriber{
			{Client: "billing grpc-go/1.85.0", Position: 43, LifeLeft: &web.LifeLeft{Median: 990, Worst: 99, WorstLeft: 2970 * time.Millisecond}},
			{},
		},
	}))
	rows := byTag(byTag(doc, "tbody")[0], "tr")
	cells := byTag(rows[0], "td")
	if median := cells[len(cells)-2]; rawText(median) != "99 %" || strings.Contains(attr(median, "class"), "dying") {
		t.Errorf("median %q, %s", rawText(median), attr(median, "class"))
	}
	if worst := cells[len(cells)-1]; rawText(worst) != "9 % · 3 s" || !strings.Contains(attr(worst, "class"), "dying") {
		t.Errorf("worst %q, %s", rawText(worst), attr(worst, "class"))
	}
	if !strings.HasPrefix(rawText(rows[0]), "billing ") || !strings.HasPrefix(rawText(rows[1]), "no name") {
		t.Errorf("%q, %q", rawText(rows[0]), rawText(rows[1]))
	}
	if !strings.Contains(rawText(doc), "and 1 that lags less") {
		t.Error("the third is not told of")
	}
}

// The error of a field stands under it, tied to it, and the text stays.
func TestPolicyErrors(t *testing.T) {
	doc := render(t, web.PolicyPage(web.PolicyTab{
		Page: page, Topic: web.Topic{Name: "orders", Known: true},
		Form: web.PolicyForm{Default: "soon", AtLimit: web.LimitReject, Errors: []web.FieldError{{Field: web.PolicyDefault, Text: "no lifetime"}}},
	}))
	field := byID(t, doc, "policy-ttl_default")
	told := byID(t, doc, attr(field, "aria-describedby"))
	if attr(field, "value") != "soon" || attr(field, "aria-invalid") != "true" || rawText(told) != "no lifetime" || has(told, "hidden") {
		t.Errorf("%q, %q", attr(field, "value"), rawText(told))
	}
	if other := byID(t, doc, "policy-ttl_max"); has(other, "aria-invalid") || !has(byID(t, doc, attr(other, "aria-describedby")), "hidden") {
		t.Error("another field is blamed too")
	}
}

func TestWhatIfSays(t *testing.T) {
	for _, c := range []struct {
		what web.WhatIf
		form web.PolicyForm
		want []string
	}{
		{web.WhatIf{}, web.PolicyForm{}, []string{"Nothing was published"}},
		{
			web.WhatIf{Published: 6000, Most: 100, MostBytes: 2000, Judged: 4000, Delivered: 3999},
			web.PolicyForm{},
			[]string{"last 10 min been kept 10 s", "100 messages retained at most, 2.0 kB", "99.97 % delivered before", "6,000 messages were published"},
		},
		{
			web.WhatIf{Published: 6000, Most: 6000, Growing: true, Judged: 10, Delivered: 5, AtLeast: true},
			web.PolicyForm{MaxMessages: "5,000"},
			[]string{"at this rate about 100 after", "6,000 is beyond the limit of 5,000", "at least 50 % delivered"},
		},
		{web.WhatIf{Published: 1, Most: 1}, web.PolicyForm{}, []string{"1 message retained", "not known yet"}},
	} {
		c.what.TTL, c.what.Since = 10*time.Second, now.Add(-10*time.Minute)
		doc := render(t, web.PolicyPage(web.PolicyTab{Page: page, Topic: web.Topic{Name: "t", Known: true}, Form: c.form, WhatIf: &c.what}))
		text := rawText(byID(t, doc, "what-if"))
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%+v: %q does not say %q", c.what, text, want)
			}
		}
	}
}

func TestParseLimits(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "0": 0, "10,000": 10_000, " 1 000 ": 1000, "-1": -1, "1.5": -1, "many": -1, "１２": 12} {
		if n, err := web.ParseCount(text); (err != nil) != (want < 0) || err == nil && n != want {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
	for text, want := range map[string]int64{
		"": 0, "4096": 4096, "64 MiB": 64 << 20, "64m": 64 << 20, "1.5 kB": 1500, "1GB": 1e9, "5 b": 5, "MiB": -1, "-1": -1, "NaN": -1, "1e99": -1, "3 mm": -1,
	} {
		if n, err := web.ParseSize(text); (err != nil) != (want < 0) || err == nil && n != want {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
}
