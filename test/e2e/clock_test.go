package e2e

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"linger/test/process"
)

// hourOff moves the wall clock of a script's world, once: Date, and the moment its performance.now() began.
const hourOff = `if (!globalThis.__hourOff) {
	globalThis.__hourOff = true;
	const off = 3600e3, Real = Date;
	globalThis.Date = class Date extends Real {
		constructor(...args) { if (args.length > 0) super(...args); else super(Real.now() + off); }
		static now() { return Real.now() + off; }
	};
	const origin = performance.timeOrigin;
	Object.defineProperty(performance, "timeOrigin", { get: () => origin + off });
}
`

// wrongClock is the server as a browser sees it whose clock is an hour off: before each script, the shared worker's among
// them, stands what moves its clock. Everything else passes through. (A clock of the whole browser's own would need
// another machine: no script can be run early in a shared worker, and processes share one wall clock.)
func wrongClock(t testing.TB, s *server) *httptest.Server {
	t.Helper()
	target, err := url.Parse(s.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Accept-Encoding", "identity") // what is compressed cannot have something before it
			r.Out.Host = r.In.Host                          // the page's own origin, or its calls would seem to come from another site
		},
		ModifyResponse: func(r *http.Response) error {
			if !strings.Contains(r.Header.Get("Content-Type"), "javascript") {
				return nil
			}
			script, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			script = append([]byte(hourOff), script...)
			r.Body = io.NopCloser(bytes.NewReader(script))
			r.ContentLength = int64(len(script))
			r.Header.Set("Content-Length", strconv.Itoa(len(script)))
			return nil
		},
	}
	p := httptest.NewUnstartedServer(proxy)
	p.Config.Protocols = new(http.Protocols)
	p.Config.Protocols.SetHTTP1(true)
	p.Start()
	t.Cleanup(func() {
		p.CloseClientConnections() // the watch stream never ends by itself
		p.Close()
	})
	return p
}

// deadlinesShown has the page note, for each row of Retained, when its number changes, and returns after a while what
// deadline that tells, in milliseconds since 1970 by this process's clock: the moment plus what it says is left. A busy
// machine only ever delays a change, so the earliest of a few is nearest to the truth. vague is by how much this process
// may be mistaken about the page's clock.
func deadlinesShown(b *tab, rows int) (deadlines []float64, vague float64) {
	b.t.Helper()
	// Where performance.now() is on this process's clock: the least delayed of some looks.
	origin, least := 0.0, time.Hour
	for range 30 {
		before := time.Now()
		now := eval[float64](b, `performance.now()`)
		took := time.Since(before)
		if took < least {
			least, origin = took, float64(before.Add(took/2).UnixMicro())/1000-now
		}
	}
	type change struct {
		Row  int
		At   float64
		Left string
	}
	var changes []change
	eval[any](b, `(() => {
		window.__changes = [];
		const list = document.querySelector('[aria-label="Retained"]');
		const named = (li) => li.dataset.topic + " " + li.dataset.seq;
		const rows = [...list.children].slice(0, `+js(rows)+`).map(named);
		new MutationObserver((changed) => {
			const at = performance.now();
			const lefts = new Set(changed.map(({ target }) => (target instanceof Element ? target : target.parentElement)?.closest(".left")));
			for (const left of lefts) { // of rows by their names: the page may put others in the place of those that the server made
				const row = left ? rows.indexOf(named(left.closest("li"))) : -1;
				if (row >= 0) window.__changes.push({ Row: row, At: at, Left: left.innerText });
			}
		}).observe(list, { childList: true, subtree: true, characterData: true });
	})()`)
	process.Eventually(b.t, patience, func() (err error) {
		changes, err = tryEval[[]change](b, `window.__changes`)
		seen := make([]int, rows)
		for _, c := range changes {
			seen[c.Row]++
		}
		if err == nil && slices.Min(seen) < 4 {
			err = fmt.Errorf("changes of the rows' numbers: %v", seen)
		}
		return err
	})
	deadlines = make([]float64, rows)
	for row := range deadlines {
		deadlines[row] = math.Inf(1)
	}
	for _, c := range changes {
		deadlines[c.Row] = min(deadlines[c.Row], origin+c.At+shownLeft(b.t, c.Left))
	}
	return deadlines, float64(least.Microseconds()) / 2000
}

// shownLeft reads "9.8 s", "26 s" or "4:07", in milliseconds.
func shownLeft(t testing.TB, text string) float64 {
	t.Helper()
	minutes, seconds := "0", strings.TrimSuffix(text, " s")
	if m, s, ok := strings.Cut(text, ":"); ok {
		minutes, seconds = m, s
	}
	m, err := strconv.ParseFloat(minutes, 64)
	if err != nil {
		t.Fatalf("a row says %q", text)
	}
	sec, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		t.Fatalf("a row says %q", text)
	}
	return (m*60 + sec) * 1000
}

// Two pages and the command line tell the same, whatever the browser's clock says.
func TestPagesAgreeWithTheCommandLine(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("clock", 5*time.Minute, "sooner")
	s.publish("clock", 20*time.Minute, "later")
	right := newPerson(t).live(s, "/")
	wrong := newPerson(t).open(wrongClock(t, s).URL)
	wrong.connected("Live")
	if off := eval[float64](wrong, `Date.now()`) - float64(time.Now().UnixMilli()); off < 3590e3 {
		t.Fatalf("the browser's clock is off by %v ms only", off)
	}

	here, hereVague := deadlinesShown(right, 2)
	there, thereVague := deadlinesShown(wrong, 2)
	shown := map[string][]float64{"right clock": here, "clock an hour off": there}
	near := 100 + max(hereVague, thereVague) // milliseconds
	for range 3 {
		before := float64(time.Now().UnixMicro()) / 1000
		list := s.messages("clock")
		after := float64(time.Now().UnixMicro()) / 1000
		for row, m := range list {
			for page, deadlines := range shown {
				deadline := deadlines[row]
				off := deadline - float64(m.ExpireTime.UnixMilli())
				t.Logf("%s: #%d goes %.0f ms after what the server says", page, m.Sequence, off)
				if off < -near || off > near {
					t.Errorf("%s: #%d goes %.0f ms after what the server says", page, m.Sequence, off)
				}
				// The command looked at some moment between before and after.
				if left := float64(m.TTLMsLeft); left < deadline-after-near || left > deadline-before+near {
					t.Errorf("%s: #%d has %.0f to %.0f ms left, and %.0f by the command line", page, m.Sequence, deadline-after, deadline-before, left)
				}
			}
		}
	}
	clock := func(b *tab) string {
		return eval[string](b, `document.querySelector('[aria-label="Live"] time').innerText`)
	}
	if a, b := clock(right), clock(wrong); a != b {
		t.Errorf("the time of publication is %s here and %s there", a, b)
	}
}
