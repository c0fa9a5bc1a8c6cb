package e2e

import (
	"slices"
	"testing"

	"linger/web/gallery"
	"linger/web/texts"
)

// scripted are the states of the gallery in which the script has most to say, but those in which one publishes: a lifetime
// that the page itself wrote within marks is none.
var scripted = []string{
	"link-stale", "link-crowded", "link-back", "restarted", "high-rate", "ring-full", "paused", "span", "span-asked", "held", "scrolled",
	"ahead", "longer", "going", "extend-refused", "filter-none", "relative", "demo", "demo-over", "topic-full", "panel", "panel-gone",
}

// unmarked are the texts of a page that do not stand in ⟦ ⟧, where the catalogue's do in the language of that name, nor were
// published. A text with an element in it is several nodes, the marks in the first and the last.
const unmarked = `(() => {
	const neutral = new Set(["Linger", "UTC", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "TTL", "HTTP"]);
	const foreign = (node) => node.closest("bdi, code, kbd, pre, textarea, script, .mono, .told") !== null;
	const published = new Set();
	const words = (text) => text.match(/\p{Script=Han}|\p{L}{2,}/gu) ?? [];
	for (const element of document.querySelectorAll("bdi, code, .mono")) for (const word of words(element.textContent)) published.add(word);
	const found = [];
	let depth = 0;
	const look = (text, from) => {
		let outside = "";
		depth = from;
		for (const sign of text) {
			if (sign === "⟦") depth++;
			else if (sign === "⟧") depth--;
			else if (depth <= 0) outside += sign;
		}
		const strange = words(outside).filter((word) => !neutral.has(word) && !published.has(word));
		if (strange.length > 0) found.push(text);
	};
	for (const element of document.querySelectorAll("[aria-label], [aria-valuetext], [title], [placeholder]")) {
		for (const name of ["aria-label", "aria-valuetext", "title", "placeholder"]) if (element.hasAttribute(name)) look(element.getAttribute(name), 0);
	}
	look(document.title, 0);
	depth = 0;
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) if (!foreign(walk.currentNode.parentElement)) look(walk.currentNode.data, depth);
	return found;
})()`

// What the script writes comes from the catalogue, as what the server renders does (web/gallery's TestEveryWordIsFromTheCatalogue).
func TestEveryWordOfTheScriptIsFromTheCatalogue(t *testing.T) {
	t.Parallel()
	host := startGallery(t)
	b := newPerson(t).blank()
	seen := 0
	for _, s := range gallery.States() {
		if !slices.Contains(scripted, s.Name) {
			continue
		}
		seen++
		b.load(gallery.Address(host, s, texts.Marked, ""))
		b.comes(s)
		for _, text := range eval[[]string](b, unmarked) {
			t.Errorf("%s: %q is not from the catalogue", s.Name, text)
		}
		b.load("about:blank") // lets its stream go
	}
	if seen != len(scripted) {
		t.Errorf("the gallery has %d of the %d states", seen, len(scripted))
	}
}
