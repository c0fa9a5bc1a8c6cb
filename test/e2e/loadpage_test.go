package e2e

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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
// text and to be painted. What it keeps does not grow with time: the page's heap is looked at as well.
const measureLoad = `(() => {
	// A tally counts by whole milliseconds; what is longer than it has room for is its worst.
	const tally = () => ({ count: 0, worst: 0, millis: new Uint32Array(1000) });
	const note = (tally, ms) => {
		tally.count++;
		tally.worst = Math.max(tally.worst, ms);
		tally.millis[Math.min(999, Math.round(ms))]++;
	};
	const m = (globalThis.__load = { rows: 0, answered: tally(), painted: tally(), tasks: [], moments: [] });
	const live = document.querySelector('[role=list][aria-label="Live"]');
	let last = 0; // messages of a topic come in order: a row with a greater number is a new one
	new MutationObserver(() => {
		const fresh = [...live.querySelectorAll("li.live-row")].map((li) => +li.dataset.seq).filter((seq) => seq > last);
		m.rows += fresh.length;
		last = Math.max(last, ...fresh);
	}).observe(live, { childList: true, subtree: true });
	const slider = document.querySelector("#ttl");
	slider.focus();
	let pressed = 0;
	addEventListener("keydown", (e) => { if (e.target === slider) pressed = e.timeStamp; }, { capture: true });
	new MutationObserver(() => {
		if (pressed) note(m.answered, performance.now() - pressed);
		pressed = 0;
	}).observe(slider, { attributes: true, attributeFilter: ["aria-valuetext"] });
	new PerformanceObserver((list) => {
		for (const e of list.getEntries()) if (e.name === "keydown") note(m.painted, e.duration);
	}).observe({ type: "event", durationThreshold: 16 });
	new PerformanceObserver((list) => {
		for (const { startTime, duration } of list.getEntries()) m.tasks.push({ at: startTime, took: duration });
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
//
// No control is looked for by its accessible name: from then on the browser keeps a tree of those names, with a note of each
// change that nobody takes from it, and is the slower the longer it does.
func TestPageUnderLoad(t *testing.T) {
	s := startFastServer(t)
	const atATime = 10_000 // lines a second
	n := atATime * soak.Number(20, 300)
	b := newPerson(t).live(s, "/topics/numbers")
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
	const repeat = time.Second / 30 // of a key that is held down
	var heaps []float64             // after each fifth of the time
	band := ""
	for press, ended := 0, false; !ended; press++ {
		b.keys([]string{kb.ArrowRight, kb.ArrowLeft}[press%2])
		select {
		case <-read:
			ended = true
		case <-time.After(repeat):
		}
		if fifth := int(time.Since(start) * 5 / (time.Duration(n/atATime) * time.Second)); fifth > len(heaps) || ended {
			heaps = append(heaps, b.heap())
			band = eval[string](b, `document.querySelector("#live-note").innerText`)
			if len(heaps) == 4 {
				b.during("pause", func() { b.pausedWithoutGap("numbers") })
			}
		}
	}
	took := time.Since(start)
	busy := b.busy()
	m := b.measured()
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
		n, took.Round(time.Millisecond), m.Rows, float64(m.Rows)/took.Seconds(), c.Shown, c.LeftOut, band)
	t.Logf("%d key presses answered after %s ms; %d took 16 ms or more until painted: %s",
		m.Answered.Count, m.Answered, m.Painted.Count, m.Painted)
	t.Logf("tasks of 50 ms and more, but the collections that this test asks for: %s; the collections: %s", m.tasks(false), m.tasks(true))
	t.Logf("the page's heap after a collection, in MB, by fifths of the time: %.2f", heaps)
	t.Logf("the page's thread worked for %.1f s of these", busy.Seconds())
	if rows := float64(m.Rows) / (took - m.lasted("pause")).Seconds(); rows < 20 {
		t.Errorf("the page showed %.1f rows a second while it was not paused, fewer than 20", rows)
	}
	if share := busy.Seconds() / took.Seconds(); share > 0.9 {
		t.Errorf("the page keeps its thread busy for %.0f %% of the time", 100*share)
	}
	if m.Answered.Count < 10 {
		t.Errorf("%d of the key presses were measured", m.Answered.Count)
	} else if half := m.Answered.median(); half > 100 {
		// The slowest ones are the fault of what else runs on this machine as often as of the page: they are printed.
		t.Errorf("half of the key presses were answered after %d ms or more; 100 are allowed", half)
	}
	// The ring is full after a fifth of the long form, and after none of the short one. What grows then is code, which the
	// browser goes on compiling: by a tenth in all, most of it before the second look.
	if first, last := heaps[0], heaps[len(heaps)-1]; soak.On() && last > 1.2*first {
		t.Errorf("the page's heap grew from %.2f to %.2f MB with its ring full", first, last)
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

// heap is what the page's scripts hold after a collection, in MB: the least of three, as messages come before one can look.
func (b *tab) heap() float64 {
	b.t.Helper()
	eval[any](b, drawn) // a key that was pressed does not wait for this
	least := math.Inf(1)
	for range 3 {
		b.during("collection", func() { b.do(call(heapprofiler.CollectGarbage, cdp.Empty{})) })
		usage, err := chromedp.Call(b.ctx, runtime.GetHeapUsage, cdp.Empty{})
		if err != nil {
			b.t.Fatal(err)
		}
		least = min(least, usage.UsedSize/1e6)
	}
	return least
}

// drawn waits until what has happened is painted.
const drawn = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))`

// during has the page note when the test did something to it.
func (b *tab) during(what string, do func()) {
	b.t.Helper()
	eval[any](b, `globalThis.__load.moments.push({ what: `+js(what)+`, from: performance.now(), to: Infinity })`)
	do()
	eval[any](b, `globalThis.__load.moments.at(-1).to = performance.now()`)
}

// pausedWithoutGap pauses, fails unless the last 500 messages of the topic are all there, and resumes.
func (b *tab) pausedWithoutGap(topic string) {
	b.t.Helper()
	b.keys(" ")
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
	b.keys(" ")
}

// load is what measureLoad has found.
type load struct {
	Rows              int
	Answered, Painted tally
	Tasks             []struct{ At, Took float64 } // milliseconds since the page began
	Moments           []struct {
		What     string
		From, To float64
	}
}

func (b *tab) measured() load {
	b.t.Helper()
	return eval[load](b, `(() => {
		const { rows, answered, painted, tasks, moments } = globalThis.__load;
		const plain = ({ count, worst, millis }) => ({ count, worst, millis: [...millis] });
		return { rows, answered: plain(answered), painted: plain(painted), tasks, moments };
	})()`)
}

// tasks tells of the long tasks that were collections which the test asked for, or of all others, each with when it began and
// what the test did at that time.
func (m load) tasks(collections bool) string {
	var told []string
	for _, task := range m.Tasks {
		during := ""
		for _, moment := range m.Moments {
			if task.At < moment.To && moment.From < task.At+task.Took {
				during = moment.What
			}
		}
		if (during == "collection") == collections {
			told = append(told, strings.TrimSpace(fmt.Sprintf("%.0f ms at %.0f s %s", task.Took, task.At/1000, during)))
		}
	}
	if len(told) == 0 {
		return "none"
	}
	return strings.Join(told, ", ")
}

// lasted is how long the test did something, all in all.
func (m load) lasted(what string) time.Duration {
	ms := 0.0
	for _, moment := range m.Moments {
		if moment.What == what {
			ms += moment.To - moment.From
		}
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// tally counts times by whole milliseconds.
type tally struct {
	Count  int
	Worst  float64
	Millis []int
}

// median is 0 of none.
func (y tally) median() int {
	counted := 0
	for ms, n := range y.Millis {
		if counted += n; 2*counted > y.Count {
			return ms
		}
	}
	return 0
}

// String tells the median and the worst.
func (y tally) String() string { return fmt.Sprintf("%d, at worst %.0f", y.median(), y.Worst) }

func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
