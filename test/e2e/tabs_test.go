package e2e

import (
	"testing"
	"time"

	"linger/test/process"
)

const manyTabs = 7 // a browser opens six connections to a server over plain HTTP

func TestSevenTabsShareOneStream(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := newPerson(t)
	var tabs []*tab
	for range manyTabs {
		tabs = append(tabs, p.live(s, "/"))
	}
	s.publish("orders", time.Minute, "for every tab")
	for _, b := range tabs {
		b.connected("Live")
		b.holds("Live", 1, "for every tab")
		b.holds("Retained", 1, "for every tab")
	}
	if n := s.metric(`linger_streams{kind="watch"}`); n != 1 {
		t.Errorf("%v watch streams for %d tabs", n, manyTabs)
	}
	// Another scope joins the same stream.
	tabs[0].load(s.URL("/topics/orders"))
	tabs[0].connected("Live")
	s.publish("orders", time.Minute, "for both scopes")
	for _, b := range tabs {
		b.holds("Live", 1, "for both scopes")
	}
	process.Eventually(t, patience, func() error {
		return process.Expect("the number of watch streams", s.metric(`linger_streams{kind="watch"}`), 1)
	})
}

// Where tabs cannot share a worker, those for which no connection is left say so, and still work.
func TestTabsWithoutSharedWorker(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := newPerson(t)
	without := func(b *tab) { b.early(`delete globalThis.SharedWorker`) }
	var tabs []*tab
	for range manyTabs {
		tabs = append(tabs, p.open(s.URL("/"), without))
	}
	for i, b := range tabs {
		if i < 5 {
			b.connected("Live")
			continue
		}
		b.connected("Not live")
		b.says("this one is not live. Close one.")
	}
	last := tabs[manyTabs-1]
	last.publish("orders", "from a tab that is not live", "1 min")
	last.says("#1 kept 1 min")
	tabs[0].holds("Live", 1, "from a tab that is not live")
	if n := s.metric(`linger_streams{kind="watch"}`); n != 5 {
		t.Errorf("%v watch streams; 5 of the browser's six connections are for them", n)
	}

	// A place that becomes free is taken.
	tabs[1].load("about:blank")
	process.Eventually(t, patience, func() error {
		a := eval[string](tabs[5], `document.querySelector("#mark").innerText`)
		b := eval[string](tabs[6], `document.querySelector("#mark").innerText`)
		if a != "Live" && b != "Live" {
			return process.Expect("the mark of a waiting tab", a, "Live")
		}
		return nil
	})
}
