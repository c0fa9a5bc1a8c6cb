package e2e

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
	"linger/test/soak"
)

// measureLoad has the page count what a person sees in Live, and how long a key press takes to show in the slider's value
// text and to be painted.
const measureLoad = `(() => {
	const m = (globalThis.__load = { rows: new Set(), answered: [], painted: [], freezes: [] });
	const live = document.querySelector('[role=list][aria-label="Live"]');
	new MutationObserver(() => {
		for (const li of live.querySelectorAll("li.live-row")) m.rows.add(li.dataset.topic + li.dataset.seq);
	}).observe(live, { childList: true, subtree: true });
	const slider = document.querySelector("#ttl");
	let pressed = 0;
	addEventListener("keydown", (e) => { if (e.target === slider) pressed = e.timeStamp; }, { capture: true });
	new MutationObserver(() => {
		if (pressed) m.answered.push(performance.now() - pressed);
		pressed = 0;
	}).observe(slider, { attributes: true, attributeFilter: ["aria-valuetext"] });
	new PerformanceObserver((list) => {
		for (const e of list.getEntries()) if (e.name === "keydown") m.painted.push(e.duration);
	}).observe({ type: "event", durationThreshold: 16 });
	new PerformanceObserver((list) => {
		for (const e of list.getEntries()) m.freezes.push(e.duration);
	}).observe({ type: "longtask" });
})()`

// counts are the page's own numbers for Live.
type counts struct{ Published, Shown, LeftOut float64 }

func (b *tab) counts() counts {
	b.t.Helper()
	return eval[counts](b, `(({ published, shown, leftOut }) => ({ Published: +published, Shown: +shown, LeftOut: +leftOut }))(
		document.querySelector('[role=list][aria-label="Live"]').dataset)`)
}

// A topic's page that is open while 10,000 messages a second come, for 20 seconds or, when there is time, five minutes, shows
// at least 20 rows a second, tells exactly how many it left out, answers within 100 ms, and keeps no more than its ring. Paused,
// it has the last 500 messages without a gap.
func TestPageUnderLoad(t *testing.T) {
	s := startFastServer(t)
	const atATime = 10_000 // lines a second
	n := atATime * soak.Number(20, 300)
	b := newPerson(t).live(s, "/topics/numbers")
	slider := b.find("slider", "Time to live")
	slider.focus()
	paused := false
	b.do(call(performance.Enable, performance.EnableParams{TimeDomain: "threadTicks"}))
	eval[any](b, measureLoad)

	p := s.subscribe("numbers", n)
	p.publish(paced(seq(t, n), atATime), "--ttl", "1h")
	read := make(chan struct{})
	go func() { // ends with the lines, or with the process that prints them
		defer close(read)
		p.countsTo(n)
	}()

	start := time.Now()
	var bands []string
	heaps := map[int]float64{} // by how many fifths of the time have passed
	for press := 0; ; press++ {
		fifth := int(time.Since(start) * 5 / (time.Duration(n/atATime) * time.Second))
		if _, known := heaps[fifth]; !known && fifth > 0 {
			heaps[fifth] = math.Round(10*b.heap()) / 10
		}
		if fifth == 4 && !paused {
			paused = true
			b.pausedWithoutGap("numbers")
			slider.focus()
		}
		b.keys([]string{kb.ArrowRight, kb.ArrowLeft}[press%2])
		bands = append(bands, eval[string](b, `document.querySelector("#live-note").innerText`))
		select {
		case <-read:
		default:
			continue
		}
		break
	}
	took := time.Since(start)
	busy := b.busy()
	type load struct {
		Rows                      int
		Answered, Painted, Frozen []float64
	}
	m := eval[load](b, `(({ rows, answered, painted, freezes }) => ({ Rows: rows.size, Answered: answered, Painted: painted, Frozen: freezes }))(globalThis.__load)`)
	p.ends()

	// All is told: by the page's own numbers and by the server's.
	process.Eventually(t, patience, func() error {
		c := b.counts()
		return firstError(
			process.Expect("published by the page's count", c.Published, float64(n)),
			process.Expect("shown + left out", c.Shown+c.LeftOut, float64(n)),
			process.Expect("published by the server's count", s.metric("linger_published_messages_total"), float64(n)),
		)
	})
	c := b.counts()
	t.Logf("%d lines in %v; the page showed %d rows in Live, %.0f a second; by its count %.0f shown, %.0f left out; it said %q",
		n, took.Round(time.Millisecond), m.Rows, float64(m.Rows)/took.Seconds(), c.Shown, c.LeftOut, bands[len(bands)/2])
	t.Logf("%d key presses answered after %s ms; %d took 16 ms or more until painted: %s; %d long tasks: %s",
		len(m.Answered), spread(m.Answered), len(m.Painted), spread(m.Painted), len(m.Frozen), spread(m.Frozen))
	t.Logf("the page's heap after collection, in MB, by fifths of the time: %v", heaps)
	t.Logf("the page's thread worked for %.1f s of these", busy.Seconds())
	if rows := float64(m.Rows) / took.Seconds(); rows < 20 {
		t.Errorf("the page showed %.1f rows a second, fewer than 20", rows)
	}
	if share := busy.Seconds() / took.Seconds(); share > 0.9 { // the key presses of the test itself take a good part: more where the machine is quick
		t.Errorf("the page keeps its thread busy for %.0f %% of the time", 100*share)
	}
	if len(m.Answered) < 10 {
		t.Errorf("%d of the key presses were measured", len(m.Answered))
	} else if half := slices.Sorted(slices.Values(m.Answered))[len(m.Answered)/2]; half > 100 {
		// The slowest ones are the fault of what else runs on this machine as often as of the page: they are printed.
		t.Errorf("half of the key presses were answered after %.0f ms or more; 100 are allowed", half)
	}

	// The list is whole again when the rush is over.
	process.Eventually(t, patience, func() error {
		text := eval[string](b, `document.querySelector("#count").innerText`)
		return process.Expect("the number of retained messages", text, grouped(n))
	})
	items, err := b.items("Retained")
	if err != nil || len(items) == 0 {
		t.Fatalf("Retained: %q, %v", items, err)
	}
	b.holds("Retained", 1, "#1 ")
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, 5, 300))
}

// busy is how long the page's thread has worked, by the processor's clock.
func (b *tab) busy() time.Duration {
	b.t.Helper()
	m, err := chromedp.Call(b.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, metric := range m.Metrics {
		if metric.Name == "TaskDuration" {
			return time.Duration(metric.Value * float64(time.Second))
		}
	}
	b.t.Fatal("the browser does not tell how long it worked")
	return 0
}

// heap is what the page's scripts hold after a collection, in MB.
func (b *tab) heap() float64 {
	b.t.Helper()
	b.do(call(heapprofiler.CollectGarbage, cdp.Empty{}))
	usage, err := chromedp.Call(b.ctx, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	return usage.UsedSize / 1e6
}

// pausedWithoutGap pauses, fails unless the last 500 messages of the topic are all there, and resumes.
func (b *tab) pausedWithoutGap(topic string) {
	b.t.Helper()
	button := b.find("button", "Pause")
	button.click()
	process.Eventually(b.t, patience, func() error {
		return process.Expect("read back", eval[string](b, `document.querySelector("#live").dataset.readBack ?? ""`), "500")
	})
	shown, _ := b.examined(topic)
	slices.Sort(shown)
	if len(shown) < 500 {
		b.t.Fatalf("%d rows are shown while paused", len(shown))
	}
	last := shown[len(shown)-500:]
	if last[499]-last[0] != 499 {
		b.t.Errorf("of the last %d messages 500 are shown while paused", last[499]-last[0]+1)
	}
	b.find("button", "Resume").click()
}

// spread tells a median and the worst.
func spread(values []float64) string {
	if len(values) == 0 {
		return "none"
	}
	values = slices.Sorted(slices.Values(values))
	return fmt.Sprintf("%.0f, at worst %.0f", values[len(values)/2], values[len(values)-1])
}

func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
