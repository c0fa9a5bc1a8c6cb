package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"linger/client"
	"linger/test/process"
	"linger/test/soak"
)

// detector notices what a payload does: dialogs on a tab, and requests to a server that is not Linger.
type detector struct {
	there *httptest.Server

	mu   sync.Mutex
	hits map[int]bool // mu; payloads that fetched from there
}

func newDetector(t testing.TB) *detector {
	d := &detector{hits: map[int]bool{}}
	d.there = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		n, _ := strconv.Atoi(strings.Trim(r.URL.Path, "/")) // 0 for what is no payload's: still a hit
		d.hits[n] = true
	}))
	t.Cleanup(d.there.Close)
	return d
}

// payloads are the hostile texts, numbered from 1.
func (d *detector) payloads() []string {
	list := make([]string, len(hostile))
	for i, p := range hostile {
		p = strings.TrimPrefix(p, "click:")
		list[i] = strings.NewReplacer("{n}", strconv.Itoa(i+1), "{there}", d.there.URL).Replace(p)
	}
	return list
}

// fired are the payloads that did something, as far as this tab and the other server have noticed.
func (d *detector) fired(b *tab) map[int]bool {
	d.mu.Lock()
	fired := maps.Clone(d.hits)
	d.mu.Unlock()
	_, dialogs, _ := b.told()
	for _, said := range dialogs {
		n, _ := strconv.Atoi(said)
		fired[n] = true
	}
	return fired
}

// The detector works: the same list, not escaped and without a policy, fires.
func TestHostilePayloadsFireWhereNothingIsDone(t *testing.T) {
	t.Parallel()
	d := newDetector(t)
	payloads := d.payloads()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>control</title>")
		for i := range payloads {
			fmt.Fprintf(w, "<iframe src=/%d></iframe>\n", i+1)
		}
	})
	mux.HandleFunc("GET /{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n < 1 || n > len(payloads) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><meta charset=utf-8><p>", payloads[n-1])
	})
	control := httptest.NewServer(mux)
	t.Cleanup(control.Close)

	b := newPerson(t).blank()
	b.tolerate()
	eval[any](b, `location.assign(`+js(control.URL)+`)`) // it is not loaded before all its dialogs are answered
	silent := func() (silent []string) {
		fired := d.fired(b)
		for i, p := range hostile {
			if !fired[i+1] && !strings.HasPrefix(p, "click:") {
				silent = append(silent, p)
			}
		}
		return silent
	}
	const able = 85 // of those that need nobody's help; the rest is for browsers of other years
	if len(hostile) != 100 {
		t.Errorf("%d payloads", len(hostile))
	}
	process.Eventually(t, 3*patience, func() error { // dialogs come one after the other
		fired := d.fired(b)
		delete(fired, 0)
		if len(fired) < able {
			return fmt.Errorf("%d payloads fired, fewer than %d: the detector would not notice. Silent: %q", len(fired), able, silent())
		}
		t.Logf("%d of %d fired; not yet: %q", len(fired), len(hostile), silent())
		return nil
	})
}

// On Linger's pages all of it is text: as payload, key, attribute, topic and pattern.
func TestHostilePayloadsAreText(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	d := newDetector(t)
	payloads := d.payloads()
	b := newPerson(t).blank()
	b.early(`document.addEventListener("securitypolicyviolation", (e) => (globalThis.__violations ??= []).push(e.violatedDirective + " " + e.blockedURI))`)
	inert := func(where string) {
		t.Helper()
		if violations := eval[[]string](b, `globalThis.__violations ?? []`); len(violations) > 0 {
			t.Errorf("%s: the policy had to refuse something: %q", where, violations)
		}
		if title := eval[string](b, `document.title`); !strings.HasSuffix(title, "Linger") {
			t.Errorf("%s: the title is %q", where, title)
		}
		if strange := eval[[]string](b, `[...document.querySelectorAll("main :is(script, iframe, img, object, embed, video, audio, style, link, base, meta, math, frame)")].map((e) => e.outerHTML)`); len(strange) > 0 {
			t.Errorf("%s: elements that are none of Linger's: %q", where, strange)
		}
	}

	// Streamed into the lists, then rendered by the server. The lists hold the rows in view only: look at all of them.
	b.load(s.URL("/"))
	b.connected("Live")
	for i, p := range payloads {
		s.publish("hostile", time.Duration(i+1)*time.Hour, p)
	}
	b.showsAll("Retained", payloads)
	process.Eventually(t, patience, func() error { // at this speed Live leaves some out, and counts them
		shown, skipped := 0, 0
		for _, row := range b.scrollThrough("Live") {
			if more, ok := strings.CutPrefix(row, "⋯ "); ok {
				n, _ := strconv.Atoi(strings.TrimSuffix(more, " more"))
				skipped += n
			} else {
				shown++
			}
		}
		return process.Expect(fmt.Sprintf("%d shown + %d left out", shown, skipped), shown+skipped, len(payloads))
	})
	inert("the lists, streamed")
	b.load(s.URL("/?in=hostile"))
	b.connected("Live")
	b.showsAll("Retained", payloads)
	b.showsAll("Live", payloads)
	inert("the lists, rendered")
	b.opensPanel(payloads[0]) // the first to go stands first
	inert("a message beside the list")

	// On a message's own page, and as keys and attributes.
	tried := 0
	wanted := func(short bool) bool { // some in any case, all when there is time
		if !short && (!soak.On() || !soak.TimeLeft(t)) {
			return false
		}
		tried++
		return true
	}
	for i := range payloads {
		n := i + 1
		if !wanted(slices.Contains([]int{1, 14, 33, 81}, n)) {
			continue
		}
		b.load(s.URL("/topics/hostile/" + strconv.Itoa(n)))
		b.says(strings.Join(strings.Fields(payloads[n-1]), " "))
		inert("a message's page")
	}
	for part := range slices.Chunk(payloads, 50) {
		attributes := map[string]string{}
		for i, p := range part {
			attributes[p[:min(len(p), 120)]] = p
			if i == 0 {
				attributes["key"] = p
			}
		}
		ack := s.publishMessages("hostile", time.Hour, client.Message{Key: part[0], Attributes: attributes, Data: []byte("attributes")})
		b.load(s.URL(fmt.Sprintf("/topics/hostile/%d", ack.Sequence)))
		text := eval[string](b, `document.querySelector("main").textContent`)
		for _, p := range part {
			if !strings.Contains(text, asShown(p)) {
				t.Errorf("no attribute shows %q", asShown(p))
			}
		}
		inert("attributes")
	}

	// As the names of subscribers, and what they subscribed to.
	names := slices.DeleteFunc(slices.Clone(payloads), func(p string) bool { return len(p) > 128 || strings.ContainsAny(p, "\n\t") })
	c := s.Dial()
	for _, p := range names {
		listening := c.Subscribe([]string{"hostile"}, client.SubscribeOptions{Name: p})
		go func() {
			for range listening.Events(t.Context()) { // what comes does not matter
			}
		}()
	}
	b.load(s.URL("/topics/hostile/subscribers"))
	process.Eventually(t, patience, func() error {
		text, err := tryEval[string](b, `document.querySelector("#subscribers").textContent`)
		for _, p := range names {
			if first, _, _ := strings.Cut(p, " grpc-"); err == nil && !strings.Contains(text, asShown(first)) {
				err = fmt.Errorf("no subscriber is named %q", first)
			}
		}
		return err
	})
	inert("the subscribers")

	// Topics have no such names: they are refused, in words that repeat the name as text.
	for i, p := range payloads {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := c.Publish(ctx, p, time.Minute, client.Message{Data: []byte("x")})
		cancel()
		if err == nil {
			t.Errorf("a topic may be called %q", p)
		}
		if !wanted(i%50 == 1) {
			continue
		}
		for _, path := range []string{
			"/topics/" + url.PathEscape(p), "/?in=" + url.QueryEscape(p), "/topics?go=" + url.QueryEscape(p), "/topics?in=" + url.QueryEscape(p) + "&view=tree",
			"/topics/hostile/" + url.PathEscape(p), "/" + url.PathEscape(p), "/topics/hostile?changed=" + url.QueryEscape(p) + "&sequence=1",
			"/topics/hostile/policy?ttl_default=" + url.QueryEscape(p) + "&max_bytes=" + url.QueryEscape(p), "/topics/hostile/record?reason=" + url.QueryEscape(p),
		} {
			b.load(s.URL(path))
			inert(path)
		}
		b.load(s.URL("/"))
		b.connected("Live")
		b.publish(p, "text", "1 min")
		b.says("Topic: ")
		inert("the form's error")
	}

	if soak.On() {
		t.Logf("soak: %d of %d payloads, each on its page and in addresses", tried, 2*len(payloads))
	}

	if fired := d.fired(b); len(fired) > 0 {
		t.Errorf("these fired: %v", slices.Sorted(maps.Keys(fired)))
	}
	_, _, requests := b.told()
	for _, address := range requests {
		if !strings.HasPrefix(address, s.URL("/")) && address != "about:blank" {
			t.Errorf("a request to elsewhere: %s", address)
		}
	}
}

// opensPanel opens the first message of Retained beside the list, where its text is to stand.
func (b *tab) opensPanel(text string) {
	b.t.Helper()
	eval[any](b, `document.querySelector("#retained a.seq").click()`)
	process.Eventually(b.t, patience, func() error {
		shown, err := tryEval[string](b, `document.querySelector("#panel").hidden ? "" : document.querySelector("#panel").textContent`)
		if err == nil && !strings.Contains(shown, text) {
			err = fmt.Errorf("the panel does not show %q but %q", text, shown)
		}
		return err
	})
}

// asShown is how one line shows a payload of these: line breaks and tabs as symbols.
func asShown(payload string) string {
	return strings.NewReplacer("\n", "␊", "\t", "␉").Replace(payload)
}

// showsAll waits until each payload stands in a row of the list.
func (b *tab) showsAll(list string, payloads []string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		seen := b.scrollThrough(list)
		for i, p := range payloads {
			if !slices.ContainsFunc(seen, func(row string) bool { return strings.Contains(row, asShown(p)) }) {
				return fmt.Errorf("no row of %s shows payload %d, %q; there are %q", list, i+1, asShown(p), seen)
			}
		}
		return nil
	})
}

// scrollThrough returns the texts of all rows of a list, which keeps in the page only those in view.
func (b *tab) scrollThrough(list string) []string {
	b.t.Helper()
	return eval[[]string](b, `(async () => {
		const list = document.querySelector('[role=list][aria-label=`+js(list)+`]');
		const seen = new Map(); // by their place: two rows may read the same
		const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
		list.scrollTop = 0;
		for (let at = -1; at !== list.scrollTop; ) {
			at = list.scrollTop;
			await frame();
			const top = list.getBoundingClientRect().top - list.scrollTop;
			for (const li of list.querySelectorAll(":scope > li")) seen.set(Math.round(li.getBoundingClientRect().top - top), li.textContent);
			list.scrollTop += list.clientHeight * 0.8;
		}
		list.scrollTop = 0;
		await frame();
		return [...seen.values()];
	})()`)
}
