package e2e

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// asksFor waits until the form would ask for this lifetime, by the box.
func (b *tab) asksFor(ttl string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		return process.Expect("the box", eval[string](b, `document.querySelector("#ttl-text").value`), ttl)
	})
}

// hatches are the shares of the axis that are shown as outside the policy, and what stands at its end.
type hatches struct {
	Low, High float64
	Zero      bool // is outside, too
	End       string
}

func (b *tab) hatches() (h hatches) {
	b.t.Helper()
	return eval[hatches](b, `(() => {
		const rect = (e) => document.querySelector(e).getBoundingClientRect();
		const { left, width } = rect("#rail");
		return {
			Low: (rect("#rail .low").right - left) / width, High: (rect("#rail .high").left - left) / width,
			Zero: getComputedStyle(document.querySelector("#rail .low")).clipPath === "none",
			End: document.querySelector('.preset[data-stop="47"] span').innerText,
		};
	})()`)
}

// The slider shows what a topic keeps, and does not ask for what it would not get.
func TestPolicyOnTheSlider(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--ttl-max", "30d")
	s.linger("topic", "orders", "create", "--ttl-min", "5s", "--ttl-default", "1m", "--ttl-max", "1h")
	s.linger("topic", "archive", "create", "--ttl-min", "10s", "--ttl-default", "12h", "--refuse-zero")
	s.publish("orders", time.Minute, "one") // no longer a server that never had a message
	b := newPerson(t).live(s, "/")
	topic := b.find("combobox", "Topic")
	shows := func(want hatches) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			got := b.hatches()
			if math.Abs(got.Low-want.Low) > 0.002 || math.Abs(got.High-want.High) > 0.002 || got.Zero != want.Zero || got.End != want.End {
				return fmt.Errorf("the slider shows %+v, not %+v", got, want)
			}
			return nil
		})
	}

	// Another topic's default moves the thumb as long as nobody else did.
	b.asksFor("10 min")
	topic.fill("orders")
	b.asksFor("1 min")
	shows(hatches{5. / 47, 31. / 47, false, "7 d"})
	topic.fill("archive")
	b.asksFor("12 h")
	shows(hatches{8. / 47, 1, true, "7 d +"})
	topic.fill("nobody.knows")
	b.asksFor("10 min")
	shows(hatches{0, 1, false, "7 d +"})

	// Keys stop at the limits; 0 is within them unless the policy says otherwise.
	topic.fill("orders")
	b.asksFor("1 min")
	slider := b.find("slider", "Time to live")
	slider.focus()
	b.keys(kb.End)
	b.asksFor("1 h")
	b.keys(kb.ArrowRight)
	b.asksFor("1 h")
	b.says("orders keeps 5 s to 1 h")
	b.keys(kb.Home)
	b.asksFor("0")
	if b.keys(kb.ArrowRight); valueText(slider) != "5 seconds" {
		t.Errorf("after 0 the slider says %q", valueText(slider))
	}

	// The thumb may be dragged beyond them, and springs back.
	fromX, y := thumb(b, 5)
	toX, _ := thumb(b, 41)
	b.drag(fromX, y, toX, y, func() { b.asksFor("1 d") })
	b.asksFor("1 h")
	b.says("orders keeps 5 s to 1 h")

	// By now the person has chosen: a topic that allows it leaves it, one that does not moves it to its nearest.
	topic.fill("archive")
	shows(hatches{8. / 47, 1, true, "7 d +"})
	b.asksFor("1 h")
	slider.focus()
	b.keys(kb.End)
	b.asksFor("30 d")
	b.keys(kb.Home)
	b.asksFor("10 s")
	b.says("archive keeps 10 s to 30 d")

	// That is no error, and is said no longer where the lifetime is one that the topic keeps.
	if eval[bool](b, `["#ttl-kept", "#ttl-error"].map((e) => getComputedStyle(document.querySelector(e)).color).every((colour, _, [error]) => colour === error)
			|| document.querySelector("#ttl-text").matches("[aria-invalid]")`) {
		t.Error("that a lifetime was moved is drawn as an error")
	}
	topic.fill("orders")
	process.Eventually(t, patience, func() error {
		return process.Expect("what is said of the lifetime", eval[string](b, `document.querySelector("#ttl-kept").innerText`), "")
	})
	b.asksFor("10 s")

	// The last lifetime used for a topic is remembered in this browser, within what the topic keeps.
	b.publish("orders", "remembered", "40 s")
	b.says("kept 40 s, until")
	b.load(s.URL("/"))
	b.connected("Live")
	topic = b.find("combobox", "Topic")
	topic.fill("orders")
	b.asksFor("40 s")
	s.linger("topic", "orders", "set", "--ttl-max", "30s", "--ttl-default", "10s")
	b.load(s.URL("/topics/orders"))
	b.connected("Live")
	b.asksFor("30 s")
	if text := eval[string](b, `document.querySelector("#ttl-error").innerText`); text != "" {
		t.Errorf("nobody asked for more, but it says %q", text)
	}
}

// What lives longer than the axis goes on beyond its edge.
func TestLongerThanTheAxis(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--ttl-max", "30d")
	s.publish("archive", 20*24*time.Hour, "long")
	s.publish("archive", 6*24*time.Hour, "shorter")
	check := func(b *tab, who string) {
		t.Helper()
		got := eval[[]string](b, `[...document.querySelectorAll("#retained .life")].map((life) => {
			const edge = life.getBoundingClientRect().right;
			const ends = (e) => Math.abs(life.querySelector(e).getBoundingClientRect().right - edge) < 0.6;
			const dots = getComputedStyle(life, "::after").borderTopStyle;
			return [ends(".rest"), ends(".had"), life.hasAttribute("data-open"), dots].join(" ");
		})`)
		if want := "false false false none|true true true dotted"; strings.Join(got, "|") != want {
			t.Errorf("%s the lines are %q", who, got)
		}
		if end := b.hatches().End; end != "7 d +" {
			t.Errorf("%s the axis ends with %q", who, end)
		}
	}
	b := newPerson(t).live(s, "/topics/archive")
	b.holds("Retained", 2)
	check(b, "with script")
	b = newPerson(t).open(s.URL("/topics/archive"), withoutScript)
	check(b, "without script")
}
