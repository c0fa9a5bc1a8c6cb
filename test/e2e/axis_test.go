package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"linger/test/process"
)

// axisMarks are where the page draws: x of the axis' ends, the thumb's centre, the hairline, and the right ends of two
// lines for each retained message, with what it has left at that moment.
type axisMarks struct {
	Left, Right, Hairline, Slider, Value float64
	Lines                                []struct{ Rest, Had, LeftMs, HadMs float64 }
	Overflow                             float64
}

// Thumb, hairline and lines stand where the scale says, to a pixel, on every width.
func TestOneAxis(t *testing.T) {
	s := startServer(t)
	for _, ttl := range []time.Duration{25 * time.Second, time.Minute, 7 * time.Minute, time.Hour, 26 * time.Hour, 7 * 24 * time.Hour} {
		s.publish("axis", ttl, ttl.String())
	}
	b := newPerson(t).live(s, "/")
	for _, width := range []int64{1280, 1680, 390} {
		b.size(width, 800)
		b.load(s.URL("/"))
		b.connected("Live")
		if width < 720 {
			b.find("textbox", "Message").focus() // opens the form
		}
		for _, ttl := range []string{"5 s", "40 s", "45 min", "7 d"} {
			typed := b.find("textbox", "Time to live, typed")
			typed.fill(ttl)
			b.find("slider", "Time to live").focus()
			m := eval[axisMarks](b, `(() => {
				const rect = (e) => (typeof e === "string" ? document.querySelector(e) : e).getBoundingClientRect();
				const slider = document.querySelector("#ttl"), box = rect(slider);
				const now = Date.now();
				return {
					Left: rect("#rail").left, Right: rect("#rail").right, Hairline: rect("#hairline").right - 0.5,
					Slider: box.left + 10 + (box.width - 20) * Number(slider.value) / 47, Value: Number(slider.value) / 47,
					Lines: [...document.querySelectorAll("#retained li.row")].map((li) => ({
						Rest: rect(li.querySelector(".rest")).right, Had: rect(li.querySelector(".had")).right,
						LeftMs: Number(li.dataset.expires) - now, HadMs: Number(li.dataset.expires) - Number(li.dataset.published),
					})),
					Overflow: document.documentElement.scrollWidth - innerWidth,
				};
			})()`)
			near := func(what string, got, want float64) {
				t.Helper()
				if math.Abs(got-want) > 0.6 {
					t.Errorf("%d px, %s: %s stands at %.2f, not at %.2f", width, ttl, what, got, want)
				}
			}
			at := m.Left + (m.Right-m.Left)*m.Value
			near("the thumb", m.Slider, at)
			near("the hairline", m.Hairline, at)
			if len(m.Lines) != 6 {
				t.Errorf("%d px: %d lines", width, len(m.Lines))
			}
			for _, line := range m.Lines {
				near("a line's end", line.Rest, m.Left+(m.Right-m.Left)*axisPosition(line.LeftMs))
				near("a line's beginning", line.Had, m.Left+(m.Right-m.Left)*axisPosition(line.HadMs))
			}
			if m.Overflow > 0 {
				t.Errorf("the page is %v px wider than the screen of %d", m.Overflow, width)
			}
		}
	}
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
	const now = Date.now();
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
	for _, ttl := range []time.Duration{25 * time.Second, 90 * time.Second, time.Hour, 26 * time.Hour, 7 * 24 * time.Hour} {
		s.publish("few", ttl, ttl.String())
	}
	s.publish("many", 90*time.Minute, make([]string, 150)...)
	s.publish("many", 26*time.Hour, make([]string, 60)...)
	s.publish("many", 4*24*time.Hour, "alone")
	b := newPerson(t).live(s, "/")
	for _, width := range []int64{1280, 1680, 390} {
		b.size(width, 800)
		near := func(what string, got, want, within float64) {
			t.Helper()
			if math.Abs(got-want) > within {
				t.Errorf("%d px: %s stands at %.2f, not at %.2f", width, what, got, want)
			}
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
			within := 1.0
			if m.LeftMs[i] < 10_000 {
				within = 3 // it moves by up to 21 px a second
			}
			near("a tick", x, m.Left+(m.Right-m.Left)*axisPosition(m.LeftMs[i]), within)
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
			near("a bar's left side", bar.Left, m.Left+(m.Right-m.Left)*want.index/47, 1.1)
			near("a bar's right side", bar.Right, m.Left+(m.Right-m.Left)*(want.index+1)/47, 1.1)
			near("a bar's top", bar.Height, max(3, want.share*m.Tallest), 1)
		}
	}
}
