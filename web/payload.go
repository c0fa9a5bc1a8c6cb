package web

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// preview is a payload as a list shows it: one line.
type preview struct {
	// Text is the payload, harmless and readable.
	Text string
	// Note says that Text is the page's own words instead: "(empty)", "application data, 2,112 B: 89 50 4e 47 …".
	Note bool
	// Cut is told at the end when the rest is missing: "… 1.0 MiB".
	Cut string
}

// hexBytes is how much of a binary payload a list shows.
const hexBytes = 16

// previewOf makes one line of a payload of which data is the beginning and size the whole length.
func previewOf(p Page, data []byte, size int64) preview {
	size = max(size, int64(len(data)))
	if size == 0 {
		return preview{Text: p.t("payload.empty"), Note: true}
	}
	cut := size > int64(len(data))
	if cut {
		data = wholeRunes(data)
	}
	if !isText(data) {
		return preview{Text: p.t("payload.line", "size", Size(size), "hex", hexLine(data, size)), Note: true}
	}
	text := string(data)
	if looksLikeJSON(text) {
		text = oneLine(text)
	}
	text = visibleLine(text)
	if short := firstRunes(text, mostShown); len(short) < len(text) {
		text, cut = short, true
	}
	if cut {
		return preview{Text: text, Cut: "… " + Size(size)}
	}
	return preview{Text: text}
}

// mostShown characters are more than any screen is wide; the rest of a long line would only slow the layout.
const mostShown = 600

// isText says whether data is shown as text: valid UTF-8 with no more than a stray control character or a tenth of them.
func isText(data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	controls := 0
	for _, c := range data {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			controls++
		}
	}
	return controls <= max(1, utf8.RuneCount(data)/10)
}

// wholeRunes drops an incomplete character from the end.
func wholeRunes(data []byte) []byte {
	for back := 1; back < utf8.UTFMax && back <= len(data); back++ {
		if c := data[len(data)-back]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(data[len(data)-back:]) {
				return data[:len(data)-back]
			}
			break
		}
	}
	return data
}

func looksLikeJSON(text string) bool {
	text = strings.TrimSpace(text)
	return len(text) > 1 && strings.ContainsRune("{[", rune(text[0])) && strings.ContainsRune("}]", rune(text[len(text)-1]))
}

// oneLine takes the white space between JSON's tokens to one space where there was any. Numbers and strings stay letter
// for letter as they were sent, which decoding and encoding again would not promise.
func oneLine(text string) string {
	var b strings.Builder
	quoted, escaped, space := false, false, false
	for _, r := range strings.TrimSpace(text) {
		if !quoted && strings.ContainsRune(" \t\r\n", r) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		if r == '"' && !escaped {
			quoted = !quoted
		}
		escaped = quoted && r == '\\' && !escaped
	}
	return b.String()
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// hexLine writes the first of size bytes in hex, two digits each.
func hexLine(data []byte, size int64) string {
	shown := data[:min(len(data), hexBytes)]
	s := fmt.Sprintf("% x", shown)
	if int64(len(shown)) < size {
		s += " …"
	}
	return s
}

// dumpBytes bounds the dump on a message's page: each byte of payload becomes five of page.
const dumpBytes = 64 << 10

// hexDump writes a payload as offsets, hex and characters.
func hexDump(data []byte) string {
	return hex.Dump(data[:min(len(data), dumpBytes)])
}

// prettyMost is the longest JSON that is also shown with line breaks, in bytes: it makes the page twice as long.
const prettyMost = 256 << 10

// prettyJSON is an object or array with line breaks, every number and text as it was written. Empty: it is neither.
func prettyJSON(data []byte) string {
	if len(data) > prettyMost || !looksLikeJSON(string(data)) {
		return ""
	}
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(data), "", "  ") != nil {
		return ""
	}
	return b.String()
}

// visibleLine makes a text one harmless line: whatever has no picture of its own gets one, line breaks included.
func visibleLine(s string) string {
	return visible(s, false)
}

// visibleText is visibleLine for a block of text: line breaks and tabs do what they say.
func visibleText(s string) string {
	return visible(s, true)
}

func visible(s string, block bool) string {
	if !needsPicture(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	var prev rune
	for i, r := range s {
		switch {
		case block && (r == '\n' || r == '\t'):
			b.WriteRune(r)
		case r == utf8.RuneError:
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune('␡')
		case r == 0x2028 || r == 0x2029:
			b.WriteRune('␤')
		case invisible(r) && !joins(prev, r, s[i+utf8.RuneLen(r):]):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
		prev = r
	}
	return b.String()
}

// needsPicture spares the usual text a copy.
func needsPicture(s string) bool {
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r >= 0x80 && invisible(r) {
			return true
		}
	}
	return false
}

// invisible says whether a character shows nothing or changes how others are shown: format characters (zero width,
// direction), separators, and letters and spaces that are blank by design.
func invisible(r rune) bool {
	switch r {
	case 0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0: // joiner, fillers, blanks
		return true
	case 0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6dd, 0x70f, 0x890, 0x891, 0x8e2, 0x110bd, 0x110cd: // format, but drawn
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp)
}

// joins says whether a zero width joiner or non-joiner does its work where it stands: in an emoji of several, or between
// letters of a script that joins. Elsewhere it only hides.
func joins(prev, r rune, rest string) bool {
	if r != 0x200c && r != 0x200d {
		return false
	}
	next, _ := utf8.DecodeRuneInString(rest)
	if r == 0x200d && unicode.Is(unicode.So, next) && (prev == 0xfe0f || unicode.In(prev, unicode.So, unicode.Sk)) {
		return true
	}
	joining := []*unicode.RangeTable{
		unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi,
		unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala,
		unicode.Khmer, unicode.Myanmar,
	}
	return unicode.In(prev, joining...) && unicode.In(next, joining...)
}
