package e2e

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
	"linger/test/soak"
)

// A topic that is nearly full says so, and the form what a publish would meet; an empty list says when its last message went.
func TestFullAndEmptyTopics(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.linger("topic", "small", "create", "--max-messages", "10", "--ttl-default", "1m")
	s.publish("small", time.Hour, strings.Split("123456789", "")...)
	person := newPerson(t)
	b := person.live(s, "/topics/small")
	b.says("90 % of 10 messages")
	for _, part := range []string{"subscribers", "policy", "record"} { // it says so on every tab, and what it keeps
		person.open(s.URL("/topics/small/" + part)).says("keeps 1 min, up to 7 d · 0 subscribers 90 % of 10 messages")
	}
	b.find("combobox", "Topic").fill("other.place")
	b.asksFor("10 min") // read by now, as another topic's policy is
	b.says("90 % of 10 messages")
	b.find("combobox", "Topic").fill("small")
	s.publish("small", 15*time.Second, "ten")
	b.says("100 % of 10 messages")
	b.says("full: rejected until")
	front := person.live(s, "/")
	front.find("combobox", "Topic").fill("small")
	front.says("full: rejected until")
	b.says("90 % of 10 messages") // it went
	for _, page := range []*tab{b, front} {
		process.Eventually(t, patience, func() error {
			return process.Expect("what the form says", eval[string](page, `document.querySelector("#room").innerText`), "")
		})
	}

	s.publish("short", time.Second, "only")
	b.load(s.URL("/topics/short"))
	b.says("Nothing retained in short. Last message #1 ended")
}

// The result of a publish leads to its row where that is out of sight.
func TestRowsDown(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	texts := make([]string, 60)
	for i := range texts {
		texts[i] = fmt.Sprintf("sooner %d", i)
	}
	s.publish("orders", time.Hour, texts...)
	b := newPerson(t).live(s, "/topics/orders")
	b.publish("orders", "far below", "2 h")
	b.says("rows down ↓")
	down := eval[string](b, `document.querySelector("#down").innerText`)
	seen := eval[int](b, `Math.ceil(document.querySelector("#retained").getBoundingClientRect().height / 32)`)
	n, err := strconv.Atoi(strings.Fields(down)[0])
	if err != nil || n < 61-seen-1 || n > 61-seen+2 {
		t.Errorf("%q where %d of 61 rows are in view", down, seen)
	}
	b.find("button", down).click()
	b.focusIn("far below")
	inView := eval[bool](b, `(() => { const row = document.activeElement.getBoundingClientRect(), list = document.querySelector("#retained").getBoundingClientRect();
		return row.top >= list.top && row.bottom <= list.bottom + 1; })()`)
	if !inView {
		t.Error("the row is still out of sight")
	}
}

// A topic's Retained is filtered, and ordered by deadline or by age.
func TestFilterAndOrder(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("fruit", 2*time.Hour, "red apple", "green pear")
	s.publish("fruit", time.Hour, "green apple")
	b := newPerson(t).live(s, "/topics/fruit")
	expect := func(words ...string) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			items, err := b.items("Retained")
			if err == nil && !slices.EqualFunc(items, words, strings.Contains) {
				err = fmt.Errorf("the rows are %q, not %q", items, words)
			}
			return err
		})
	}
	expect("green apple", "red apple", "green pear")
	b.find("combobox", "Order").focus()
	eval[any](b, `(() => { const order = document.querySelector("#order"); order.value = "newest"; order.dispatchEvent(new Event("change")); })()`)
	expect("green apple", "green pear", "red apple")
	filter := b.find("searchbox", "Filter retained")
	filter.fill("GREEN")
	expect("green apple", "green pear")
	process.Eventually(t, patience, func() error {
		exported := eval[string](b, `fetch(document.querySelector(".list-head a.export").href).then((r) => r.text())
			.then((text) => text.trim().split("\n").map((line) => JSON.parse(line).data).join())`)
		return process.Expect("what is exported", exported, "green apple,green pear")
	})
	// It stands in the address: loaded again it is the same, for others too, and without script.
	address := func(want string) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			return process.Expect("the address", eval[string](b, `((q) => q.get("filter") + ", " + q.get("order"))(new URLSearchParams(location.search))`), want)
		})
	}
	address("GREEN, newest")
	eval[any](b, `location.reload()`)
	expect("green apple", "green pear")
	b.says("2 of 3 match")
	plain := newPerson(t).open(s.URL("/topics/fruit?filter=GREEN&order=newest"), withoutScript)
	plain.says("2 of 3 match")
	plain.holds("Retained", 2, "green")
	plain.find("searchbox", "Filter retained").fill("banana")
	plain.find("button", "Show").click()
	plain.says("None of 3 matches.")
	filter = b.find("searchbox", "Filter retained")
	filter.fill("banana")
	expect()
	b.says("None of 3 matches. Clear filter")
	address("banana, newest")
	b.find("button", "Clear filter").click()
	expect("green apple", "green pear", "red apple")

	// A span stays one in another order.
	b.drawSpan(30.2, 30.8, nil) // 50 minutes to an hour
	expect("green apple")
	eval[any](b, `(() => { const order = document.querySelector("#order"); order.value = "soonest"; order.dispatchEvent(new Event("change")); })()`)
	expect("green apple")
	b.keys(kb.Escape)
	expect("green apple", "red apple", "green pear")
}

// wire is a connection to a server that can be cut.
type wire struct {
	t        testing.TB
	to, addr string

	mu       sync.Mutex
	listener net.Listener // mu; nil while it is cut
	ends     []net.Conn   // mu
}

// newWire leads to the server's HTTP address.
func newWire(t testing.TB, s *server) *wire {
	w := &wire{t: t, to: s.HTTP, addr: "localhost:0"}
	w.mend()
	t.Cleanup(w.cut)
	return w
}

func (w *wire) mend() {
	w.t.Helper()
	l, err := net.Listen("tcp4", strings.Replace(w.addr, "localhost", "127.0.0.1", 1))
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listener, w.addr = l, fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
	go func() { // ends when it is cut
		for {
			here, err := l.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", w.to)
			if err != nil {
				_ = here.Close()
				continue
			}
			w.mu.Lock()
			w.ends = append(w.ends, here, there)
			w.mu.Unlock()
			for _, ends := range [][2]net.Conn{{here, there}, {there, here}} {
				go func() { // ends with either connection
					_, _ = io.Copy(ends[0], ends[1])
					_ = ends[0].Close()
				}()
			}
		}
	}()
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener != nil {
		_ = w.listener.Close()
	}
	for _, end := range w.ends {
		_ = end.Close()
	}
	w.listener, w.ends = nil, nil
}

// A page whose connection was cut is live again by itself. It tells what it missed, exactly, shows what of that is still
// there, and nothing twice.
func TestNetworkCut(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, "before")
	w := newWire(t, s)
	b := newPerson(t).open("http://" + w.addr + "/topics/orders")
	b.connected("Live")
	b.holds("Live", 1, "before")
	w.cut()
	b.connected("Reconnecting")
	b.says("Not connected")

	const kept, short = 300, 40
	texts := make([]string, kept)
	for i := range texts {
		texts[i] = fmt.Sprintf("kept %d", i)
	}
	s.publish("orders", time.Hour, texts...)
	s.publish("orders", time.Second, texts[:short]...)
	time.Sleep(time.Duration(soak.Number(4, 60)) * time.Second) // how long it is cut is the point
	w.mend()
	b.connected("Live")
	b.says("without connection:")
	row := ""
	process.Eventually(t, patience, func() error {
		items, err := b.items("Live")
		if err != nil {
			return err
		}
		found := matching(items, "without connection", "still retained")
		if len(found) != 1 {
			return fmt.Errorf("the rows are %q", items)
		}
		row = found[0]
		return nil
	})
	m := regexp.MustCompile(`^\d+:\d\d without connection: (\d+) missed, (\d+) still retained · Show, (\d+) gone$`).FindStringSubmatch(row)
	if m == nil {
		t.Fatalf("the row says %q", row)
	}
	number := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
	// The last 100 of those alive came by themselves.
	if number(1) != kept+short-100 || number(2) != kept-100 || number(3) != short {
		t.Errorf("it says %q of %d published, of which %d are gone", row, kept+short, short)
	}
	b.find("button", "Show").click()
	process.Eventually(t, patience, func() error {
		shown, _ := b.examined("orders")
		if len(shown) != kept+1 {
			return fmt.Errorf("%d of the topic's %d messages alive are shown", len(shown), kept+1)
		}
		return nil
	})
	s.publish("orders", time.Hour, "after")
	b.keys("\x1b")
	b.holds("Live", 1, "after")
}
