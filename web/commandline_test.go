package web

import (
	"os/exec"
	"testing"

	"pgregory.net/rapid"
)

// hostileWords would become something else, or run, in a shell that was not told to take them as they are.
var hostileWords = []string{
	"", " ", "'", "''", `'\''`, `"`, `\`, `\\`, `\'`, "$HOME", "${IFS}", "$(touch /)", "`id`", "!!", "it's !x", "*", "~", "~root", "-n", "--", "--ttl",
	"a\nb", "\n", "a\n", "\n\n", "\ttab\t", "a b", "#x", "a#b", "x;y", "x&y", "x|y", "<x>y", "=ls", "a=b", "{a,b}", "[a-z]", "%s", "%n\\n", "主题", "é\u202e\u200b", "🧭",
	"{\"a\": \"it's\"}\n", "<img src=x onerror='alert(1)'>",
}

// A quoted text is one word of the shell, byte for byte the text.
func TestShellQuote(t *testing.T) {
	for _, s := range hostileWords {
		if got := printed(t, s); got != s {
			t.Errorf("%q comes out as %q", s, got)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.OneOf(
			rapid.StringOf(rapid.RuneFrom([]rune("'\"\\$`!*?[]{}()<>|&;#~= \n\t-%a主"))),
			rapid.String().Filter(survivesPaste),
		).Draw(r, "word")
		if got := printed(r, s); got != s {
			r.Errorf("%q comes out as %q", s, got)
		}
	})
}

// printed is what sh hands to a program as its second argument, told from what stands around it.
func printed(t rapid.TB, s string) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", "printf '<%s>' one"+shellWords(s, "three")).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", s, err, out)
	}
	const before, after = "<one><", "><three>"
	if len(out) < len(before)+len(after) || string(out[:len(before)]) != before || string(out[len(out)-len(after):]) != after {
		t.Fatalf("%q is not one word: %q", s, out)
	}
	return string(out[len(before) : len(out)-len(after)])
}

// What a terminal would take for its own is told from what it hands on.
func TestSurvivesPaste(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "text\n\tmore": true, "主题 🧭\u200d": true,
		"\r\n": false, "\x00": false, "\x1b[201~": false, "\x7f": false, "\u009b2J": false, "\x03": false, "\xff": false,
	} {
		if got := survivesPaste(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
