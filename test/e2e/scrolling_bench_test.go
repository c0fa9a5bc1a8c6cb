package e2e

import (
	"slices"
	"testing"
)

// floors are what the same steps cost where there is little to scroll: a list of as many rows, of which those in view are in
// the page, plain text in a page of its own; one whose rows are all in the page; and a page on which nothing moves.
var floors = []struct{ name, page string }{
	{"virtual", plainList + "virtual(100_000)"},
	{"whole", plainList + "for (let i = 0; i < 400; i++) list.append(row(i))"},
	{"still", plainList},
}

const plainList = `
document.body.innerHTML = "<style>* { box-sizing: border-box; margin: 0; padding: 0 } ol { width: 864px; height: 385px; overflow: auto; font: 13px/32px monospace } li { height: 32px; white-space: pre; overflow: hidden }</style><ol></ol>";
const list = document.querySelector("ol");
const row = (i) => Object.assign(document.createElement("li"), { index: i, textContent: "10 min  #" + i + '   {"order":' + i + ',"state":"waits for its time to come"}' });
function virtual(all) {
	const draw = () => {
		const first = Math.max(0, Math.floor(list.scrollTop / 32) - 8), last = Math.min(all, first + 29);
		for (const li of [...list.children]) if (li.index < first || li.index >= last) li.remove();
		for (let i = first, next = list.firstChild; i < last; i++) {
			const li = next?.index === i ? next : list.insertBefore(row(i), next);
			next = li.nextSibling;
			li.style.marginTop = i === first ? first * 32 + "px" : "";
			li.style.marginBottom = i === last - 1 ? (all - last) * 32 + "px" : "";
		}
	};
	list.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
	draw();
}
`

// BenchmarkScrolling scrolls through a hundred thousand retained messages that count down, in turns with the floors.
//
//	go test ./test/e2e -run '^$' -bench Scrolling -benchtime 5x
func BenchmarkScrolling(b *testing.B) {
	const all = 100_000
	s := startFastServer(b)
	s.fill("orders", all)
	page := newPerson(b).blank()
	found := map[string][]float64{}
	note := func(name, list string) { found[name] = append(found[name], page.scroll(list).perSecond()) }
	for b.Loop() {
		page.load(s.URL("/topics/orders"))
		page.connected("Live")
		page.says("of " + grouped(all))
		note("retained", "#retained")
		for _, floor := range floors {
			page.load("about:blank")
			eval[any](page, "(() => {"+floor.page+"})()")
			note(floor.name, "ol")
		}
	}
	for name, rates := range found {
		slices.Sort(rates)
		b.ReportMetric(rates[len(rates)/2], name+"-frames/s")
		b.Logf("%s: %.0f frames a second", name, rates)
	}
	b.ReportMetric(0, "ns/op") // a turn's length tells nothing
}
