package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"linger/client"
	"linger/test/process"
)

// A hundred thousand messages count down in one list: it scrolls, and each row tells what the command line tells, whatever
// the browser's clock says.
func TestAHundredThousandRetained(t *testing.T) {
	const all, near = 100_000, 100.0
	s := startFastServer(t)
	s.fill("orders", all)
	b := newPerson(t).open(wrongClock(t, s).URL + "/topics/orders")
	b.connected("Live")
	b.says("of " + grouped(all))

	deadlines, vague := deadlinesShown(b, 12)
	list := s.messages("orders")
	if len(list) != all {
		t.Fatalf("the command line lists %d messages", len(list))
	}
	worst := 0.0
	for row, shown := range deadlines {
		off := shown - float64(list[row].ExpireTime.UnixMilli())
		worst = max(worst, off, -off)
		if off < -near-vague || off > near+vague {
			t.Errorf("#%d goes %.0f ms after what the command line says", list[row].Sequence, off)
		}
	}

	m := b.scroll("#retained")
	t.Logf("with %s retained and the browser's clock an hour off, rows are right to %.0f ms; scrolling to row %d by %d frames, %.0f a second, the slowest after %.0f ms; %d rows in the page",
		grouped(all), worst, m.To, len(m.Frames), m.perSecond(), slices.Max(m.Frames), m.Rows)
	if m.Rows > 200 {
		t.Errorf("%d rows are in the page", m.Rows)
	}
	if m.To != 240 {
		t.Errorf("it came to row %d, not to 240", m.To)
	}
	process.Eventually(t, patience, func() error {
		return process.Expect("the list's head", eval[bool](b, `/· [\d,]+–[\d,]+ of 100,000$/.test(document.querySelector("#retained-sub").innerText)`), true)
	})
}

// scrolled is how a list scrolled: milliseconds from frame to frame, to what row, and how many rows were in the page then.
type scrolled struct {
	Frames []float64
	To     int
	Rows   int
}

// perSecond is how many frames a second there were.
func (s scrolled) perSecond() float64 {
	sum := 0.0
	for _, f := range s.Frames {
		sum += f
	}
	return 1000 * float64(len(s.Frames)) / sum
}

// scroll scrolls a list by 120 of the wheel's steps, one a frame; the list loads what it comes to.
func (b *tab) scroll(list string) scrolled {
	b.t.Helper()
	return eval[scrolled](b, `(async () => {
		const list = document.querySelector(`+js(list)+`);
		const frames = [];
		let before = await new Promise(requestAnimationFrame);
		for (let i = 0; i < 120; i++) {
			list.scrollTop += 64;
			const at = await new Promise(requestAnimationFrame);
			frames.push(at - before);
			before = at;
		}
		return { Frames: frames, To: Math.round(list.scrollTop / 32), Rows: list.children.length };
	})()`)
}

// fill publishes so many messages, a thousand at a time, which live from half an hour on, each thousand a minute longer.
func (s *server) fill(topic string, all int) {
	s.t.Helper()
	const batch = 1000
	for from := 0; from < all; from += batch {
		messages := make([]client.Message, batch)
		for i := range messages {
			messages[i].Data = fmt.Appendf(nil, `{"order":%d,"state":"waits for its time to come"}`, from+i)
		}
		ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
		_, err := s.usual().Publish(ctx, topic, 30*time.Minute+time.Duration(from/batch)*time.Minute, messages...)
		cancel()
		if err != nil {
			s.t.Fatal(err)
		}
	}
}
