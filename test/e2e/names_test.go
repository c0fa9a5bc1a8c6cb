package e2e

import (
	"strings"
	"testing"
	"time"
)

// The names by which people who do not see, and programs, find what is on the pages.
func TestNames(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Minute, "message")
	b := newPerson(t).live(s, "/")
	for _, c := range []struct{ role, name string }{
		{"combobox", "Topic"},
		{"textbox", "Message"},
		{"slider", "Time to live"},
		{"button", "Publish"},
		{"list", "Retained"},
		{"list", "Live"},
		{"radio", "30 s"},
		{"radio", "0, now or never"},
		{"combobox", "Go to a topic"},
		{"navigation", "Pages"},
		{"button", "Extend #1 by 1 minute"},
		{"button", "Expire #1"},
	} {
		found, err := b.all("", c.name)
		if err != nil {
			t.Fatal(err)
		}
		roles := map[string]bool{}
		for _, f := range found {
			// Headings and the words inside a control bear its name too; what matters is that no second control does.
			switch role := axText(f.ax.Role); role {
			case "StaticText", "LabelText", "heading", "region", "form", "generic", "InlineTextBox", "superscript", "strong":
			default:
				if roles[role] {
					t.Errorf("there are two of %s %q", role, c.name)
				}
				roles[role] = true
			}
		}
		if !roles[c.role] || len(roles) != 1 {
			t.Errorf("%q is the name of %v, not of one %s", c.name, roles, c.role)
		}
	}
	if items := callOn[string](b.find("list", "Retained"), `function() { return this.innerText }`); !strings.Contains(items, "message") {
		t.Errorf("the list says %q", items)
	}
}
