package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// stripBox is where the horizon is; x of a stop is its left side and the stop's share of the width.
func (b *tab) stripBox() box {
	b.t.Helper()
	return b.find("slider", "Look ahead").box()
}

func (r box) stop(at float64) float64 { return r.X + r.Width*at/47 }

// drawSpan draws over the horizon, from one stop to another; held is called before the button is let go.
func (b *tab) drawSpan(from, to float64, held func()) {
	b.t.Helper()
	strip := b.stripBox()
	y := strip.Y + strip.Height/2
	b.drag(strip.stop(from), y, strip.stop(to), y, held)
}

// spanSays waits until the line over the list tells of the span so; times of day are left out.
func (b *tab) spanSays(pattern string) {
	b.t.Helper()
	want := regexp.MustCompile("^" + pattern + "$")
	process.Eventually(b.t, patience, func() error {
		text := eval[string](b, `document.querySelector("#span-head").checkVisibility() ? document.querySelector("#span-says").innerText : "no span"`)
		if !want.MatchString(text) {
			return fmt.Errorf("it says %q, not %s", text, want)
		}
		return nil
	})
}

// What is drawn over on the horizon is what Retained shows, and what can be extended or expired as a whole.
func TestSpanOfTheHorizon(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("span", 5*time.Minute, "before")
	s.publish("span", 10*time.Minute, "one", "two", "three")
	s.publish("span", 3*time.Hour, "after")
	b := newPerson(t).live(s, "/topics/span", longGrace)
	b.holds("Retained", 5)

	b.drawSpan(21.5, 25.2, func() {
		b.spanSays(`3 \(\d+ B\) go between [\w ,:]+ and [\w ,:]+\.`)
		b.holds("Retained", 5) // until the button is let go
	})
	b.holds("Retained", 3)
	b.holds("Retained", 0, "before")
	b.gone("button", "Extend these 5")
	// An export of it has these three, next to go first.
	exported := eval[string](b, `fetch(document.querySelector("#span-head a.export").href).then((r) => r.text())
		.then((text) => text.trim().split("\n").map((line) => JSON.parse(line).data).join())`)
	if exported != "one,two,three" {
		t.Errorf("exported: %s", exported)
	}
	address := eval[string](b, `location.search`)
	if !strings.Contains(address, "from=") || !strings.Contains(address, "to=") {
		t.Errorf("the page's address says %q", address)
	}

	// It is held by its deadlines: opened again it is the same.
	other := newPerson(t).live(s, "/topics/span"+address)
	other.holds("Retained", 3)
	other.find("button", "Let go").click()
	other.holds("Retained", 5)

	// What is asked about is what there was: one that comes later stays as it is, as does one that others change.
	deadline := s.deadline("span", 4)
	b.find("button", "Extend these 3").click()
	b.spanSays(`Give these 3 the same time once more\?`)
	if role, name := b.focused(); role != "button" || name != "Extend 3" {
		t.Errorf("the focus is on %s %q", role, name)
	}
	s.publish("span", 10*time.Minute, "four")
	moved := s.deadline("span", 2).Add(time.Hour)
	if _, err := s.Dial().SetExpireTime(t.Context(), "span", 2, moved, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Dial().Expire(t.Context(), "span", 3); err != nil {
		t.Fatal(err)
	}
	b.keys(kb.Enter)
	b.spanSays(`1 extended, 1 had ended meanwhile, 1 had another deadline by then and keeps it\.`)
	s.goesAt("span", 4, deadline.Add(10*time.Minute))
	s.goesAt("span", 2, moved)
	b.holds("Retained", 5) // all again
	b.keys(kb.Escape)
	b.spanSays("no span")

	// By keys: from where one looks, with Shift. Esc takes back the question, then the span.
	b.find("slider", "Look ahead").focus()
	b.keys(kb.PageUp, kb.PageUp, kb.PageUp, kb.PageUp) // a minute
	b.do(chromedp.KeyEvent(kb.PageUp, chromedp.KeyModifiers(chromedp.ModifierShift)))
	b.spanSays(`2 \(\d+ B\) go between [\w ,:]+ and [\w ,:]+\.`)
	b.do(chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(chromedp.ModifierShift)))
	b.spanSays(`5 \(\d+ B\) go after [\w ,:]+\.`)
	b.do(chromedp.KeyEvent(kb.PageDown, chromedp.KeyModifiers(chromedp.ModifierShift)), chromedp.KeyEvent(kb.PageDown, chromedp.KeyModifiers(chromedp.ModifierShift)),
		chromedp.KeyEvent(kb.PageDown, chromedp.KeyModifiers(chromedp.ModifierShift)))
	b.spanSays(`3 \(\d+ B\) go between [\w ,:]+ and [\w ,:]+\.`)
	b.tabTo("button", "Expire these 3")
	b.keys(kb.Enter)
	b.spanSays(`Expire these 3\?`)
	if role, name := b.focused(); role != "button" || name != "Leave them" {
		t.Errorf("the focus is on %s %q", role, name)
	}
	b.keys(kb.Escape)
	b.spanSays(`3 \(.*`)

	// What is expired goes in a moment, in which that can be undone, here or row by row.
	before := []time.Time{s.deadline("span", 1), s.deadline("span", 5), s.deadline("span", 6)}
	b.find("button", "Expire these 3").click()
	b.find("button", "Expire 3").click()
	b.spanSays(`3 go within 5 seconds\.`)
	b.holds("Retained", 3, "Undo")
	b.find("button", "Undo").click()
	b.spanSays(`3 stay\.`)
	b.holds("Retained", 0, "Undo")
	for i, sequence := range []uint64{1, 5, 6} {
		s.goesAt("span", sequence, before[i])
	}
	// At once there is nothing to undo.
	b.usualGrace()
	b.drawSpan(16.2, 27.8, nil) // 1 to 30 minutes
	b.find("button", "Expire these 3").click()
	b.find("button", "Expire 3 at once").click()
	b.spanSays(`3 expired\.`)
	b.gone("button", "Undo")
	b.holds("Retained", 2)
	b.holds("Retained", 1, "after")
	b.keys(kb.Escape)
	b.spanSays("no span")
}

// Thousands are more than the page has loaded: all of them are counted, and changed, and Undo gives each its own back.
func TestSpanOfThousands(t *testing.T) {
	t.Parallel()
	s := startFastServer(t)
	s.publish("soon", 10*time.Minute, make([]string, 300)...)
	s.publish("many", 30*time.Minute, make([]string, 2500)...)
	b := newPerson(t).live(s, "/", longGrace)
	b.holds("Retained", 0, "many")
	b.drawSpan(27.2, 27.8, nil) // 25 to 30 minutes
	// About: the forecast knows no more than how many there are in each interval.
	b.spanSays(`≈[12],\d\d\d \(.*`)
	process.Eventually(t, patience, func() error {
		if items, err := b.items("Retained"); err != nil || len(matching(items, "many")) != len(items) || len(items) < 10 {
			return fmt.Errorf("%q, %w", items, err)
		}
		return nil
	})
	eval[any](b, `document.querySelector("#span-expire").click()`)
	b.spanSays(`Expire these 2,500\?`)
	b.find("button", "Expire 2,500").click()
	b.spanSays(`2,500 go within 5 seconds\.`)
	b.keys("u")
	b.spanSays(`2,500 stay\.`)
	kept := s.messages("many")
	if len(kept) != 2500 {
		t.Errorf("%d are alive", len(kept))
	}
	for _, m := range kept {
		if left := time.Until(m.ExpireTime); left < 20*time.Minute {
			t.Fatalf("#%d has %v left", m.Sequence, left)
		}
	}
}
