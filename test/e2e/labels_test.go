package e2e

import (
	"math"
	"testing"
)

// The labels under the slider touch one another on no width, in neither language, nor does one leave the screen.
func TestPresetLabelsDoNotTouch(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--ttl-max", "30d") // the last label is then the longest
	for _, language := range []string{"en", "zh-CN"} {
		b := newPerson(t).open(s.URL("/?lang=" + language))
		widths := []int64{320, 340, 359, 360, 375, 390, 414, 480, 540, 600, 660, 719, 720, 800, 999, 1000, 1023, 1024, 1280, 1679, 1680, 1919, 1920}
		for w := int64(330); w < 1920; w += 70 {
			widths = append(widths, w)
		}
		least, at := math.Inf(1), int64(0)
		for _, width := range widths {
			b.size(width, 800)
			gap := eval[float64](b, `(() => {
				document.querySelector("#message").focus(); // opens the form of a phone
				const labels = [...document.querySelectorAll(".preset span")].filter((e) => e.checkVisibility() && !e.closest(".other"));
				const boxes = labels.map((e) => e.getBoundingClientRect()).sort((a, b) => a.left - b.left);
				if (boxes.length < 5) return -1000;
				const gaps = boxes.map((box, i) => (i === 0 ? box.left : box.left - boxes[i - 1].right));
				return Math.min(...gaps, innerWidth - boxes.at(-1).right);
			})()`)
			if gap < least {
				least, at = gap, width
			}
			if gap < 4 {
				t.Errorf("%s, %d px: labels are %.1f px apart", language, width, gap)
			}
		}
		t.Logf("%s: at least %.1f px between two labels, at %d px", language, least, at)
	}
}
