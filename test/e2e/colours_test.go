package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"linger/test/process"
)

// prefer asks for a medium's feature: "forced-colors" "active".
func (b *tab) prefer(feature, value string) {
	b.t.Helper()
	b.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	}))
}

// With forced colours backgrounds are taken away. What the axis shows is drawn with borders and strokes, and stays.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.linger("topic", "orders", "create", "--ttl-min", "10s", "--ttl-max", "6h")
	s.publish("orders", 3*time.Minute, "one", "two")
	s.publish("orders", 3*time.Hour, "three")
	for _, width := range []int64{1280, 390} {
		b := newPerson(t).blank()
		b.prefer("forced-colors", "active")
		b.size(width, 800)
		b.load(s.URL("/topics/orders"))
		b.connected("Live")
		b.holds("Retained", 3)
		look := func(what, find string) {
			t.Helper()
			// A point of the thing, and one beside it.
			p := eval[struct {
				X, Y, GroundX, GroundY float64
				AlongX, AlongY         int
			}](b, `(() => { const rect = (e) => document.querySelector(e).getBoundingClientRect(); `+find+` })()`)
			picture := b.picture()
			ground, most := picture.At(int(p.GroundX), int(p.GroundY)), 0
			for x := range p.AlongX + 1 { // dashes have gaps
				for y := range p.AlongY + 1 {
					most = max(most, distance(picture.At(int(p.X)+x, int(p.Y)+y), ground))
				}
			}
			if most < 60 {
				t.Errorf("%d px: %s at %.0f, %.0f looks like %v around it", width, what, p.X, p.Y, ground)
			}
		}
		look("a lifeline", `const r = rect("#retained .rest"); return { X: r.left + 20, Y: r.top + 1.5, GroundX: r.left + 20, GroundY: r.top - 3 };`)
		look("a tick", `const r = rect("#horizon line"), x = (r.left + r.right) / 2; return { X: x, Y: r.bottom - 4, GroundX: x + 5, GroundY: r.bottom - 4 };`)
		if width > 720 {
			look("the rail", `const r = rect("#rail .fill"); return { X: r.left + 150, Y: r.top + 3, GroundX: r.left + 150, GroundY: r.top - 5 };`)
			look("what the policy rules out", `const r = rect("#rail .high"), x = r.left + r.width / 2;
				return { X: x, Y: r.top + 3, GroundX: x, GroundY: r.top - 5, AlongX: 7 };`)
		}
		look("the hairline", `const r = rect("#hairline"); return { X: r.right - 2, Y: r.top + 1, GroundX: r.right + 4, GroundY: r.top + 1, AlongX: 3, AlongY: 9 };`)
		eval[any](b, `document.querySelector("#bars-bytes").click()`)
		process.Eventually(t, patience, func() error {
			if eval[bool](b, `document.querySelector("#horizon").hasAttribute("data-each")`) {
				return fmt.Errorf("there are ticks yet")
			}
			return nil
		})
		look("a bar", `const e = [...document.querySelectorAll("#horizon .interval")].find((e) => e.getAttribute("height") === "100%"), r = e.getBoundingClientRect();
			return { X: r.left, Y: r.top + 10, GroundX: r.left - 4, GroundY: r.top + 10 };`)
		b.drawSpan(15.5, 25.5, nil)
		look("a span", `const r = rect("#span rect"); return { X: r.left, Y: r.top + 5, GroundX: r.left + 6, GroundY: r.top + 5 };`)
	}
}

// For those who asked for no motion nothing slides: what moves with time steps once a second, all at once.
func TestNoMotion(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("steps", 40*time.Second, "one", "two")
	b := newPerson(t).blank()
	b.prefer("prefers-reduced-motion", "reduce")
	b.load(s.URL("/topics/steps"))
	b.connected("Live")
	b.holds("Retained", 2)
	b.drawSpan(1.5, 20.5, nil)
	got := eval[struct {
		Frames, Moves int
		Animations    int
		Seconds       float64
	}](b, `new Promise((resolve) => {
		const look = () => [
			...[...document.querySelectorAll("#retained .rest")].map((e) => e.getAttribute("width")),
			...[...document.querySelectorAll("#horizon line")].map((e) => e.getAttribute("x1")), document.querySelector("#span rect").getAttribute("width"),
		];
		let before = look(), seen = { Frames: 0, Moves: 0, Animations: 0, Seconds: 0 };
		const begin = performance.now();
		const frame = () => {
			const here = look();
			seen.Frames++;
			seen.Animations = Math.max(seen.Animations, document.getAnimations().length);
			if (here.some((x, i) => x !== before[i])) seen.Moves++;
			before = here;
			seen.Seconds = (performance.now() - begin) / 1000;
			if (seen.Seconds < 3.5 || (seen.Moves < 2 && seen.Seconds < 20)) requestAnimationFrame(frame); else resolve(seen);
		};
		requestAnimationFrame(frame);
	})`)
	t.Logf("%+v", got)
	// Rows and horizon step by the second, each in a frame of its own at worst; on a busy machine a step comes late, or
	// together with the next. What moves smoothly moves in most frames.
	if got.Moves < 2 || float64(got.Moves) > 2*got.Seconds+1 || got.Animations > 0 {
		t.Errorf("it moves: %+v", got)
	}
}
