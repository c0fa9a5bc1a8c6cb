package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// Looking ahead tells what a subscriber who came then would get; Enter or a click keeps looking there, Esc lets go.
func TestLookAhead(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("ahead", 2*time.Minute, "one", "two", "three")
	s.publish("ahead", time.Hour, "four", "five")
	b := newPerson(t).live(s, "/topics/ahead")
	b.holds("Retained", 5)

	type look struct {
		Says, Shown, Search string
		Dim                 int
	}
	over := "" // what the bar under the pointer has
	expect := func(says, search string, dim int) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			got := eval[look](b, `({
				Says: document.querySelector("#ahead").getAttribute("aria-valuetext").replace(/ at .*?: | \(.*?\)/g, (m) => m.endsWith(" ") ? " " : ""),
				Shown: document.querySelector("#ahead-says").innerText.replace(/ at .*?: | \(.*?\)/g, (m) => m.endsWith(" ") ? " " : ""),
				Search: location.search, Dim: document.querySelectorAll("#retained .dim").length,
			})`)
			shown := says
			if says == "Now" {
				shown = ""
			}
			if over != "" {
				shown += "\n" + over
			}
			if want := (look{says, shown, search, dim}); got != want {
				return fmt.Errorf("it shows %+v, not %+v", got, want)
			}
			return nil
		})
	}

	ahead := b.find("slider", "Look ahead")
	expect("Now", "", 0)
	ahead.focus()
	b.keys(kb.PageUp, kb.PageUp, kb.PageUp, kb.PageUp, kb.PageUp)
	expect("In 10 min, 2 still here, 3 gone.", "", 3)
	b.keys(kb.ArrowRight, kb.ArrowLeft, kb.Enter)
	expect("In 10 min, 2 still here, 3 gone.", "?at=10m", 3)
	b.keys(kb.Escape)
	expect("Now", "", 0)

	b.load(s.URL("/topics/ahead?at=10m"))
	b.connected("Live")
	expect("In 10 min, 2 still here, 3 gone.", "?at=10m", 3)

	// The pointer looks elsewhere while it is there, and a click keeps looking.
	box := eval[struct{ X, Y, Width, Height float64 }](b, `document.querySelector("#ahead").getBoundingClientRect().toJSON()`)
	x, y := box.X+box.Width*41/47, box.Y+box.Height/2
	b.mouse(chromedp.MouseMoved, x-1, y)
	over = "Between 18 h and 1 d: 0."
	expect("In 1 d, 0 still here, 5 gone.", "?at=10m", 5)
	if bold := eval[string](b, `document.querySelector("#ahead-says strong").innerText`); bold != "0 still here, 5 gone" {
		t.Errorf("what stands out of the sentence is %q", bold)
	}
	over = ""
	b.mouse(chromedp.MouseMoved, box.X, box.Y+300)
	expect("In 10 min, 2 still here, 3 gone.", "?at=10m", 3)
	b.mouse(chromedp.MouseMoved, x, y)
	b.mouse(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))
	b.mouse(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))
	expect("In 1 d, 0 still here, 5 gone.", "?at=1d", 5)
	b.keys(kb.Escape)
	expect("Now", "", 0)
}
