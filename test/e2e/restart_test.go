package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"linger/test/process"
)

// A page outlives its server: it says so, and is live again by itself.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store", "memory:")
	s.publish("orders", time.Minute, "before")
	b := newPerson(t).live(s, "/")
	b.holds("Live", 1, "before")
	problems, _, _ := b.told()

	s.Stop()
	b.connected("Stopped")
	b.holds("Live", 1, "Server stopped")
	// Both times follow the zone.
	b.keys("tt")
	b.holds("Live", 1, "Server stopped", "ago")
	process.Eventually(t, patience, func() error {
		mark := eval[string](b, `document.querySelector("#mark").innerText.replace(/\d+/, "n")`)
		return process.Expect("the mark", mark, "Stopped n s ago")
	})
	b.keys("t")
	b.says("Not connected: publishing will fail until it is back.")
	if red := eval[[]string](b, redThings); len(red) > 0 {
		t.Errorf("the server was asked to stop, and there is red on the page: %q", red)
	}
	b.holds("Retained", 1, "before", "≈")

	s.start()
	b.connected("Live")
	b.holds("Live", 1, "restarted", "with an empty memory store")
	b.holds("Live", 1, "before")
	b.holds("Retained", 0, "before")

	s.publish("orders", time.Minute, "after")
	b.holds("Live", 1, "#1", "after")
	b.holds("Retained", 1, "#1", "after")
	b.publish("orders", "through the form", "1 min")
	b.holds("Live", 1, "#2", "through the form")
	b.holds("Live", 1, "after") // still once
	if after, _, _ := b.told(); len(after) > len(problems) {
		t.Errorf("errors on the page: %q", after)
	}
}

// A store on disk is the same store after a restart: the page keeps what it shows, once, with the time that is left, and
// a page opened afterwards shows it too.
func TestRestartOnDisk(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", 10*time.Minute, "stays")
	before := s.deadline("orders", 1)
	person := newPerson(t)
	b := person.live(s, "/")
	b.holds("Retained", 1, "#1", "stays")

	s.Stop()
	b.connected("Stopped")
	s.start()
	b.connected("Live")
	b.holds("Live", 1, "Server restarted")
	b.holds("Live", 0, "empty memory store")
	b.holds("Retained", 1, "#1", "9:", "stays")
	if after := s.deadline("orders", 1); !after.Equal(before) {
		t.Errorf("the deadline moved from %v to %v", before, after)
	}
	s.publish("orders", 10*time.Minute, "after")
	b.holds("Retained", 1, "#2", "after")
	b.holds("Retained", 1, "stays") // still once

	again := person.live(s, "/topics/orders")
	again.holds("Retained", 1, "#1", "9:", "stays")
	again.holds("Retained", 1, "#2", "9:", "after")
}

// A server that dies says nothing; the page tries again and says so.
func TestReconnecting(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--store", "memory:")
	b := newPerson(t).live(s, "/")
	s.Signal(syscall.SIGKILL)
	s.Wait()
	b.connected("Reconnecting (")
	b.says("Not connected")
	b.find("textbox", "Message").fill("while nobody is there")
	b.find("button", "Publish").click()
	b.says("The server cannot be reached.")
	if text := callOn[string](b.find("textbox", "Message"), `function() { return this.value }`); text != "while nobody is there" {
		t.Errorf("the message is now %q", text)
	}
	s.start()
	b.connected("Live")
	b.says("with an empty memory store")
	// Whether the first press stored it, this server cannot know; it says so once, and then publishes.
	b.find("button", "Publish").click()
	b.says("The server no longer knows whether this was stored.")
	b.find("button", "Publish").click()
	b.holds("Live", 1, "#1", "while nobody is there")
}

// A server that does not answer, but is there, makes the page stale; countdowns go on, with a mark.
func TestStale(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b := newPerson(t).live(s, "/")
	s.publish("orders", 8*time.Second, "short")
	s.publish("orders", 5*time.Minute, "long")
	b.holds("Retained", 1, "#1", "short")
	s.Signal(syscall.SIGSTOP)
	b.connected("Stale")
	b.holds("Retained", 1, "long", "≈")
	b.holds("Retained", 1, "#1", "gone by its deadline")
	b.holds("Retained", 0, "short")
	if title := eval[string](b, `document.title`); !strings.HasPrefix(title, "◌") {
		t.Errorf("the title is %q", title)
	}
	s.Signal(syscall.SIGCONT)
	b.connected("Live")
	b.holds("Retained", 1, "long")
	b.holds("Retained", 0, "#1 ")
	process.Eventually(t, patience, func() error {
		items, err := b.items("Retained")
		if err == nil && len(matching(items, "≈")) > 0 {
			err = fmt.Errorf("still approximate: %q", items)
		}
		return err
	})
}

// redThings lists what the page writes in the colour of errors.
const redThings = `(() => {
	const probe = document.createElement("p");
	probe.className = "error";
	document.body.append(probe);
	const red = getComputedStyle(probe).color;
	probe.remove();
	return [...document.querySelectorAll("body *")]
		.filter((e) => getComputedStyle(e).color === red && e.checkVisibility() && e.innerText?.trim())
		.map((e) => e.innerText);
})()`
