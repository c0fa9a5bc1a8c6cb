package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"linger/client"
)

// dark asks for dark pages, or for light ones; without motion, so that no colour is caught on its way.
func (b *tab) dark(on bool) {
	b.t.Helper()
	value := "light"
	if on {
		value = "dark"
	}
	b.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}))
}

// withAxe has the checker's script stand on every page of a tab; it is put in by the protocol, which the pages' policy does
// not bind.
func withAxe(b *tab) {
	b.t.Helper()
	script, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatalf("%v: make setup", err)
	}
	b.early(string(script))
}

// axeOptions leave out what nobody reads of what axe finds: what passed, and by what selector an element is found.
const axeOptions = `resultTypes: ["violations"], selectors: false, iframes: false, preload: { assets: ["media"] }`

// An axeRun is one look at a page.
type axeRun struct {
	scheme  string
	options string
}

// A page is judged in light by all of axe's rules, in dark by the ones about colour.
var (
	axeInLight = axeRun{"light", `{ ` + axeOptions + ` }`}
	axeInDark  = axeRun{"dark", `{ ` + axeOptions + `, runOnly: ["color-contrast", "link-in-text-block"] }`}
)

// finds is what axe finds on the page of a tab [withAxe].
func (r axeRun) finds(b *tab) []string {
	b.t.Helper()
	b.dark(r.scheme == "dark")
	return eval[[]string](b, `axe.run(document, `+r.options+`).then(({ violations }) =>
		violations.flatMap(({ id, help, nodes }) => nodes.map((n) => id + ": " + help + " at " + n.html + " " + (n.any[0]?.message ?? ""))))`)
}

// passesAxe tells what axe finds, at a desk and on a phone.
func (b *tab) passesAxe(what string) {
	b.t.Helper()
	runs := []axeRun{axeInLight, axeInDark}
	if strings.HasSuffix(what, " 390 px") {
		runs = runs[:1] // the colours are those of the desk
	}
	for _, r := range runs {
		for _, f := range r.finds(b) {
			b.t.Errorf("%s, %s: %s", what, r.scheme, f)
		}
	}
}

// plantedFaults puts into the page what axe must find: a button that nothing names, and a text nearly in the colour of its ground.
const plantedFaults = `(() => {
	const planted = document.createElement("p");
	planted.append(document.createElement("button"), "planted");
	planted.style.color = "rgb(120, 120, 120)";
	planted.style.backgroundColor = "rgb(100, 100, 100)";
	document.querySelector("main").append(planted);
})()`

// findsPlantedFaults fails unless axe, with all that the options leave out, finds faults.
func (b *tab) findsPlantedFaults() {
	b.t.Helper()
	eval[any](b, plantedFaults)
	for _, c := range []struct {
		run   axeRun
		rules []string
	}{{axeInLight, []string{"button-name: ", "color-contrast: "}}, {axeInDark, []string{"color-contrast: "}}} {
		found := c.run.finds(b)
		for _, rule := range c.rules {
			if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, rule) }) {
				b.t.Errorf("in %s, axe does not find a planted fault, %q, but %q", c.run.scheme, rule, found)
			}
		}
	}
}

// Every page passes axe's rules: all of them in light, at a desk and on a phone, the ones about colour in dark.
func TestAxe(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b := newPerson(t).open(s.URL("/"), withAxe)
	listening := s.Dial().Subscribe([]string{"orders.>"}, client.SubscribeOptions{Name: "billing"})
	go func() {
		for range listening.Events(t.Context()) { // what comes does not matter
		}
	}()
	for _, width := range []int64{1280, 390} {
		b.size(width, 800)
		visit := func(what, path string) {
			t.Helper()
			b.load(s.URL(path))
			if eval[bool](b, `!!document.querySelector("#live")`) {
				b.connected("Live")
			}
			b.passesAxe(fmt.Sprintf("%s, %d px", what, width))
		}
		if width == 1280 {
			visit("a server without messages", "/")
			fillWithMessages(t, s)
		}
		visit("the front page", "/")
		visit("a topic", "/topics/orders.created")
		if width == 1280 { // on a phone these are like the others
			visit("a pattern", "/?in=orders.>")
			visit("a topic without messages", "/topics/nothing.here")
			visit("a page that is not there", "/nothing")
		}
		visit("the table of topics", "/topics")
		visit("the tree of topics", "/topics?view=tree")
		visit("the server", "/server")
		for _, tab := range []string{"subscribers", "policy", "record?reason=deleted"} {
			visit("a topic's "+tab, "/topics/orders.created/"+tab)
		}
		if width == 1280 {
			visit("a policy with errors", "/topics/orders.created/policy?ttl_default=soon&max_messages=many")
		}
		visit("Help", "/help")
		visit("a message", "/topics/orders.created/1")
		visit("a message that has ended", "/topics/orders.created/2")
		b.load(s.URL("/?in=orders.created"))
		b.connected("Live")
		if width == 1280 { // a phone has no room for it
			eval[any](b, `document.querySelector("#retained .longer").click()`)
			b.passesAxe("the menu of longer lifetimes")
			eval[any](b, `document.querySelector("#longer").hidePopover()`)
		}
		b.opensPanel("19.90")
		b.passesAxe(fmt.Sprintf("a message beside the list, %d px", width))
		b.load(s.URL("/"))
		b.connected("Live")
		b.find("textbox", "Message").focus() // on a phone it opens the form
		b.find("DisclosureTriangle", "+ attributes").click()
		b.passesAxe(fmt.Sprintf("the form, open, %d px", width))
		b.publish("two words", "text", "soon")
		b.says("Time to live: ")
		b.passesAxe(fmt.Sprintf("the form with an error, %d px", width))
		if width == 1280 {
			b.findsPlantedFaults()
		}
	}
}

// fillWithMessages publishes what pages look like on a usual day.
func fillWithMessages(t testing.TB, s *server) {
	t.Helper()
	s.publishMessages("orders.created", time.Hour, client.Message{
		Key: "8812", Attributes: map[string]string{"trace": "abc", "说明": "属性"}, Data: []byte(`{"order":8812,"total":"19.90"}`),
	})
	s.publish("orders.created", time.Hour, "expired at once")
	if _, err := s.Dial().Expire(t.Context(), "orders.created", 2); err != nil {
		t.Fatal(err)
	}
	s.publish("weather", 20*time.Minute, strings.Fields("sun rain fog wind")...)
	s.publish("orders.paid", 10*time.Second, "soon gone", "\x00\x01\x02\xff", "")
	s.publish("now.or.never", 0, "not kept")
}
