package e2e

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"linger/test/process"
	"linger/web/gallery"
	"linger/web/texts"
)

// galleryTabs is how many tabs go from state to state: one waits, for a state that takes its time to come, while others work.
const galleryTabs = 3

// Every page in every state, as the gallery shows it: axe finds nothing in light or dark, nothing is wider than the screen,
// no label touches another, no request leaves the page's origin. LINGER_SCREENSHOTS says where pictures of all of it are to
// be put (make screenshots); with it, every state is looked at in every language, else in one.
func TestGallery(t *testing.T) {
	t.Parallel()
	host := startGallery(t)
	dir := os.Getenv("LINGER_SCREENSHOTS")
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	type turn struct {
		gallery.State
		languages []texts.Language
	}
	turns := make(chan turn, len(gallery.States()))
	for i, s := range gallery.States() {
		languages := texts.Languages
		if n := i % len(languages); dir == "" {
			languages = languages[n : n+1]
		}
		turns <- turn{s, languages}
	}
	close(turns)
	var tabs sync.WaitGroup
	for range galleryTabs {
		b := newPerson(t).blank(withAxe)
		tabs.Go(func() {
			for next := range turns {
				t.Run(next.Name, func(t *testing.T) {
					b.passTo(t)
					for _, language := range next.languages {
						b.lookAt(next.State, host, language, &camera{t: t, dir: dir})
					}
				})
			}
		})
	}
	tabs.Wait()
}

// startGallery serves the gallery, and returns its host. Its origins are of one site: a tab that goes to the next state stays in
// its process, where the browser has compiled the scripts already.
func startGallery(t *testing.T) (host string) {
	t.Helper()
	server := httptest.NewServer(gallery.Handler(time.Now))
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	return "gallery.localhost:" + port
}

// lookAt checks a state, and takes its pictures.
func (b *tab) lookAt(s gallery.State, host string, language texts.Language, c *camera) {
	b.t.Helper()
	what := s.Name + ", " + language.Tag()
	b.size(1280, 800)
	b.dark(false)
	b.load(gallery.Address(host, s, language, ""))
	b.comes(s)
	b.passesAxe(what)
	for _, f := range formats {
		b.size(f.width, f.height)
		b.fits(fmt.Sprintf("%s, %d px", what, f.width))
		c.both(b, s.Name+"-"+language.Tag(), f.width)
	}
	problems, strays := b.hand()
	for _, p := range problems {
		b.t.Errorf("%s: %s", what, p)
	}
	for _, r := range strays {
		b.t.Errorf("%s asked for %s", what, r)
	}
}

// comes waits until a page of the gallery has come to its state. The page itself looks.
func (b *tab) comes(s gallery.State) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		come, err := tryEval[bool](b, `new Promise((tell) => {
			const until = performance.now() + 1000;
			const look = () => {
				const come = `+s.Come()+`;
				if (come || performance.now() > until) tell(come); else setTimeout(look, 20);
			};
			look();
		})`)
		if err == nil && !come {
			all, _ := tryEval[string](b, `document.querySelector("#mark")?.dataset.state + " " + JSON.stringify({ ...document.querySelector("#live")?.dataset }) + document.body.innerText`)
			err = fmt.Errorf("the gallery's %s does not come to its state: %s; it is %s", s.Name, s.Come(), all)
		}
		return err
	})
}

// fits tells what is wider than the screen, and labels that touch one another.
func (b *tab) fits(what string) {
	b.t.Helper()
	// Not innerWidth: a phone shows more of a page that is too wide, smaller.
	if over := eval[float64](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		b.t.Errorf("%s: the page is %v px wider than the screen", what, over)
	}
	for _, pair := range eval[[]string](b, touching) {
		b.t.Errorf("%s: %s", what, pair)
	}
}

// touching finds pairs of texts of which one lies on the other. What is meant to lie on something is left out: pills, the
// span's head, the hairline's foot, a row's buttons, the phone's form, which is a layer of its own.
const touching = `(() => {
	const meant = ".vh, .skip, .acts, .hold, .hairline-foot, .span-head, .going-says, dialog";
	const shown = (element) => {
		let box = { left: 0, top: 0, right: innerWidth, bottom: 1e6 };
		for (let e = element; e; e = e.parentElement) {
			const style = getComputedStyle(e);
			if (style.overflowX === "visible" && style.overflowY === "visible") continue;
			const r = e.getBoundingClientRect();
			box = { left: Math.max(box.left, r.left), top: Math.max(box.top, r.top), right: Math.min(box.right, r.right), bottom: Math.min(box.bottom, r.bottom) };
		}
		return box;
	};
	const layer = (element) => {
		for (let e = element; e; e = e.parentElement) if (getComputedStyle(e).position === "fixed") return e;
		return null;
	};
	const texts = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const { currentNode: node } = walker;
		const element = node.parentElement;
		if (!node.data.trim() || element.closest(meant) || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
		const range = document.createRange();
		range.selectNodeContents(node);
		const box = shown(element);
		for (const r of range.getClientRects()) {
			const clipped = { left: Math.max(r.left, box.left), top: Math.max(r.top, box.top), right: Math.min(r.right, box.right), bottom: Math.min(r.bottom, box.bottom) };
			if (clipped.right - clipped.left > 1 && clipped.bottom - clipped.top > 1) texts.push({ ...clipped, node, layer: layer(element) });
		}
	}
	const found = [];
	texts.sort((a, b) => a.top - b.top);
	for (let i = 0; i < texts.length; i++) {
		for (let j = i + 1; j < texts.length && texts[j].top < texts[i].bottom; j++) {
			const [a, b] = [texts[i], texts[j]];
			if (a.node === b.node || a.layer !== b.layer) continue;
			const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
			const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
			if (across > 0.5 && down > 3) found.push(JSON.stringify(a.node.data.trim().slice(0, 40)) + " touches " + JSON.stringify(b.node.data.trim().slice(0, 40)) + " by " + Math.round(across) + " x " + Math.round(down) + " px");
		}
	}
	return found.slice(0, 5);
})()`

// camera takes each page in light and dark.
type camera struct {
	t   testing.TB
	dir string // "": it takes none
}

// formats are a desk and two phones.
var formats = []struct{ width, height int64 }{{1280, 800}, {390, 664}, {320, 640}}

func (c *camera) both(b *tab, name string, width int64) {
	c.t.Helper()
	if c.dir == "" {
		return
	}
	for _, scheme := range gallery.Schemes {
		b.dark(scheme == "dark")
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			c.t.Fatal(err)
		}
		path := filepath.Join(c.dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
}
