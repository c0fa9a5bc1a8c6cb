package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// sliderAgrees fails unless slider, value text, box and line of death all tell of the same lifetime.
func sliderAgrees(b *tab, stop int, words, short string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		slider, err := b.look("slider", "Time to live")
		if err != nil {
			return err
		}
		typed, err := b.look("textbox", "Time to live, typed")
		if err != nil {
			return err
		}
		death := eval[string](b, `document.querySelector("#death").innerText`)
		// Around midnight it is gone on another day.
		wanted := regexp.MustCompile(`^(?:(Gone at \d\d:\d\d):\d\d, ` + words + ` from now|(Gone on [\w ]+, \d\d:\d\d))$`).FindStringSubmatch(death)
		if wanted == nil {
			return fmt.Errorf("the line of death is %q", death)
		}
		if !strings.Contains(slider.description(), wanted[1]+wanted[2]) {
			return fmt.Errorf("the slider is described as %q", slider.description())
		}
		return firstError(
			process.Expect("the thumb's stop", callOn[string](slider, `function() { return this.value }`), fmt.Sprint(stop)),
			process.Expect("the value text", valueText(slider), words),
			process.Expect("the box", typed.value(), short),
		)
	})
}

// valueText is what a screen reader says of a slider's value. The protocol's accessibility tree leaves it out.
func valueText(slider *control) string {
	return callOn[string](slider, `function() { return this.ariaValueText }`)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// thumb is where the slider's thumb stands when it is at a stop: it is 20 px wide and its centre stands on the axis.
func thumb(b *tab, stop int) (x, y float64) {
	r := b.find("slider", "Time to live").box()
	return r.X + 10 + (r.Width-20)*float64(stop)/47, r.Y + r.Height/2
}

// What Linger is for, in one go: type a message, drag the slider, publish; it streams in here and in a second browser,
// counts down, and at its deadline is gone.
func TestPublishByDraggingTheSlider(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	here, there := newPerson(t).live(s, "/"), newPerson(t).live(s, "/")

	sliderAgrees(here, 13, "30 seconds", "30 s") // what a new server begins with
	fromX, y := thumb(here, 13)
	toX, _ := thumb(here, 8)
	here.drag(fromX, y, toX, y, func() {
		sliderAgrees(here, 8, "10 seconds", "10 s")
		here.says("0 go before it, 0 outlive it")
	})
	sliderAgrees(here, 8, "10 seconds", "10 s")

	const text = "dragged to ten seconds"
	here.watchRow(text)
	there.watchRow(text)
	here.find("textbox", "Message").fill(text)
	here.find("button", "Publish").click()
	for _, b := range []*tab{here, there} {
		b.holds("Retained", 1, "#1", "hello", text)
		b.holds("Live", 1, "#1", "hello", text, "kept 10 s")
	}
	here.says("#1 kept 10 s, until")
	deadline := s.deadline("hello", 1)
	onTime(t, "here", here.rowEnd(text), deadline)
	onTime(t, "in the other browser", there.rowEnd(text), deadline)
	there.holds("Live", 1, "#1", text, "gone")
	there.says("gone 1 · 1 undelivered")
	here.says("#1 is gone after 10 s, received by 0.")
}

func TestPublishByKeys(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b := newPerson(t).live(s, "/")
	b.find("slider", "Time to live").focus()
	b.keys(kb.Home)
	b.says("Only for those listening now. Not kept.")
	b.keys(strings.Repeat(kb.ArrowRight, 7))
	sliderAgrees(b, 7, "8 seconds", "8 s")
	b.keys(kb.PageUp)
	sliderAgrees(b, 8, "10 seconds", "10 s")
	b.keys(kb.PageDown)
	sliderAgrees(b, 5, "5 seconds", "5 s")
	b.keys(kb.ArrowLeft, kb.ArrowDown, kb.ArrowUp)
	sliderAgrees(b, 4, "4 seconds", "4 s")

	// Between two stops the thumb stands at the exact place, and the next arrow goes to the nearest stop that way.
	typed := b.find("textbox", "Time to live, typed")
	typed.fill("1.5 h")
	b.keys(kb.Tab)
	slider := b.find("slider", "Time to live")
	if text := valueText(slider); text != "1 hour 30 minutes" {
		t.Errorf("the value text is %q", text)
	}
	twoHours := func() {
		t.Helper()
		if text := valueText(slider); text != "2 hours" {
			t.Errorf("the value text is %q", text)
		}
	}
	slider.focus()
	b.keys(kb.ArrowRight)
	twoHours()

	// From anywhere outside a field, [ and ] move one stop. Enter in the message publishes.
	b.find("button", "Publish").focus()
	b.keys("[", "]")
	twoHours()
	b.find("textbox", "Time to live, typed").fill("10 s")
	const text = "by keys alone"
	b.find("textbox", "Message").fill(text)
	b.watchRow(text)
	b.keys(kb.Enter)
	b.holds("Retained", 1, "#1", text)
	deadline := s.deadline("hello", 1)
	onTime(t, "by keys", b.rowEnd(text), deadline)
}
