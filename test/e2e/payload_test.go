package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"linger/client"
)

// Each payload is shown as what it is: in the lists, and on its own page.
func TestPayloads(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	binary := make([]byte, 2112)
	for i := range binary {
		binary[i] = byte(i * 7)
	}
	cases := []struct {
		what string
		data []byte
		list string // in a list's row
		page string // on the message's page
	}{
		{"HTML", []byte(`<h1>big</h1><img src=x onerror=alert(1)>`), `<h1>big</h1><img src=x onerror=alert(1)>`, `<h1>big</h1><img src=x onerror=alert(1)>`},
		{"script", []byte(`<script>document.title = "no"</script>`), `<script>document.title = "no"</script>`, `<script>document.title = "no"</script>`},
		{"binary", binary, "application data, 2,112 B: 00 07 0e 15 1c 23 2a 31 38 3f 46 4d 54 5b 62 69 …", "00000000 00 07 0e 15 1c 23 2a 31 38 3f 46 4d 54 5b 62 69"},
		{"empty", nil, "(empty)", "(empty)"},
		{"1 MiB", []byte(strings.Repeat("0123456789abcde\n", 1<<16)), "0123456789abcde␊0123456789abcde␊", "1,048,576 B"},
		{"emoji", []byte("👩‍👩‍👧 🏳️‍🌈 ok"), "👩‍👩‍👧 🏳️‍🌈 ok", "👩‍👩‍👧 🏳️‍🌈 ok"},
		{"right to left", []byte("שלום עולם"), "שלום עולם", "שלום עולם"},
		{"overridden direction", []byte("abc\u202Ecod.exe"), "abc⟨U+202E⟩cod.exe", "abc⟨U+202E⟩cod.exe"},
		{"Chinese", []byte("消息保留三十秒"), "消息保留三十秒", "消息保留三十秒"},
		{"JSON", []byte("{\n  \"n\": 12345678901234567890,\n  \"s\": \"a  b\"\n}"), `{ "n": 12345678901234567890, "s": "a b" }`, `"n": 12345678901234567890`},
		{"control characters", []byte("bell\aand\x1b[31mred is not a colour here"), "bell␇and␛[31mred", "bell␇and␛[31mred"},
		{"lines", []byte("one\ntwo\tthree\r\n"), "one␊two␉three␍␊", "one two three␍"},
	}
	b := newPerson(t).live(s, "/topics/kinds")
	for i, c := range cases {
		s.publishMessages("kinds", time.Duration(len(cases)-i)*time.Hour, client.Message{Data: c.data})
	}
	for _, when := range []string{"streamed", "rendered"} {
		for i, c := range cases {
			for _, list := range []string{"Retained", "Live"} {
				t.Run(fmt.Sprintf("%s, %s, %s", c.what, when, list), func(t *testing.T) {
					b.t = t
					b.holds(list, 1, fmt.Sprintf("#%d ", i+1), c.list)
				})
			}
		}
		b.t = t
		if when == "streamed" {
			b.holds("Retained", 1, "… 1.0 MiB")
			// The direction of one payload does not reach beyond it.
			number := b.find("list", "Retained")
			if d := callOn[string](number, `function() { return getComputedStyle(this.querySelector("li .text")).unicodeBidi }`); d != "isolate" {
				t.Errorf("a payload's direction is not isolated: %q", d)
			}
			b.load(s.URL("/topics/kinds"))
		}
	}
	for i, c := range cases {
		b.load(s.URL(fmt.Sprintf("/topics/kinds/%d", i+1)))
		t.Run(c.what+", own page", func(t *testing.T) {
			b.t = t
			b.says(c.page)
		})
	}
	b.t = t
	if _, dialogs, _ := b.told(); len(dialogs) > 0 {
		t.Errorf("a payload ran: %q", dialogs)
	}
}
