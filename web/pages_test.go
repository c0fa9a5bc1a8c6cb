package web_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"linger/web"
)

var now = time.Date(2026, 11, 22, 14, 32, 7, 0, time.UTC)

var page = web.Page{Now: now}

func hello(sequence uint64, ttl, left time.Duration) web.Message {
	published := now.Add(left - ttl)
	return web.Message{Topic: "hello", Sequence: sequence, Published: published, Expires: published.Add(ttl), Data: []byte("Hello, Linger")}
}

func TestFormHasExactlyTheseNames(t *testing.T) {
	for name, n := range map[string]web.Now{
		"now":   {Page: page, Pattern: ">", Retained: []web.Message{hello(42, time.Minute, 30*time.Second)}},
		"topic": {Page: page, Pattern: "hello", Topic: &web.Topic{Name: "hello", Known: true}},
	} {
		doc := render(t, web.NowPage(n))
		found := map[string]string{}
		for _, control := range all(doc, func(n *html.Node) bool { return slices.Contains([]string{"input", "textarea", "button"}, n.Data) }) {
			if attr(control, "type") == "hidden" {
				continue
			}
			label := accessibleName(doc, control)
			if label == "" {
				t.Errorf("%s: a control without a name: %v", name, control.Attr)
			}
			if slices.Contains([]string{"Topic", "Message", "Time to live", "Publish"}, label) {
				if found[label] != "" {
					t.Errorf("%s: two controls are named %q", name, label)
				}
				found[label] = attr(control, "id")
			}
		}
		want := map[string]string{"Topic": "topic", "Message": "message", "Time to live": "ttl", "Publish": "submit"}
		for label, id := range want {
			if found[label] != id {
				t.Errorf("%s: %q is %q, want %q", name, label, found[label], id)
			}
		}
		for _, list := range []string{"Retained", "Live"} {
			lists := all(doc, func(n *html.Node) bool { return attr(n, "role") == "list" && attr(n, "aria-label") == list })
			if len(lists) != 1 {
				t.Errorf("%s: %d lists are named %q", name, len(lists), list)
			}
		}
	}
}

func TestFormWithoutScript(t *testing.T) {
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Form: web.Form{TTL: "30s"}}))
	form := byID(t, doc, "publish")
	if attr(form, "action") != "/publish" || attr(form, "method") != "post" {
		t.Errorf("the form goes to %s by %s", attr(form, "action"), attr(form, "method"))
	}
	var values []string
	for _, radio := range byName(form, "ttl") {
		values = append(values, attr(radio, "value"))
		if has(radio, "checked") != (attr(radio, "value") == "30s") {
			t.Errorf("%s: checked is %v", attr(radio, "value"), has(radio, "checked"))
		}
		if v := attr(radio, "value"); v != "other" {
			if _, err := web.ParseTTL(v); err != nil {
				t.Errorf("%s: %v", v, err)
			}
		}
	}
	if got := strings.Join(values, " "); got != "0 5s 10s 30s 1min 10min 1h 6h 1d 7d other" {
		t.Errorf("presets are %s", got)
	}
	if slider := byID(t, doc, "ttl"); has(slider, "name") {
		t.Error("the slider would be posted")
	}
}

func TestLifetimeBetweenPresets(t *testing.T) {
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Form: web.Form{TTL: "45"}}))
	slider := byID(t, doc, "ttl")
	if attr(slider, "value") != "14.5000" || attr(slider, "step") != "any" || attr(slider, "aria-valuetext") != "45 seconds" {
		t.Errorf("%v", slider.Attr)
	}
	if !has(byID(t, doc, "ttl-other"), "checked") || attr(byID(t, doc, "ttl-text"), "value") != "45 s" {
		t.Error("the box does not hold the lifetime")
	}
}

func TestEmptyTTLIsTheDefault(t *testing.T) {
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">"}))
	if got := attr(byID(t, doc, "ttl"), "aria-valuetext"); got != "10 minutes" {
		t.Errorf("an empty form offers %q", got)
	}
}

func TestFirstRun(t *testing.T) {
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Fresh: true}))
	if got := attr(byID(t, doc, "topic"), "value") + "|" + text(byID(t, doc, "message")) + "|" + attr(byID(t, doc, "ttl-text"), "value"); got != "hello|Hello, Linger|30 s" {
		t.Errorf("the form holds %q", got)
	}
	if !has(byID(t, doc, "submit"), "autofocus") {
		t.Error("Enter is not enough")
	}
	if got := text(byID(t, doc, "retained-empty")); got != "Nothing retained. Publish something: it stands here until its time is up." {
		t.Error(got)
	}
	if got := text(byID(t, doc, "live-empty")); !strings.HasPrefix(got, "Messages appear here as they are published.") || !strings.Contains(got, "linger sub '>'") {
		t.Error(got)
	}
	later := render(t, web.NowPage(web.Now{Page: page, Pattern: ">"}))
	if has(byID(t, later, "submit"), "autofocus") || attr(byID(t, later, "topic"), "value") != "" {
		t.Error("a server that had messages still teaches")
	}
}

func TestCommandsWorkOnThisServer(t *testing.T) {
	here := web.Page{Now: now, Command: "go run . {} --server localhost:50075"}
	doc := render(t, web.NowPage(web.Now{Page: here, Pattern: "orders.>"}))
	if got, want := text(byID(t, doc, "live-empty")), "go run . sub 'orders.>' --server localhost:50075"; !strings.Contains(got, want) {
		t.Errorf("%q does not offer %q", got, want)
	}
	if got := attr(byID(t, doc, "main"), "data-command"); got != here.Command {
		t.Errorf("the script is given %q", got)
	}
}

func TestErrorPageNamesItsSubject(t *testing.T) {
	for want, f := range map[string]web.Failure{
		"Topic: a space at position 4.|Not done — Linger":              {Page: page, Status: 400, Field: "topic", What: "A space at position 4."},
		"Sequence: \"x\" is not a message's number.|Not done — Linger": {Page: page, Status: 400, Field: "sequence", What: "\"x\" is not a message's number."},
		"There is no page at /help.|Not found — Linger":                {Page: page, Status: 404, What: "There is no page at /help."},
	} {
		doc := render(t, web.ErrorPage(f))
		if got := text(byTag(doc, "h1")[0]) + "|" + text(byTag(doc, "title")[0]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestErrorsStandUnderTheirFields(t *testing.T) {
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Fresh: true, Form: web.Form{
		Topic: "orders eu", Message: "\nkept", TTL: "a while",
		Errors: []web.FieldError{{Field: web.FieldTopic, Text: "a space at position 7."}, {Field: web.FieldTTL, Text: "not a time."}, {Field: "x", Text: "full"}},
	}}))
	for id, want := range map[string]string{
		"topic-error": "Topic: a space at position 7.", "ttl-error": "Time to live: not a time.", "form-error": "full", "message-error": "",
	} {
		n := byID(t, doc, id)
		if text(n) != want || has(n, "hidden") != (want == "") {
			t.Errorf("%s: %q, hidden %v", id, text(n), has(n, "hidden"))
		}
	}
	for id, invalid := range map[string]bool{"topic": true, "ttl-text": true, "message": false} {
		n := byID(t, doc, id)
		if has(n, "aria-invalid") != invalid {
			t.Errorf("%s: aria-invalid is %v", id, !invalid)
		}
		for id := range strings.FieldsSeq(attr(n, "aria-describedby")) {
			byID(t, doc, id)
		}
	}
	if !has(byID(t, doc, "topic"), "autofocus") || has(byID(t, doc, "submit"), "autofocus") {
		t.Error("the focus does not go to the first error")
	}
	if attr(byID(t, doc, "topic"), "value") != "orders eu" || rawText(byID(t, doc, "message")) != "\nkept" || attr(byID(t, doc, "ttl-text"), "value") != "a while" {
		t.Error("what was entered is lost")
	}
}

func TestRetainedRow(t *testing.T) {
	m := hello(42, 30*time.Second, 2500*time.Millisecond)
	m.MaxExpires = m.Expires.Add(12 * time.Second)
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Retained: []web.Message{m}, Totals: web.Totals{Retained: 1}}))
	row := byClass(byID(t, doc, "retained"), "row")[0]
	if got := text(byClass(row, "left")[0]); got != "2.5 s" {
		t.Errorf("time left %q", got)
	}
	if !strings.Contains(attr(row, "class"), "dying") {
		t.Error("2.5 s of 30 is dying")
	}
	if got := attr(byClass(row, "seq")[0], "href"); got != "/topics/hello/42" {
		t.Errorf("link to %s", got)
	}
	// 30 s is stop 13 of 47.
	if got := attr(byClass(row, "had")[0], "width") + " " + attr(byClass(row, "rest")[0], "width"); got != "27.66% 5.319%" {
		t.Errorf("line %s", got)
	}
	for key, want := range map[string]string{
		"data-topic": "hello", "data-seq": "42", "data-published": "1795357899500", "data-expires": "1795357929500",
		"data-granted": "30000", "data-max": "1795357941500", "data-size": "13",
	} {
		if attr(row, key) != want {
			t.Errorf("%s = %q, want %q", key, attr(row, key), want)
		}
	}
	var buttons []string
	for _, b := range byTag(row, "button") {
		buttons = append(buttons, accessibleName(doc, b))
	}
	// Its own 30 s would go beyond what the policy allows.
	if got := strings.Join(buttons, ", "); got != "Extend #42 by 12 seconds, More ways to extend #42, Expire #42, Undo: keep #42" {
		t.Errorf("buttons %s", got)
	}
	form := byClass(row, "extend")[0]
	for name, want := range map[string]string{"topic": "hello", "sequence": "42", "expected": "1795357929500", "expire_time": "1795357941500", "back": "/"} {
		if got := attr(byName(form, name)[0], "value"); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestRowAtItsMaximumOffersNoExtension(t *testing.T) {
	m := hello(42, 30*time.Second, 20*time.Second)
	m.MaxExpires = m.Expires
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Retained: []web.Message{m}}))
	if n := len(byClass(byID(t, doc, "retained"), "extend")); n != 0 {
		t.Errorf("%d offers", n)
	}
}

func TestLiveRowsTellTheirFate(t *testing.T) {
	alive, gone, passed := hello(3, time.Minute, 30*time.Second), hello(2, time.Minute, -5*time.Second), hello(1, 0, 0)
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Live: []web.Message{alive, gone, passed}}))
	var fates []string
	for _, n := range byClass(byID(t, doc, "live"), "fate") {
		fates = append(fates, text(n))
	}
	if got := strings.Join(fates, ", "); got != "kept 1 min, gone 14:32:02, not kept" {
		t.Error(got)
	}
}

func TestResultLine(t *testing.T) {
	for want, r := range map[string]web.Result{
		"#42 kept 30 s, until 14:32:37 · fsynced · received by 2": {Topic: "orders", Sequence: 42, Published: now, Expires: now.Add(30 * time.Second), Durability: "fsynced", ReceivedBy: 2},
		"#42 kept 1 h, not 3 d: orders allows 1 h at most · memory": {
			Topic: "orders", Sequence: 42, Published: now, Expires: now.Add(time.Hour), Reason: "not 3 d: orders allows 1 h at most", Durability: "memory", ReceivedBy: -1,
		},
		"#42 passed on, not kept · memory · received by 0": {Topic: "orders", Sequence: 42, Published: now, Expires: now, Durability: "memory"},
	} {
		doc := render(t, web.NowPage(web.Now{Page: page, Pattern: ">", Form: web.Form{Result: &r}}))
		if got := text(byID(t, doc, "result")); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEpitaphs(t *testing.T) {
	at := now.Add(-time.Hour)
	end := func(reason web.EndReason, n int) *web.End {
		return &web.End{Sequence: 42, Reason: reason, Published: at.Add(-10 * time.Minute), At: at, Deliveries: n}
	}
	for want, d := range map[string]web.Detail{
		"#42 lived 10 min, gone 13:32:07, received by 3.":                                     {End: end(web.EndExpired, 3)},
		"#42 lived 10 min, gone 13:32:07, received by nobody.":                                {End: end(web.EndExpired, 0)},
		"#42 lived 10 min, gone 13:32:07; whether anybody received it was lost in a restart.": {End: end(web.EndExpiredUnknown, 0)},
		"#42 lived 10 min, evicted to stay within a limit 13:32:07, received by 1.":           {End: end(web.EndEvicted, 1)},
		"#42 has ended; Linger no longer remembers how.":                                      {End: &web.End{}},
		"No #42 yet; the last is #17.":                                                        {Last: 17},
		"No #42 yet; nothing was published to hello.":                                         {},
	} {
		d.Page, d.Topic, d.Sequence = page, "hello", 42
		if got := text(byClass(render(t, web.MessagePage(d)), "lead")[0]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What a message may be given more stands in order, its own lifetime among the usual ones, each once.
func TestOffersOfMore(t *testing.T) {
	for ttl, want := range map[time.Duration]string{
		30 * time.Minute: "+1 min, +10 min, +30 min, +1 h, until …, Expire, Undo",
		time.Hour:        "+1 min, +10 min, +1 h, until …, Expire, Undo",
	} {
		m := hello(42, ttl, time.Minute)
		doc := render(t, web.MessagePage(web.Detail{Page: page, Topic: "hello", Sequence: 42, Message: &m}))
		var offers []string
		for _, a := range byClass(byID(t, doc, "card"), "amount") {
			offers = append(offers, text(a))
		}
		if got := strings.Join(offers, ", "); got != want {
			t.Errorf("%v: %q, want %q", ttl, got, want)
		}
	}
}

// A list that was asked for by filter and order shows what fits, says of how many, and its forms lead back to it.
func TestArrangedList(t *testing.T) {
	n := web.Now{
		Page: page, Pattern: "hello", Topic: &web.Topic{Name: "hello", Known: true}, Totals: web.Totals{Retained: 300},
		Retained: []web.Message{hello(1, time.Minute, time.Minute)},
		Arranged: &web.Arranged{Filter: "a&b", Newest: true, Messages: []web.Message{hello(42, time.Minute, time.Minute)}, Fitting: 7, Looked: 200},
	}
	doc := render(t, web.NowPage(n))
	retained := byID(t, doc, "retained")
	if rows := byClass(retained, "row"); len(rows) != 1 || attr(rows[0], "data-seq") != "42" {
		t.Errorf("%d rows", len(rows))
	}
	if got := text(byID(t, doc, "retained-sub")); got != "7 match of the 200 loaded; 300 are retained" {
		t.Error(got)
	}
	if got := attr(byID(t, doc, "filter"), "value"); got != "a&b" {
		t.Errorf("the filter is %q", got)
	}
	if o := byTag(byID(t, doc, "order"), "option"); !has(o[1], "selected") || has(o[0], "selected") {
		t.Error("another order is selected")
	}
	backs := 0
	for _, in := range byTag(retained, "input") {
		if attr(in, "name") == "back" {
			backs++
			if got := attr(in, "value"); got != "/topics/hello?filter=a%26b&order=newest" {
				t.Errorf("back leads to %q", got)
			}
		}
	}
	if backs == 0 {
		t.Error("nothing leads back")
	}
	if got := attr(byClass(doc, "export")[0], "href"); got != "/export?filter=a%26b&in=hello&order=newest" {
		t.Errorf("exported: %s", got)
	}
	if !has(byID(t, doc, "filter-none"), "hidden") {
		t.Error("it says that nothing fits")
	}
	n.Arranged = &web.Arranged{Filter: "nothing", Looked: 300}
	doc = render(t, web.NowPage(n))
	if none := byID(t, doc, "filter-none"); has(none, "hidden") || text(none) != "None of 300 matches. Clear filter" {
		t.Errorf("%q", text(none))
	}
}

func TestScopeIsInThePage(t *testing.T) {
	doc := render(t, web.NowPage(web.Now{Page: page, Pattern: "orders.>", Totals: web.Totals{Retained: 41}}))
	main := byID(t, doc, "main")
	if attr(main, "data-pattern") != "orders.>" || attr(main, "data-now") != "1795357927000" || has(main, "data-topic") {
		t.Errorf("%v", main.Attr)
	}
	if got := text(byTag(doc, "title")[0]); got != "41 · orders.> — Linger" {
		t.Error(got)
	}
}

// Nothing may lead to a page that is not there.
func TestLinksLeadToWhatIsBuilt(t *testing.T) {
	m := hello(1, time.Minute, time.Second)
	for _, p := range []struct{ doc *html.Node }{
		{render(t, web.NowPage(web.Now{Page: page, Pattern: "a.>", Topics: 9, Chips: []web.Chip{{Topic: "a.b"}}, Retained: []web.Message{m}, Live: []web.Message{m}}))},
		{render(t, web.TopicsPage(web.Topics{Page: page, Rows: []web.TopicRow{{Name: "a.b"}}}))},
		{render(t, web.MessagePage(web.Detail{Page: page, Topic: "hello", Sequence: 1, Message: &m}))},
		{render(t, web.ErrorPage(web.Failure{Page: page, Status: 404}))},
	} {
		for _, a := range byTag(p.doc, "a") {
			href := attr(a, "href")
			if href != "/" && href != "#main" && href != "/topics" && href != "/server" && href != "/help" && !strings.HasPrefix(href, "/topics/") && !strings.HasPrefix(href, "/?in=") && !strings.HasPrefix(href, "/topics?") && !strings.HasPrefix(href, "/export?in=") && href != "/?lang=zh-CN" {
				t.Errorf("a link to %q", href)
			}
		}
	}
}

func TestReturnPath(t *testing.T) {
	for back, want := range map[string]string{
		"/": "/", "/?in=a.%3E": "/?in=a.%3E", "/topics/x": "/topics/x", "": "/topics/t", "//evil.example": "/topics/t",
		`/\evil.example`: "/topics/t", "https://evil.example": "/topics/t", "/\t/evil.example": "/topics/t", "/a\r\nX: y": "/topics/t",
	} {
		if got := web.ReturnPath(back, "t"); got != want {
			t.Errorf("%q leads to %q, want %q", back, got, want)
		}
	}
}

func TestPathsAreEscaped(t *testing.T) {
	if got := web.MessagePath("a/b?c#d e", 18446744073709551615); got != "/topics/a%2Fb%3Fc%23d%20e/18446744073709551615" {
		t.Error(got)
	}
}
