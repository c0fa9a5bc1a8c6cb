package e2e

import (
	"math"
	"testing"
	"time"
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
