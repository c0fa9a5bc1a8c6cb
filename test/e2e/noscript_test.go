package e2e

import (
	"maps"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"linger/test/process"
)

func withoutScript(b *tab) {
	b.t.Helper()
	b.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
}

// Everything but what moves by itself works where no script runs.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b := newPerson(t).open(s.URL("/"), withoutScript)
	if found, err := b.all("slider", "Time to live"); err != nil || len(found) > 0 {
		t.Errorf("a slider that cannot work is shown: %v", err)
	}

	// Publish with a preset.
	b.find("textbox", "Message").fill("with a preset")
	b.find("radio", "10 min").click()
	b.find("button", "Publish").click()
	b.says("#1 kept 10 min, until")
	b.holds("Retained", 1, "#1", "with a preset")
	left := time.Until(s.deadline("hello", 1))
	if left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("it is kept for another %v", left)
	}

	// Publish with a lifetime of one's own, from the topic's page.
	b.find("combobox", "Topic").fill("orders")
	b.find("textbox", "Message").fill("with another lifetime")
	b.find("radio", "other:").click()
	b.find("textbox", "Time to live, typed").fill("1.5 h")
	b.find("button", "Publish").click()
	b.says("#1 kept 1 h 30 min, until")
	b.holds("Retained", 1, "#1", "1 h 30", "with another lifetime")

	// With attributes.
	b.find("textbox", "Message").fill("with attributes")
	b.find("DisclosureTriangle", "+ attributes").click()
	b.find("textbox", "Attribute 1, key").fill("trace")
	b.find("textbox", "Attribute 1, value").fill("abc")
	b.find("textbox", "Attribute 3, value").fill("of what?")
	b.find("button", "Publish").click()
	b.says("Attribute 2: No key. Give it one, or empty the value.")
	if value := callOn[string](b.find("textbox", "Attribute 1, value"), `function() { return this.value }`); value != "abc" {
		t.Errorf("of the attributes there is %q after the error", value)
	}
	b.find("textbox", "Attribute 2, key").fill("note")
	b.find("button", "Publish").click()
	b.says("#2 kept 1 h 30 min, until")
	if m := s.state("orders", 2).Retained; m == nil || !maps.Equal(m.Attributes, map[string]string{"trace": "abc", "note": "of what?"}) {
		t.Errorf("it came as %+v", m)
	}
	b.find("button", "Expire #2").click()
	b.says("#2 of orders has ended.")

	// Extend and expire.
	deadline := s.deadline("orders", 1)
	b.find("button", "Extend #1 by 1 hour 30 minutes").click()
	b.says("#1 of orders now goes at")
	s.goesAt("orders", 1, deadline.Add(90*time.Minute))
	b.find("button", "Expire #1").click()
	b.says("#1 of orders has ended.")
	b.holds("Retained", 0, "#1")
	b.says("Nothing retained in orders. Last message #2 ended")

	// Errors keep what was typed.
	for _, c := range []struct{ topic, message, ttl, says string }{
		{"two words", "first line\nsecond line", "30 s", "Topic: "},
		{"orders", "kept text", "soon", "Time to live: "},
	} {
		b.load(s.URL("/"))
		b.find("combobox", "Topic").fill(c.topic)
		b.find("textbox", "Message").fill(c.message)
		b.find("radio", "other:").click()
		b.find("textbox", "Time to live, typed").fill(c.ttl)
		b.find("button", "Publish").click()
		b.says(c.says)
		value := func(role, name string) string {
			return callOn[string](b.find(role, name), `function() { return this.value }`)
		}
		if err := firstError(
			process.Expect("the topic", value("combobox", "Topic"), c.topic),
			process.Expect("the message", value("textbox", "Message"), c.message),
			process.Expect("the lifetime", value("textbox", "Time to live, typed"), c.ttl),
		); err != nil {
			t.Error(err)
		}
	}
}
