package web

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPreview(t *testing.T) {
	png := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 2104)...)
	for _, c := range []struct {
		name string
		data []byte
		size int64
		want preview
	}{
		{"empty", nil, 0, preview{Text: "(empty)", Note: true}},
		{"text", []byte("Hello, 世界 🟢"), 0, preview{Text: "Hello, 世界 🟢"}},
		{"html stays text", []byte("<img src=x onerror=alert(1)>"), 0, preview{Text: "<img src=x onerror=alert(1)>"}},
		{"lines", []byte("a\nb\tc"), 0, preview{Text: "a␊b␉c"}},
		{"one stray control", []byte("\x00"), 0, preview{Text: "␀"}},
		{"binary", png, 0, preview{Text: "application data, 2,112 B: 89 50 4e 47 0d 0a 1a 0a 00 00 00 00 00 00 00 00 …", Note: true}},
		{"mostly controls", []byte("\x00\x01\x02\x03abc"), 0, preview{Text: "application data, 7 B: 00 01 02 03 61 62 63", Note: true}},
		{"not UTF-8", []byte("caf\xe9"), 0, preview{Text: "application data, 4 B: 63 61 66 e9", Note: true}},
		{"binary cut", png[:20], 1 << 20, preview{Text: "application data, 1.0 MiB: 89 50 4e 47 0d 0a 1a 0a 00 00 00 00 00 00 00 00 …", Note: true}},
		{"cut", []byte("abc"), 1 << 20, preview{Text: "abc", Cut: "… 1.0 MiB"}},
		{"cut within a character", []byte("ab\xe4\xb8"), 4096, preview{Text: "ab", Cut: "… 4,096 B"}},
		{"long", bytes.Repeat([]byte("é"), 1000), 0, preview{Text: strings.Repeat("é", mostShown), Cut: "… 2,000 B"}},
		{"JSON", []byte("{\n  \"a\": 1.10,\n  \"b\": \"x \\\" \n y\"\n}\n"), 0, preview{Text: `{ "a": 1.10, "b": "x \" ␊ y" }`}},
		{"JSON on a line", []byte(`{"a":12345678901234567890}`), 0, preview{Text: `{"a":12345678901234567890}`}},
	} {
		if got := previewOf(Page{}, c.data, c.size); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestVisibleTextKeepsLines(t *testing.T) {
	if got := visibleText("a\r\n\tb\x1b\u202e"); got != "a␍\n\tb␛⟨U+202E⟩" {
		t.Errorf("%q", got)
	}
}

func FuzzPreview(f *testing.F) {
	f.Add([]byte("Hello"), int64(0))
	f.Add([]byte("{\"a\": \"\u202e\\\""), int64(100))
	f.Add([]byte("\xe4\xb8"), int64(3))
	f.Fuzz(func(t *testing.T, data []byte, size int64) {
		p := previewOf(Page{}, data, size)
		if !utf8.ValidString(p.Text) || utf8.RuneCountInString(p.Text) > 6*mostShown {
			t.Errorf("%q", p.Text)
		}
		for _, r := range p.Text {
			if r < 0x20 || r == 0x7f || r != 0x200c && r != 0x200d && invisible(r) {
				t.Errorf("%U is left in %q", r, p.Text)
			}
		}
	})
}
