package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// rowOf waits until the row of a topic or branch says all of the words.
func (b *tab) rowOf(pattern string, words ...string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		row, err := tryEval[string](b, `document.querySelector("[data-pattern="+CSS.escape(`+js(pattern)+`)+"]")?.innerText.replace(/\s+/g, " ") ?? "missing"`)
		if err == nil && len(matching([]string{row}, words...)) == 0 {
			err = fmt.Errorf("the row of %s says %q, not %q", pattern, row, words)
		}
		return err
	})
}

// The table and the tree are current without being loaded again, keep their order until asked, and are found by filter,
// order and view in the address.
func TestTopicsPage(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders.eu.created", time.Hour, "a", "b")
	s.publish("orders.us.created", time.Hour, "c")
	s.publish("codes", time.Hour, "d")
	b := newPerson(t).open(s.URL("/topics"))
	b.connected("Live")
	b.rowOf("codes", "1", "59:")
	b.says("order is ")
	before := eval[string](b, `[...document.querySelectorAll("tbody th")].map((e) => e.innerText).join(" ")`)
	s.publish("codes", 30*time.Second, "e", "f", "g", "h")
	b.rowOf("codes", "5", "s")
	process.Eventually(t, patience, func() error { // and is drawn
		if !eval[bool](b, `document.querySelector("[data-pattern=codes] path").getAttribute("d") !== ""`) {
			return errors.New("no bar stands for what was published")
		}
		return nil
	})
	if after := eval[string](b, `[...document.querySelectorAll("tbody th")].map((e) => e.innerText).join(" ")`); after != before {
		t.Errorf("the order became %s, it was %s", after, before)
	}
	b.anew(func() { b.find("link", "Refresh").click() })
	if first := eval[string](b, `document.querySelector("tbody th").innerText`); first != "codes" {
		t.Errorf("asked again, the first is %s", first)
	}

	b.stroke("/orders.*.created")
	b.keys(kb.Enter)
	b.at("/topics?in=orders.*.created")
	if n := eval[int](b, `document.querySelectorAll("tbody tr").length`); n != 2 {
		t.Errorf("%d rows fit the filter", n)
	}
	b.find("link", "Tree").click()
	b.at("/topics?in=orders.%2A.created&view=tree")
	b.rowOf("orders.>", "2 topics", "3")
	b.load(s.URL("/topics?view=tree"))
	b.connected("Live")
	s.publish("orders.us.created", time.Hour, "i")
	b.rowOf("orders.>", "4")
	b.stroke("j")
	b.focusIn("codes")
	b.keys(kb.ArrowDown, kb.ArrowLeft)
	if eval[bool](b, `document.querySelector("details").open`) {
		t.Error("ArrowLeft does not fold the branch")
	}
	b.keys(kb.ArrowRight, kb.ArrowRight)
	b.focusIn("eu.created")

	b.find("textbox", "Name of a new topic").fill("no spaces")
	b.find("button", "Create").click()
	b.says("A space at position 3")
	b.find("textbox", "Name of a new topic").fill("made.here")
	b.find("button", "Create").click()
	b.at("/topics/made.here")
	if list := s.linger("topics"); !strings.Contains(list, "made.here") {
		t.Errorf("the topics are %s", list)
	}
}
