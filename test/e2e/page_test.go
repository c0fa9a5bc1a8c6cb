package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"linger/test/process"
)

// live opens the page at path for a person and waits until it says that it is live.
func (p *person) live(s *server, path string, options ...func(*tab)) *tab {
	p.t.Helper()
	b := p.open(s.URL(path), options...)
	b.connected("Live")
	return b
}

// connected waits until the mark at the top of the page reads so.
func (b *tab) connected(mark string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		text, err := tryEval[string](b, `document.querySelector("#mark")?.innerText ?? "missing"`)
		if err == nil && !strings.HasPrefix(text, mark) {
			err = fmt.Errorf("the page says %q, not %q", text, mark)
		}
		return err
	})
}

// items are the texts of a list's rows, in order, found by the list's accessible name. (The whole accessibility tree is
// asked for it in TestNames; asking for each look would take most of the tests' time.)
func (b *tab) items(list string) ([]string, error) {
	return tryEval[[]string](b, `[...document.querySelectorAll('[role=list][aria-label=`+js(list)+`] > li')]
		.map((li) => li.innerText.replace(/\s+/g, " ").trim())`)
}

// holds waits until exactly n rows of a list contain all of the words.
func (b *tab) holds(list string, n int, words ...string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		items, err := b.items(list)
		if err != nil {
			return err
		}
		if found := matching(items, words...); len(found) != n {
			all, _ := tryEval[string](b, `document.body.innerText`)
			return fmt.Errorf("%d rows of %s with %q, not %d: %q\n%s", len(found), list, words, n, items, all)
		}
		return nil
	})
}

func matching(items []string, words ...string) []string {
	var found []string
next:
	for _, item := range items {
		for _, w := range words {
			if !strings.Contains(item, w) {
				continue next
			}
		}
		found = append(found, item)
	}
	return found
}

// says waits until the text stands somewhere on the page.
func (b *tab) says(text string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		all, err := tryEval[string](b, `document.body.innerText`)
		if err == nil && !strings.Contains(strings.Join(strings.Fields(all), " "), text) {
			err = fmt.Errorf("nowhere on the page: %q, but:\n%s", text, all)
		}
		return err
	})
}

// publish fills in the form and presses Publish.
func (b *tab) publish(topic, message, ttl string) {
	b.t.Helper()
	b.find("combobox", "Topic").fill(topic)
	b.find("textbox", "Message").fill(message)
	b.find("textbox", "Time to live, typed").fill(ttl)
	b.find("button", "Publish").click()
}

// watchRow notes in the page when the row with this text shows that its message is gone, and when it leaves the list.
func (b *tab) watchRow(text string) {
	b.t.Helper()
	eval[any](b, `(() => {
		const list = document.querySelector('[aria-label="Retained"]');
		const seen = (window.__rows ??= {})[`+js(text)+`] = { Gap: 0 };
		const now = () => performance.timeOrigin + performance.now();
		// The longest that the page had to wait for a frame, of late: it cannot show anything sooner.
		let frames = [], before = now();
		const frame = () => {
			const here = now();
			frames = [...frames.filter(({ at }) => at > here - 1000), { at: here, gap: here - before }];
			before = here;
			if (!seen.Dead) requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
		const look = () => {
			const row = [...list.children].find((li) => li.innerText.includes(`+js(text)+`));
			if (row && !seen.Shown) seen.Shown = now();
			if (seen.Shown && !seen.Dead && !(row && /[\d.]+ (s|h|d)|\d:\d\d/.test(row.querySelector(".left").innerText))) {
				seen.Dead = now();
				seen.Gap = Math.max(seen.Dead - before, ...frames.map(({ gap }) => gap));
			}
			if (seen.Shown && !row && !seen.Left) seen.Left = now();
		};
		new MutationObserver(look).observe(list, { childList: true, subtree: true, characterData: true });
		look();
	})()`)
}

// rowTimes are the moments, in milliseconds since 1970, that watchRow noted; 0: not yet. Gap is the longest that the page
// waited for a frame in the second before Dead, in milliseconds.
type rowTimes struct{ Shown, Dead, Left, Gap float64 }

// rowEnd waits for the end of a row that watchRow watches.
func (b *tab) rowEnd(text string) rowTimes {
	b.t.Helper()
	var seen rowTimes
	process.Eventually(b.t, patience, func() (err error) {
		seen, err = tryEval[rowTimes](b, `window.__rows[`+js(text)+`]`)
		if err == nil && seen.Left == 0 {
			err = fmt.Errorf("the row of %q is still there", text)
		}
		return err
	})
	return seen
}

// onTime fails unless a row went at its message's deadline, as far as the machine gave its page time to draw.
func onTime(t testing.TB, who string, seen rowTimes, deadline time.Time) {
	t.Helper()
	late := time.Duration((seen.Dead - float64(deadline.UnixMilli())) * float64(time.Millisecond))
	t.Logf("%s: gone %v after its deadline, out of the list %v after it", who, late.Round(time.Millisecond),
		time.Duration((seen.Left-float64(deadline.UnixMilli()))*float64(time.Millisecond)).Round(time.Millisecond))
	const allowed = 250 * time.Millisecond
	gap := time.Duration(seen.Gap * float64(time.Millisecond))
	if late < -allowed || late > allowed+2*gap { // a frame in which it was not over yet, and one to draw that it is
		t.Errorf("%s: gone %v after its deadline; %v are allowed, and two frames of up to %v", who, late, allowed, gap)
	}
}
