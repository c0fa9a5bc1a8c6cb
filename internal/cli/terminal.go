package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// isTerminal says whether v, a reader or writer, is a terminal.
func isTerminal(v any) bool {
	if _, ok := v.(*display); ok {
		return true
	}
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// readable makes data fit for a terminal: one line, control characters and direction marks as symbols, bytes that are
// not UTF-8 as \x escapes. What somebody published must not move the cursor of who reads it.
func readable(data []byte) string {
	var b strings.Builder
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, data[0])
		case r == '\t':
			b.WriteByte(' ')
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the symbol for it
		case r == 0x7f:
			b.WriteRune(0x2421)
		case acts(r), r == '\u2028', r == '\u2029':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.Write(data[:n])
		}
		data = data[n:]
	}
	return b.String()
}

// acts says whether a terminal would act on a character instead of showing it.
func acts(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Bidi_Control) }

// clock writes a time of the server's for people: the local time of day, with the date when it is not today's.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if y, m, d := t.Date(); now.Day() == d && now.Month() == m && now.Year() == y {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}

// grouped writes a count with separators: 1,204.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted writes a count with its noun: 1 message, 1,204 messages.
func counted(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// widestColumn is what a table gives a column at most: one long name moves its own row, not all of them.
const widestColumn = 40

// table writes rows in columns, the last one as long as it is.
func table(w io.Writer, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = min(max(widths[i], utf8.RuneCountInString(cell)), widestColumn)
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0)+2))
			}
		}
		if _, err := fmt.Fprintln(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}
