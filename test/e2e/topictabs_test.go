package e2e

import (
	"fmt"
	"testing"
	"time"

	"linger/test/process"
)

// The tabs of a topic are kept as new as they can be without taking away what somebody is about to copy.
func TestTopicTabsLeaveWhatIsSelected(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, "one")
	b := newPerson(t).open(s.URL("/topics/orders/record"))
	b.says("1 published")
	eval[bool](b, `(getSelection().selectAllChildren(document.querySelector("#record .equation")), true)`)
	_, _, before := b.told()
	s.publish("orders", time.Hour, "two")
	process.Eventually(t, patience, func() error { // read twice: the first answer may be from before
		_, _, after := b.told()
		if n := len(after) - len(before); n < 2 {
			return fmt.Errorf("read %d times", n)
		}
		return nil
	})
	b.says("1 published")
	if selected := eval[string](b, `getSelection().toString()`); selected == "" {
		t.Error("what was selected was replaced")
	}
	eval[bool](b, `(getSelection().removeAllRanges(), true)`)
	b.says("2 published")

	// Such a page has a mark of the connection only while it is not as new as it should be.
	if eval[bool](b, `document.querySelector("#mark").checkVisibility()`) {
		t.Error("a page that is read again shows a mark of the connection")
	}
	// Where there is no such page any more, the server's own words stand over what stands still.
	b.tolerate() // the browser tells of each answer that is no page
	s.linger("topic", "orders", "delete")
	process.Eventually(t, patience, func() error {
		return process.Expect("the banner", eval[string](b, `document.querySelector("#banner").innerText.trim()`), "Topic: orders does not exist.")
	})
	b.says("2 published")
	s.publish("orders", time.Hour, "three")
	process.Eventually(t, patience, func() error {
		return process.Expect("the banner", eval[string](b, `document.querySelector("#banner").innerText.trim()`), "")
	})
	b.says("1 published")
	s.Stop()
	b.connected("Reconnecting")
	if !eval[bool](b, `document.querySelector("#mark").checkVisibility()`) {
		t.Error("the mark is hidden")
	}
}
