package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// tells waits until a text of the page, which an expression reads, contains what is wanted.
func (b *tab) tells(expression, want string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		got, err := tryEval[string](b, expression)
		if err == nil && !strings.Contains(got, want) {
			err = fmt.Errorf("%q does not say %q", got, want)
		}
		return err
	})
}

// run has the page do something, whatever that is worth.
func (b *tab) run(expression string) {
	b.t.Helper()
	eval[bool](b, "("+expression+", true)")
}

// panelText is an expression for what the panel says; "closed": there is none.
const panelText = `document.querySelector("#panel").hidden ? "closed" : document.querySelector("#panel").textContent`

// A row's number opens the message beside the list, under its own address; back, or Esc, leads to the list and the row.
func TestMessagePanel(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, `{"order":8812}`)
	deadline := s.deadline("orders", 1)
	b := newPerson(t).live(s, "/topics/orders", longGrace)
	b.run(`document.querySelector("#retained a.seq").focus()`)
	b.keys(kb.Enter)
	b.tells(panelText, `"order":8812`)
	b.tells(`location.pathname`, "/topics/orders/1")
	if active := eval[string](b, `document.activeElement.id`); active != "panel-content" {
		t.Errorf("the focus is at %q", active)
	}
	// By keys it is opened, left by its button, and the focus is where it was.
	b.run(`document.querySelector("#panel .close").focus()`)
	b.keys(kb.Enter)
	b.tells(panelText, "closed")
	if role, name := b.focused(); role != "link" || name != "#1" {
		t.Errorf("closed, the focus is at the %s %q", role, name)
	}
	b.keys(kb.Enter)
	b.tells(panelText, `"order":8812`)
	// A menu that lies over it is closed first.
	b.run(`document.querySelector("#retained .longer").click()`)
	b.tells(`document.querySelector(":popover-open")?.id ?? ""`, "longer")
	b.keys(kb.Escape)
	b.tells(`document.querySelector(":popover-open")?.id ?? "no menu"`, "no menu")
	b.tells(panelText, `"order":8812`)
	b.run(`document.querySelector("#panel form.expire button").focus()`)
	b.keys(kb.Enter)
	b.tells(`document.querySelector("#panel .going-says").checkVisibility() ? "going" : ""`, "going")
	b.focusIn("Undo: keep #1")
	b.tells(`document.querySelector("#retained .row").innerText`, "going")
	b.keys("u")
	s.goesAt("orders", 1, deadline)
	// It follows what is done to it elsewhere; what was focused still is.
	b.tells(`document.querySelector("#panel form.expire").checkVisibility() ? "to expire" : ""`, "to expire")
	s.linger("extend", "orders", "1", "--ttl", "20h")
	b.tells(`document.querySelector("#panel .left").innerText`, "20 h 00")
	b.tells(`document.querySelector("#panel .facts").innerText`, "20 h")
	b.focusIn("Expire #1")
	s.linger("expire", "orders", "1")
	b.tells(panelText, "received by")
	b.keys(kb.Escape)
	b.tells(panelText, "closed")
	b.tells(`location.pathname + "$"`, "/topics/orders$")
	s.publish("orders", time.Hour, "second")
	b.tells(`document.querySelector("#retained").textContent`, "second")
	b.keepsOnAPhone(s, 2)
	b.run(`[...document.querySelectorAll("#retained a.seq")].find((a) => a.textContent === "#2").click()`)
	b.tells(panelText, "second")
	b.run(`location.reload()`) // the address is the message's page; its script leads back, once it runs
	b.tells(`document.querySelector("#main[tabindex] h1")?.textContent ?? ""`, "#2")
	b.run(`history.back()`)
	b.tells(`document.querySelector("#retained")?.textContent ?? ""`, "second")
	b.tells(`location.pathname + "$"`, "/topics/orders$")
}

// keepsOnAPhone expires a message of orders and takes it back where the row has room for nothing but that: Undo lies above
// what opens the message, and a finger finds it.
func (b *tab) keepsOnAPhone(s *server, sequence uint64) {
	b.t.Helper()
	deadline := s.deadline("orders", sequence)
	b.size(390, 664)
	// All of it in the page: there are five seconds.
	if height := eval[float64](b, `new Promise((tell) => {
		const row = document.querySelector("#retained .row");
		row.querySelector("form.expire").requestSubmit();
		const look = () => {
			const undo = row.querySelector(".undo button");
			const { left, top, width, height } = undo.getBoundingClientRect();
			const found = height > 0 && document.elementFromPoint(left + width / 2, top + height / 2)?.closest("button") === undo;
			if (!found) return requestAnimationFrame(look);
			undo.click();
			tell(height);
		};
		look();
	})`); height < 44 {
		b.t.Errorf("Undo is %v px high", height)
	}
	s.goesAt("orders", sequence, deadline)
	b.size(1280, 800)
}

// While a message stands beside the list, the address is the message's: what one looks at in the list meanwhile stands in
// the list's own address when that comes back. What the message does by itself takes no focus from the form.
func TestMessagePanelBesideTheList(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, "first")
	b := newPerson(t).live(s, "/topics/orders")
	link := func(number string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#retained a.seq")].find((a) => a.textContent === "#%s")`, number)
	}
	s.publish("orders", 15*time.Second, "short")
	b.tells(`document.querySelector("#retained").textContent`, "short")
	b.run(link("2") + `.click()`)
	b.tells(panelText, "short")
	b.run(`document.querySelector("#message").focus()`)
	b.tells(panelText, "received by") // it ended, and was read again
	if at := eval[string](b, `document.activeElement.id`); at != "message" {
		t.Errorf("the message's end took the focus to %q", at)
	}
	b.run(`document.querySelector("#ahead").focus()`)
	b.keys(kb.ArrowRight, kb.Enter)
	if at := eval[string](b, `location.pathname + location.search`); at != "/topics/orders/2" {
		t.Errorf("with a message open, the address is %s", at)
	}
	b.run(`history.back()`)
	b.tells(panelText, "closed")
	b.tells(`location.pathname + location.search`, "/topics/orders?at=")

	b.tolerate() // the browser tells of each request that fails
	b.run(link("1") + `.click()`)
	b.tells(panelText, "first")
	b.run(`document.querySelector("#message").value = "not yet sent"`)
	s.Stop()
	b.run(`document.querySelector("#panel form.extend button").click()`)
	b.tells(`document.querySelector("#panel .refusal").innerText`, "#1: The server cannot be reached.")
	b.run(`history.back()`)
	b.tells(panelText, "closed")
	b.run(link("1") + `.click()`)
	b.tells(panelText, "cannot be reached")
	b.tells(`document.querySelector("#message").value`, "not yet sent")
}
