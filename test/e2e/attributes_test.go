package e2e

import (
	"maps"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// Attributes are off; rows come and go by keys, and what is in them is sent as it is.
func TestAttributes(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b := newPerson(t).live(s, "/")
	field := func(name string) *control { t.Helper(); return b.find("textbox", name) }
	isOn := func(want string) {
		t.Helper()
		if _, name := b.focused(); name != want {
			t.Errorf("the focus is on %q, not on %q", name, want)
		}
	}
	came := func(sequence uint64, want map[string]string) {
		t.Helper()
		if m := s.state("hello", sequence).Retained; m == nil || !maps.Equal(m.Attributes, want) {
			t.Errorf("#%d came as %+v, not with %q", sequence, m, want)
		}
	}
	b.gone("textbox", "Attribute 1, key")

	b.find("DisclosureTriangle", "+ attributes").focus()
	b.keys(kb.Enter)
	field("Attribute 1, key") // with the focus
	isOn("Attribute 1, key")
	field("Attribute 1, key").fill("trace")
	b.keys(kb.Enter)
	isOn("Attribute 1, value")
	field("Attribute 1, value").fill("=abc & <b>")
	b.keys(kb.Enter)
	isOn("Attribute 2, key")

	// What the server would refuse is told under its row; nothing is sent.
	field("Attribute 2, key").fill("trace")
	b.find("button", "Publish").click()
	b.says("Attribute 2: the key stands in attribute 1 already.")
	isOn("Attribute 2, key")
	if told := field("Attribute 2, key").description(); told == "" {
		t.Error("the field is not tied to what is wrong with it")
	}
	field("Attribute 2, key").fill("__proto__")
	field("Attribute 2, value").fill(`"><img src=x onerror=alert(1)>`)
	b.keys(kb.Enter) // an empty row is left out
	isOn("Attribute 3, key")
	b.find("button", "Publish").click()
	b.says("#1 kept 30 s")
	came(1, map[string]string{"trace": "=abc & <b>", "__proto__": `"><img src=x onerror=alert(1)>`})

	// They stay, as the topic does, and go by keys.
	b.find("DisclosureTriangle", "+ attributes 2")
	field("Attribute 3, key").focus()
	b.keys(kb.Backspace)
	isOn("Attribute 2, value")
	b.find("button", "Remove attribute 1").focus()
	b.keys(kb.Enter)
	isOn("Attribute 1, value")
	b.find("button", "Publish").click()
	b.says("#2 kept 30 s")
	came(2, map[string]string{"__proto__": `"><img src=x onerror=alert(1)>`})
	b.find("button", "Remove attribute 1").focus()
	b.keys(kb.Enter)
	b.gone("textbox", "Attribute 1, key")
	isOn("+ attributes")
	b.find("button", "Publish").click()
	b.says("#3 kept 30 s")
	came(3, nil)

	if _, dialogs, _ := b.told(); len(dialogs) > 0 {
		t.Errorf("it came to dialogs: %q", dialogs)
	}
}
