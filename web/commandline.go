package web

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxArgument is the longest single argument that a program is started with, in bytes: Linux's limit, the least of those
// in use.
const maxArgument = 128<<10 - 1

// shellQuote writes a text as one word of a POSIX shell. Between single quotes nothing has a meaning but the quote itself,
// which is written outside of them.
func shellQuote(s string) string {
	if s != "" && strings.Trim(s, plainInShell) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// plainInShell are characters that mean themselves in every shell, wherever in a word they stand.
const plainInShell = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:"

// shellWords writes a command's arguments, with a space before each.
func shellWords(args ...string) string {
	var b strings.Builder
	for _, arg := range args {
		b.WriteString(" " + shellQuote(arg))
	}
	return b.String()
}

// survivesPaste says whether a terminal hands a pasted text on as it is. It takes control characters for its own: a
// carriage return runs what stands before it, and an escape can end the paste and begin to type.
func survivesPaste(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t'
	})
}

// commandTTL writes a lifetime exactly, as the command line and the form both read it: 1h30m, 250ms.
func commandTTL(d time.Duration) string {
	var b strings.Builder
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}} {
		if n := d / u.size; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10) + u.name)
			d -= n * u.size
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}
