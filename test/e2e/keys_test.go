package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// stroke presses keys one after the other as a keyboard does: a key that the page takes for itself writes nothing.
func (b *tab) stroke(keys string) {
	b.t.Helper()
	for _, key := range keys {
		b.do(call(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: string(key), Text: string(key)}),
			call(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: string(key)}))
	}
}

// focusIn waits until what has the focus stands in a row with this text, or bears the name itself.
func (b *tab) focusIn(text string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		row, err := tryEval[string](b, `(document.activeElement.closest("li, tr") ?? document.activeElement).innerText`)
		if _, name := b.focused(); err == nil && name != text && len(matching([]string{row}, text)) == 0 {
			err = fmt.Errorf("the focus is on %q in %q, not in %q", name, row, text)
		}
		return err
	})
}

// at waits until the tab shows the page of that path.
func (b *tab) at(path string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		here, err := tryEval[string](b, `document.readyState === "complete" ? location.pathname + location.search : "on its way"`)
		if err == nil && here != path {
			err = fmt.Errorf("the page is %s, not %s", here, path)
		}
		return err
	})
}

// anew waits until another document stands in place of the one that act leaves, which may have the same address.
func (b *tab) anew(act func()) {
	b.t.Helper()
	eval[any](b, `document.documentElement.dataset.left = ""`)
	act()
	process.Eventually(b.t, patience, func() error {
		here, err := tryEval[bool](b, `document.readyState === "complete" && !("left" in document.documentElement.dataset)`)
		if err == nil && !here {
			err = errors.New("the page has not been left")
		}
		return err
	})
}

// Keys do what the table says: between pages, from row to row, on the row that has the focus; in a field they are text.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for i := range 3 {
		s.publish("orders", time.Duration(i+1)*time.Hour, fmt.Sprintf("message %c", 'a'+i))
	}
	b := newPerson(t).live(s, "/")
	b.stroke("jj")
	b.focusIn("#2")
	b.stroke("k")
	b.focusIn("#1")
	deadline := s.deadline("orders", 1)
	b.stroke("e")
	process.Eventually(t, patience, func() error {
		if got := s.deadline("orders", 1).Sub(deadline); got != time.Hour {
			return fmt.Errorf("extended by %v", got)
		}
		return nil
	})

	// What ends under the focus leaves it to its ghost, and the list is held as before.
	b.says("#1 now goes at")
	b.stroke("X")
	b.holds("Retained", 1, "#1", "gone")
	b.focusIn("#1")
	s.publish("orders", 4*time.Hour, "message d")
	b.says("1 new, 1 gone")
	b.holds("Retained", 0, "message d")
	b.stroke("j")
	b.focusIn("#2")
	b.keys(kb.Escape)
	b.holds("Retained", 1, "#4", "message d")
	b.holds("Retained", 0, "#1 ")

	b.stroke("p")
	b.focusIn("Message")
	b.stroke("gt/j?")
	if text := eval[string](b, `document.querySelector("#message").value`); text != "gt/j?" {
		t.Errorf("the field holds %q", text)
	}
	b.keys(kb.Escape)
	b.stroke("/")
	b.focusIn("Go to a topic")
	// What is typed is looked for in the names; Escape puts the list away first.
	offers := func(want string) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			list := eval[string](b, `[...document.querySelectorAll("#goto-list:not([hidden]) [role=option]")].map((o) => o.innerText + (o.ariaSelected === "true" ? "!" : "")).join()`)
			return process.Expect("what is offered", list, want)
		})
	}
	b.stroke("RDE")
	offers("orders")
	b.keys(kb.Escape)
	offers("")
	b.focusIn("Go to a topic")
	b.keys(kb.ArrowDown)
	offers("orders")
	b.keys(kb.ArrowDown)
	offers("orders!")
	if described := eval[string](b, `document.getElementById(document.activeElement.getAttribute("aria-activedescendant")).innerText`); described != "orders" {
		t.Errorf("%q is said to be chosen", described)
	}
	b.keys(kb.Enter)
	b.at("/topics/orders")
	b.connected("Live")
	b.stroke("gt")
	b.at("/topics")
	b.stroke("gs")
	b.at("/server")
	b.stroke("gn")
	b.at("/")
}

// `?` opens Help, whose switch turns the keys off and on, there and on every page; Enter and Esc it leaves alone.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	person := newPerson(t)
	other, b := person.live(s, "/"), person.live(s, "/")
	b.stroke("?")
	b.at("/help")

	writes := func(focus string) { // p goes to the message
		t.Helper()
		other.stroke("p")
		if _, name := other.focused(); name != focus {
			t.Errorf("p left the focus on %q, not on %q", name, focus)
		}
		other.keys(kb.Escape)
	}
	writes("Message")
	b.find("switch", "Single-letter keys").click()
	process.Eventually(t, patience, func() error { // a browser takes a moment to tell its other pages
		kept, err := tryEval[string](other, `localStorage.getItem("linger.keys") ?? ""`)
		if err == nil && kept != "off" {
			err = fmt.Errorf("the other page reads %q", kept)
		}
		return err
	})
	writes("")
	other.find("textbox", "Message").focus()
	other.keys(kb.Escape)
	if _, name := other.focused(); name == "Message" {
		t.Error("Esc does not leave the field")
	}
	b.load(s.URL("/help"))
	if on := eval[bool](b, `document.querySelector("#single-keys").checked`); on {
		t.Error("the switch has forgotten that the keys are off")
	}
	b.find("switch", "Single-letter keys").click()
	b.stroke("gn")
	b.at("/")
}
