package e2e

import (
	"fmt"
	"strings"
	"testing"

	"linger/test/process"
)

// A server that never had a message offers a demo; it plays, goes on over pages, can be stopped, and leaves nothing.
func TestDemo(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b := newPerson(t).live(s, "/")
	b.find("button", "Play a demo for a minute").click()
	b.says("s left")
	b.holds("Live", 1, "demo.codes", "kept 5 s")
	b.holds("Retained", 1, "demo.orders", `"order":8813`)
	process.Eventually(t, patience, func() error { // somebody listens to the weather, nobody to the codes
		weather, code := s.state("demo.weather", 1).Retained, s.state("demo.codes", 1).Retained
		if weather == nil {
			t.Fatal("the first of the weather has ended; nobody is known to have got it")
		}
		if weather.Deliveries != 1 || code != nil && code.Deliveries != 0 || weather.Attributes["demo"] != "true" {
			return fmt.Errorf("the weather was delivered to %d, the code: %+v", weather.Deliveries, code)
		}
		return nil
	})

	b.load(s.URL("/topics"))
	b.says("s left")
	orders := s.published("demo.orders")
	process.Eventually(t, patience, func() error {
		if n := s.published("demo.orders"); n <= orders {
			return fmt.Errorf("still %d orders", n)
		}
		return nil
	})
	b.find("button", "Stop the demo").click()
	b.gone("button", "Stop the demo")
	s.hasNoTopics()

	// What teaches is for servers that never had a message.
	b.load(s.URL("/"))
	b.connected("Live")
	b.gone("button", "Play a demo for a minute")
	b.says("Nothing retained.")

	// The end, as a page finds it that is opened two seconds before it.
	eval[any](b, `sessionStorage.setItem("linger-demo", JSON.stringify({ begun: Date.now() - 58000, until: 55500, sent: [] }))`)
	b.load(s.URL("/"))
	b.says("The demo is over. Its last message goes in 1:")
	b.says("then the server is as empty as before. Nothing to clean up.")
}

// published is how many messages a topic ever had.
func (s *server) published(topic string) int {
	s.t.Helper()
	found, err := s.usual().GetTopic(s.t.Context(), topic)
	if err != nil {
		s.t.Fatal(err)
	}
	return int(found.Stats.Published)
}

// hasNoTopics waits until the server has none.
func (s *server) hasNoTopics() {
	s.t.Helper()
	process.Eventually(s.t, patience, func() error {
		if left := strings.TrimSpace(s.linger("topics", "--json")); left != "" {
			return fmt.Errorf("there are topics: %s", left)
		}
		return nil
	})
}
