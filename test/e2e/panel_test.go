package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"linger/test/process"
)

// A row's number opens the message beside the list, under its own address; back, or Esc, leads to the list and the row.
func TestMessagePanel(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, `{"order":8812}`)
	b := newPerson(t).live(s, "/topics/orders")
	says := func(js, want string) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			if got := eval[string](b, js); !strings.Contains(got, want) {
				return fmt.Errorf("%q does not say %q", got, want)
			}
			return nil
		})
	}
	run := func(js string) { eval[bool](b, "("+js+", true)") }
	open := `document.querySelector("#panel").hidden ? "closed" : document.querySelector("#panel").textContent`
	run(`document.querySelector("#retained a.seq").click()`)
	says(open, `"order":8812`)
	says(`location.pathname`, "/topics/orders/1")
	if active := eval[string](b, `document.activeElement.id`); active != "panel-content" {
		t.Errorf("the focus is at %q", active)
	}
	run(`document.querySelector("#panel form.expire button").click()`)
	says(open, "received by")
	run(`history.back()`)
	says(open, "closed")
	says(`location.pathname + "$"`, "/topics/orders$")
	s.publish("orders", time.Hour, "second")
	says(`document.querySelector("#retained").textContent`, "second")
	run(`[...document.querySelectorAll("#retained a.seq")].find((a) => a.textContent === "#2").click()`)
	says(open, "second")
	b.load(eval[string](b, `location.href`)) // the address is the message's page
	says(`document.querySelector("h1").textContent`, "#2")
}
