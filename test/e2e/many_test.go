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
	const all, batch, near = 100_000, 1000, 100.0
	s := startFastServer(t)
	for from := 0; from < all; from += batch {
		messages := make([]client.Message, batch)
		for i := range messages {
			messages[i].Data = fmt.Appendf(nil, `{"order":%d,"state":"waits for its time to come"}`, from+i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := s.usual().Publish(ctx, "orders", 30*time.Minute+time.Duration(from/batch)*time.Minute, messages...)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
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

	// It scrolls by the wheel's steps, loading what it comes to.
	type scrolled struct {
		Frames []float64
		To     int
		Rows   int
	}
	m := eval[scrolled](b, `(async () => {
		const list = document.querySelector("#retained");
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
	slices.Sort(m.Frames)
	sum := 0.0
	for _, f := range m.Frames {
		sum += f
	}
	t.Logf("with %s retained and the browser's clock an hour off, rows are right to %.0f ms; scrolling to row %d by %d frames, %.0f a second, the slowest after %.0f ms; %d rows in the page",
		grouped(all), worst, m.To, len(m.Frames), 1000*float64(len(m.Frames))/sum, m.Frames[len(m.Frames)-1], m.Rows)
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
