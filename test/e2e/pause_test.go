package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// Pause holds both lists until one resumes, counts what arrives meanwhile, and has no gap of the watch's making in what
// one then examines: the last 500 messages are read back.
func TestPause(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, "before")
	b := newPerson(t).live(s, "/")
	b.holds("Live", 1, "before")

	// From wherever the keys have led: a slider, a row's link.
	b.find("slider", "Look ahead").focus()
	b.stroke(" ")
	b.says("Paused ")
	b.stroke("j ")
	b.find("button", "Pause")
	b.stroke(" ")
	b.says("· nothing has arrived")
	s.publish("orders", 500*time.Millisecond, "short")
	s.publish("orders", time.Hour, "long", "longer")
	b.says("· 3 arrived, 1 of them gone")
	for _, list := range []string{"Live", "Retained"} {
		b.holds(list, 1, "before")
		b.holds(list, 0, "long")
	}
	b.find("button", "Resume").click()
	for list, n := range map[string]int{"Live": 3, "Retained": 2} {
		b.holds(list, 1, "longer")
		process.Eventually(t, patience, func() error {
			items, err := b.items(list)
			if err == nil {
				err = process.Expect("rows with #", len(matching(items, "#")), n+1)
			}
			return err
		})
	}

	// More at once than the watch shows, some of it dead by the time that it is read back.
	const many = 700
	for from := 0; from < many; from += 100 {
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = fmt.Sprintf("many %d", from+i+1)
		}
		ttl := time.Hour
		if from == 400 {
			ttl = 100 * time.Millisecond
		}
		s.publish("many", ttl, texts...)
	}
	process.Eventually(t, patience, func() error {
		return process.Expect("published by the page's count", b.counts().Published, many+3.0)
	})
	b.find("button", "Pause").click()
	process.Eventually(t, patience, func() error {
		return process.Expect("read back", eval[string](b, `document.querySelector("#live").dataset.readBack ?? ""`), "500")
	})
	shown, ended := b.examined("many")
	if ended+len(shown) < 600 || ended > 100 {
		t.Errorf("%d of the last 600 are shown and %d told as gone", len(shown), ended)
	}
	for sequence := many; sequence > many-600; sequence-- {
		if alive := sequence <= 400 || sequence > 500; alive && !slices.Contains(shown, sequence) {
			t.Errorf("#%d is alive and not among what was read back", sequence)
		}
	}

	// Of what one publishes, the result says where its row is: beyond what is loaded, it is loaded to go there; above, or kept
	// from a held list, that is let go.
	b.find("button", "Resume").click()
	for _, to := range []struct{ message, ttl, like string }{
		{"far", "2 h", `^≈?5\d\d rows down ↓$`},
		{"soon", "30 min", `^\d+ rows up ↑$`},
	} {
		b.publish("orders", to.message, to.ttl)
		process.Eventually(t, patience, func() error {
			says, err := tryEval[string](b, `document.querySelector("#down").innerText`)
			if err == nil && !regexp.MustCompile(to.like).MatchString(says) {
				err = fmt.Errorf("of the row of %q it is said: %q", to.message, says)
			}
			return err
		})
		eval[any](b, `document.querySelector("#down").click()`)
		b.focusIn(to.message)
	}

	// What a look ahead tells is counted, though the list has not loaded as many.
	b.find("slider", "Look ahead").focus()
	b.keys(strings.Repeat(kb.PageUp, 6))
	process.Eventually(t, patience, func() error {
		says, err := tryEval[string](b, `document.querySelector("#ahead").getAttribute("aria-valuetext")`)
		if err == nil && !regexp.MustCompile(`^In 1 h, .*: 1 still here \(.*\), 604 gone\.$`).MatchString(says) {
			err = fmt.Errorf("the look ahead says %q", says)
		}
		return err
	})
}

// examined reads Live from its start to its end: which messages of a topic it shows, and how many it tells as gone.
func (b *tab) examined(topic string) (shown []int, ended int) {
	b.t.Helper()
	type found struct {
		Shown []int
		Ended int
	}
	f := eval[found](b, `(async () => {
		const list = document.querySelector("#live");
		const shown = new Set(), ended = new Map();
		const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
		const drawn = () => { // rows are where one has scrolled to; a page with much to do takes its time
			const view = list.getBoundingClientRect(), first = list.firstElementChild, last = list.lastElementChild;
			return first?.getBoundingClientRect().top <= view.top + 60 && last.getBoundingClientRect().bottom >= view.bottom - 60;
		};
		for (let at = -1; at < list.scrollTop || at < 0; ) {
			at = list.scrollTop;
			await frame();
			for (let patience = 100; patience > 0 && !drawn(); patience--) await frame();
			for (const li of list.children) {
				if (li.dataset.topic === `+js(topic)+`) shown.add(Number(li.dataset.seq));
				const gone = /^⋯ ([\d,]+) more, gone$/.exec(li.textContent);
				if (gone && li.nextElementSibling) ended.set(li.nextElementSibling.dataset.seq, Number(gone[1].replaceAll(",", "")));
			}
			list.scrollTop += 700;
		}
		list.scrollTop = 0;
		await frame();
		return { Shown: [...shown], Ended: [...ended.values()].reduce((a, b) => a + b, 0) };
	})()`)
	return f.Shown, f.Ended
}
