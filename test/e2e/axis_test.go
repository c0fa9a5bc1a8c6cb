package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// differences are the greatest ones seen between where something stands and where the scale says, in pixels.
type differences struct {
	sync.Mutex
	found map[string]float64
}

// near fails when something stands more than `within` pixels from its place, and notes by how much it was off.
func (d *differences) near(t *testing.T, width int64, what string, got, want, within float64) {
	t.Helper()
	d.Lock()
	defer d.Unlock()
	if d.found == nil {
		d.found = map[string]float64{}
	}
	off := math.Abs(got - want)
	d.found[what] = max(d.found[what], off)
	if off > within {
		t.Errorf("%d px: %s stands at %.2f, not at %.2f", width, what, got, want)
	}
}

// print tells them, greatest first.
func (d *differences) print(t *testing.T) {
	names := slices.SortedFunc(maps.Keys(d.found), func(a, b string) int { return cmp.Compare(d.found[b], d.found[a]) })
	for _, name := range names {
		t.Logf("%s: off by at most %.2f px", name, d.found[name])
	}
}

// axisMarks are where the page draws: x of the axis' ends, the hairline, the right end of the rail's filled part, and the
// right ends of two lines for each retained message, with what it has left at that moment.
type axisMarks struct {
	Left, Right, Hairline, Fill float64
	Thumb                       box // the slider, with its overhang
	Lines                       []struct{ Rest, Had, LeftMs, HadMs float64 }
	Overflow                    float64
	Falls, FootHidden           float64 // by how much the hairline reaches into Retained, and its foot below what is seen
	Foot                        string
}

// Thumb, hairline and lines stand where the scale says, to a pixel, on every width.
func TestOneAxis(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, ttl := range []time.Duration{4 * time.Minute, 7 * time.Minute, 25 * time.Minute, time.Hour, 26 * time.Hour, 7 * 24 * time.Hour} {
		s.publish("axis", ttl, ttl.String())
	}
	b := newPerson(t).live(s, "/")
	var seen differences
	for _, width := range []int64{1280, 1680, 390} {
		b.size(width, 800)
		b.load(s.URL("/"))
		b.connected("Live")
		if width < 720 {
			b.find("textbox", "Message").focus() // opens the form
		}
		for _, c := range []struct {
			ttl string
			ms  float64
		}{{"5 s", 5e3}, {"40 s", 40e3}, {"45 min", 45 * 60e3}, {"7 d", 7 * 86400e3}} {
			typed := b.find("textbox", "Time to live, typed")
			typed.fill(c.ttl)
			b.find("slider", "Time to live").focus()
			m := eval[axisMarks](b, `(() => {
				const rect = (e) => (typeof e === "string" ? document.querySelector(e) : e).getBoundingClientRect();
				const { x: X, y: Y, width: Width, height: Height } = rect("#ttl");
				const now = performance.timeOrigin + document.timeline.currentTime; // of the frame that stands there
				return {
					Left: rect("#rail").left, Right: rect("#rail").right, Hairline: rect("#hairline").right - 0.5, Fill: rect("#rail .fill").right,
					Thumb: { X, Y, Width, Height },
					Lines: [...document.querySelectorAll("#retained li.row")].map((li) => ({
						Rest: rect(li.querySelector(".rest")).right, Had: rect(li.querySelector(".had")).right,
						LeftMs: Number(li.dataset.expires) - now, HadMs: Number(li.dataset.expires) - Number(li.dataset.published),
					})),
					Overflow: document.documentElement.scrollWidth - innerWidth,
					Falls: rect("#hairline").bottom - rect("#retained").top,
					FootHidden: rect("#hairline-foot").bottom - (innerWidth < 720 ? rect("#publish").top : innerHeight),
					Foot: document.querySelector("#hairline-foot").innerText.replace(/≈?\d+/g, "n"),
				};
			})()`)
			place := func(ms float64) float64 { return m.Left + (m.Right-m.Left)*axisPosition(ms) }
			seen.near(t, width, "the thumb", b.seenThumb(m.Thumb), place(c.ms), 1)
			seen.near(t, width, "the rail's filled part", m.Fill, place(c.ms), 0.6)
			seen.near(t, width, "the hairline", m.Hairline, place(c.ms), 0.6)
			if len(m.Lines) != 6 {
				t.Errorf("%d px: %d lines", width, len(m.Lines))
			}
			for _, line := range m.Lines {
				seen.near(t, width, "a line's end", line.Rest, place(line.LeftMs), 0.6)
				seen.near(t, width, "a line's beginning", line.Had, place(line.HadMs), 0.6)
			}
			if m.Falls < 50 || m.FootHidden > 0 || m.Foot != "n go before it, n outlive it" && m.Foot != "n goes before it, n outlive it" {
				t.Errorf("%d px, %s: the hairline reaches %.0f px into Retained, its foot %q %.0f px beyond what is seen", width, c.ttl, m.Falls, m.Foot, m.FootHidden)
			}
			if m.Overflow > 0 {
				t.Errorf("the page is %v px wider than the screen of %d", m.Overflow, width)
			}
		}
	}
	seen.print(t)
}

// seenThumb is the x of the thumb's middle on a picture: no script can ask where the browser draws it. Seven pixels above
// its middle the thumb is all there is on the slider.
func (b *tab) seenThumb(slider box) float64 {
	b.t.Helper()
	picture := b.picture()
	y := int(slider.Y+slider.Height/2) - 7
	const widest = 30 // with the ring of the focus, which at the end of the axis reaches beyond the slider
	ground := picture.At(int(slider.X)-1, y)
	from, to := -1, -1
	for x := int(slider.X); x < picture.Bounds().Max.X && (from < 0 || x < from+widest); x++ {
		if distance(picture.At(x, y), ground) < 20 {
			continue
		}
		if from < 0 {
			from = x
		}
		to = x + 1
	}
	if from < 0 {
		b.t.Fatal("no thumb is to be seen")
	}
	return float64(from+to) / 2
}

// picture is what the tab looks like now, a pixel of the screen a pixel of the page.
func (b *tab) picture() image.Image {
	b.t.Helper()
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	return picture
}

// distance is how different two colours are: 0 to 255, in the part in which they differ most.
func distance(a, b color.Color) int {
	r1, g1, b1, _ := a.RGBA()
	r2, g2, b2, _ := b.RGBA()
	part := func(x, y uint32) int { return max(int(x>>8)-int(y>>8), int(y>>8)-int(x>>8)) }
	return max(part(r1, r2), part(g1, g2), part(b1, b2))
}

// axisPosition is a lifetime's share of the axis, by the design's table of stops.
func axisPosition(ms float64) float64 {
	seconds := []float64{1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50}
	stops := []float64{0}
	for _, unit := range []float64{1e3, 60e3} {
		for _, s := range seconds {
			stops = append(stops, s*unit)
		}
	}
	for _, h := range []float64{1, 2, 3, 4, 5, 6, 8, 10, 12, 18} {
		stops = append(stops, h*3600e3)
	}
	for d := range 7 {
		stops = append(stops, float64(d+1)*86400e3)
	}
	for i := 1; i < len(stops); i++ {
		if ms <= stops[i] {
			return (float64(i-1) + (ms-stops[i-1])/(stops[i]-stops[i-1])) / 47
		}
	}
	return 1
}

// horizonMarks are where the horizon draws: x of the ticks with what their messages have left, and both sides of the bars.
type horizonMarks struct {
	Left, Right float64
	Ticks       []float64
	LeftMs      []float64
	Bars        []struct{ Index, Left, Right, Height float64 }
	Tallest     float64
	Hairline    string
	Label       string
}

const readHorizon = `(() => {
	const rect = (e) => (typeof e === "string" ? document.querySelector(e) : e).getBoundingClientRect();
	const now = performance.timeOrigin + document.timeline.currentTime;
	const shown = (e) => e.checkVisibility({ visibilityProperty: true });
	return {
		Left: rect("#rail").left, Right: rect("#rail").right,
		Ticks: [...document.querySelectorAll("#horizon line")].filter(shown).map((e) => (rect(e).left + rect(e).right) / 2),
		LeftMs: [...document.querySelectorAll("#retained li.row")].map((li) => Number(li.dataset.expires) - now),
		Bars: [...document.querySelectorAll("#horizon .interval")].map((e, i) => [e, i]).filter(([e]) => shown(e)).map(([e, i]) => ({
			Index: i, Left: rect(e).left, Right: rect(e).right, Height: rect(e).height,
		})),
		Tallest: rect("#horizon").height,
		Hairline: getComputedStyle(document.querySelector("#hairline")).visibility,
		Label: document.querySelector("#horizon").getAttribute("aria-label"),
	};
})()`

// The horizon stands on the same axis: few messages as ticks, many as bars from stop to stop.
func TestHorizonOnTheAxis(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, ttl := range []time.Duration{4 * time.Minute, 7 * time.Minute, time.Hour, 26 * time.Hour, 7 * 24 * time.Hour} {
		s.publish("few", ttl, ttl.String())
	}
	s.publish("many", 90*time.Minute, make([]string, 150)...)
	s.publish("many", 26*time.Hour, make([]string, 60)...)
	s.publish("many", 4*24*time.Hour, "alone")
	b := newPerson(t).live(s, "/")
	var seen differences
	for _, width := range []int64{1280, 1680, 390} {
		b.size(width, 800)
		near := func(what string, got, want, within float64) {
			t.Helper()
			seen.near(t, width, what, got, want, within)
		}
		look := func(path string, ready func(m horizonMarks) bool) (m horizonMarks) {
			t.Helper()
			b.load(s.URL(path))
			b.connected("Live")
			if width < 720 {
				b.find("textbox", "Message").focus() // opens the form
			}
			process.Eventually(t, patience, func() error {
				if m = eval[horizonMarks](b, readHorizon); !ready(m) {
					return fmt.Errorf("it shows %+v", m)
				}
				return nil
			})
			if m.Hairline != "visible" {
				t.Errorf("%d px: at rest the hairline is %s", width, m.Hairline)
			}
			return m
		}

		m := look("/topics/few", func(m horizonMarks) bool { return len(m.Ticks) == len(m.LeftMs) && len(m.Bars) == 0 })
		for i, x := range m.Ticks {
			near("a tick", x, m.Left+(m.Right-m.Left)*axisPosition(m.LeftMs[i]), 1)
		}

		m = look("/topics/many", func(m horizonMarks) bool { return len(m.Bars) == 3 && len(m.Ticks) == 0 })
		if m.Label != "211 retained; none goes within a minute, the last within 4 d" {
			t.Errorf("the horizon is called %q", m.Label)
		}
		for i, want := range []struct{ index, share float64 }{{31, 1}, {41, 60. / 150}, {43, 1. / 150}} {
			bar := m.Bars[i]
			if bar.Index != want.index {
				t.Errorf("%d px: a bar in interval %v, not %v", width, bar.Index, want.index)
			}
			near("a bar's left side, with its gap", bar.Left, m.Left+(m.Right-m.Left)*want.index/47, 1.1)
			near("a bar's right side, with its gap", bar.Right, m.Left+(m.Right-m.Left)*(want.index+1)/47, 1.1)
			near("a bar's middle", (bar.Left+bar.Right)/2, m.Left+(m.Right-m.Left)*(want.index+0.5)/47, 0.6)
			near("a bar's top", bar.Height, max(3, want.share*m.Tallest), 1)
		}

		// The line that looks ahead, and a span: the whole of the intervals that were drawn over.
		strip := b.stripBox()
		y := strip.Y + 10
		b.mouse(chromedp.MouseMoved, strip.stop(36.2), y)
		near("the line that looks ahead", eval[float64](b, `document.querySelector("#ahead-line").getBoundingClientRect().right - 0.5`), strip.stop(36), 0.6)
		b.drag(strip.stop(30.5), y, strip.stop(41.4), y, nil)
		edges := eval[struct{ Left, Right, FromMs, ToMs float64 }](b, `(() => {
			const now = Date.now(), { searchParams } = new URL(location.href);
			const { left, right } = document.querySelector("#span rect").getBoundingClientRect();
			return { Left: left, Right: right, FromMs: Date.parse(searchParams.get("from")) - now, ToMs: Date.parse(searchParams.get("to")) - now };
		})()`)
		near("a span's beginning", edges.Left, strip.X+strip.Width*axisPosition(edges.FromMs), 1)
		near("a span's end", edges.Right, strip.X+strip.Width*axisPosition(edges.ToMs), 1)
		near("a span's beginning, of its interval", edges.Left, strip.stop(30), 1)
		b.keys(kb.Escape)
	}
	seen.print(t)
}
