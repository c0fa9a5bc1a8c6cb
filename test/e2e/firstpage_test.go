package e2e

import (
	"fmt"
	"testing"
	"time"
)

// firstPageLimit is what the first page may take, compressed: page, style and all scripts that it loads, in bytes.
const firstPageLimit = 120_000

// The first page of a browser that was never here is small, and can be read before any script has come.
func TestFirstPage(t *testing.T) {
	t.Parallel()
	s := startFastServer(t)
	for i := range 60 {
		s.publish("orders.created", time.Hour, fmt.Sprintf(`{"order":%d,"total":"19.90","items":[{"sku":"A-1","n":2}]}`, 8800+i))
	}
	b := newPerson(t).live(s, "/")
	type resource struct {
		Name string
		Size float64
	}
	loaded := eval[[]resource](b, `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
		.filter(({ name }) => !name.includes("/linger.v1."))
		.map(({ name, encodedBodySize }) => ({ Name: new URL(name).pathname, Size: encodedBodySize }))`)
	// The worker loads its script itself, out of the page's sight.
	sum := eval[float64](b, `fetch(new URL("shared-worker.js", document.querySelector('script[src*="main.js"]').src))
		.then((response) => response.arrayBuffer())
		.then(() => performance.getEntriesByType("resource").find(({ name }) => name.endsWith("shared-worker.js")).encodedBodySize)`)
	t.Logf("%.1f kB /static/…/shared-worker.js", sum/1000)
	for _, r := range loaded {
		sum += r.Size
		t.Logf("%.1f kB %s", r.Size/1000, r.Name)
		if r.Size == 0 {
			t.Errorf("%s came from nowhere", r.Name)
		}
	}
	paint := eval[float64](b, `new Promise((tell) => new PerformanceObserver((seen) => seen.getEntriesByName("first-contentful-paint").forEach((e) => tell(e.startTime)))
		.observe({ type: "paint", buffered: true }))`)
	t.Logf("the first page cold: %.1f kB compressed, readable after %.0f ms", sum/1000, paint)
	if sum > firstPageLimit {
		t.Errorf("the first page takes %.0f bytes; at most %d are allowed", sum, firstPageLimit)
	}
	if blocking := eval[[]string](b, `[...document.scripts].filter((s) => s.src && s.type !== "module" && !s.defer && !s.async).map((s) => s.src)`); len(blocking) > 0 {
		t.Errorf("the page waits for %q before it can be read", blocking)
	}
}
