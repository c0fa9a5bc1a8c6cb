package e2e

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// tabTo presses Tab until a control has the focus, and returns what had it on the way.
func (b *tab) tabTo(role, name string) []string {
	b.t.Helper()
	var way []string
	for range 80 {
		b.keys(kb.Tab)
		r, n := b.focused()
		way = append(way, r+" "+n)
		if r == role && n == name {
			return way
		}
	}
	b.t.Fatalf("Tab does not come to %s %q:\n%s", role, name, strings.Join(way, "\n"))
	return nil
}

// All that a mouse can do, the keyboard does.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b := newPerson(t).live(s, "/")
	if role, name := b.focused(); role != "button" || name != "Publish" {
		t.Errorf("on a server without messages the focus is on %s %q, not on Publish", role, name)
	}
	b.keys(kb.Enter) // is enough
	b.holds("Retained", 1, "#1", "hello", "Hello, Linger")

	b.load(s.URL("/"))
	b.connected("Live")
	way := b.tabTo("slider", "Time to live")
	for _, wanted := range []string{
		"link Skip to content", "link Linger", "link Now", "link Topics", "combobox Go to a topic",
		"combobox Topic", "textbox Message", "button Publish", "textbox Time to live, typed", "slider Time to live",
	} {
		if !strings.Contains("\n"+strings.Join(way, "\n")+"\n", "\n"+wanted+"\n") {
			t.Errorf("Tab does not come to %s: %q", wanted, way)
		}
	}
	b.keys(kb.End)
	if text := valueText(b.find("slider", "Time to live")); text != "7 days" {
		t.Errorf("at its end the slider says %q", text)
	}

	b.load(s.URL("/"))
	b.connected("Live")
	b.tabTo("combobox", "Topic")
	b.keys("hello")
	b.tabTo("textbox", "Message")
	b.keys("typed by hand")
	b.tabTo("slider", "Time to live")
	b.keys(kb.Home, strings.Repeat(kb.ArrowRight, 14))
	if text := valueText(b.find("slider", "Time to live")); text != "40 seconds" {
		t.Errorf("14 stops from 0 the slider says %q", text)
	}
	b.find("textbox", "Message").focus()
	b.keys(kb.Enter)
	b.holds("Retained", 1, "#2", "typed by hand")
	b.says("Published as message 2 of hello. Kept 40 seconds.")

	// Read the time left, and extend.
	deadline := s.deadline("hello", 2)
	b.tabTo("button", "Extend #2 by 40 seconds")
	row := eval[string](b, `document.activeElement.closest("li").innerText`)
	if !regexp.MustCompile(`\d+ s`).MatchString(row) {
		t.Errorf("the row with the focus says %q", row)
	}
	visible := eval[float64](b, `Number(getComputedStyle(document.activeElement.closest(".acts")).opacity)`)
	if visible != 1 {
		t.Errorf("the button with the focus cannot be seen: opacity %v", visible)
	}
	b.keys(kb.Enter)
	process.Eventually(t, patience, func() error {
		if got := s.deadline("hello", 2).Sub(deadline).Seconds(); got != 40 {
			return fmt.Errorf("extended by %v s", got)
		}
		return nil
	})
	b.holds("Retained", 1, "1:", "#2") // a minute and something left: the page knows of it too
	b.tabTo("button", "Expire #2")
	b.keys(" ")
	process.Eventually(t, patience, func() error {
		if s.state("hello", 2).Ended == nil {
			return errors.New("#2 lives on")
		}
		return nil
	})
	b.keys(kb.Escape)
	b.holds("Retained", 0, "#2")
}
