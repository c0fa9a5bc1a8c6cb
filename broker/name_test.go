package broker_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"linger/broker"
)

func TestContract01_TopicNamesOfAnyScript(t *testing.T) {
	for _, name := range []string{
		"a", "orders", "orders.eu.west-1", "sensor_7.temperature", "0", "-", "a._b",
		"café", "заказы.новые", "注文.東京", "हिन्दी.समाचार", "ภาษาไทย.ข่าวที่นี่", "한국어", "عربي.٣",
		strings.Repeat("a", 255),
	} {
		if err := broker.ValidateTopic(name); err != nil {
			t.Errorf("%q is refused: %v", name, err)
		}
		if err := broker.ValidatePattern(name); err != nil {
			t.Errorf("%q is refused as a pattern: %v", name, err)
		}
	}
}

func TestContract01_RefusedTopicNamesSayWhereAndWhatInstead(t *testing.T) {
	const rule = " Letters, digits, _ and -, in parts joined by dots."
	for _, test := range []struct{ name, detail string }{
		{"", "empty." + rule},
		{"abc def", "a space at position 4." + rule},
		{"новый заказ", "a space at position 6." + rule},
		{"a.b\tc", "a tab at position 4." + rule},
		{"a\n", "a line break at position 2." + rule},
		{"a/b", `"/" at position 2.` + rule},
		{`a"b`, "a quotation mark at position 2." + rule},
		{"a.b😀", `"😀" at position 4.` + rule},
		{".a", "an empty part at position 1." + rule},
		{"a..b", "an empty part at position 3." + rule},
		{"a.", "an empty part at position 3." + rule},
		{"a\xffb", "a byte that is not UTF-8 at position 2." + rule},
		{"a\u200bb", "U+200B at position 2." + rule},
		{"a\ufe0f", "U+FE0F at position 2." + rule},
		{"\u3164", "U+3164 at position 1." + rule},
		{"a.\u0301b", "a mark without a letter (U+0301) at position 3." + rule},
		{"7\u0301", "a mark without a letter (U+0301) at position 2." + rule},
		{"_linger.stats", `"_" at position 1. Names that begin with it are reserved.`},
		{"orders.*", `"*" at position 8. Only subscriptions take wildcards, a topic's name does not.`},
		{">", `">" at position 1. Only subscriptions take wildcards, a topic's name does not.`},
		{strings.Repeat("é", 128), "256 bytes. At most 255."},
		{"cafe\u0301", `not in Unicode's composed form (NFC), though it may look the same. Write "café".`},
	} {
		checkInvalid(t, test.name, broker.ValidateTopic(test.name), "topic", test.detail)
	}
}

func TestContract01_RefusedPatterns(t *testing.T) {
	for _, test := range []struct{ pattern, detail string }{
		{"", "empty. Letters, digits, _ and -, in parts joined by dots."},
		{"a.>.b", `">" at position 3. It stands for the rest, as the last part.`},
		{"a.b>", `">" at position 4. It stands for the rest, as the last part.`},
		{"a.b*", `"*" at position 4. It stands for a whole part, between dots.`},
		{"**", `"*" at position 1. It stands for a whole part, between dots.`},
		{"*..a", "an empty part at position 3. Letters, digits, _ and -, in parts joined by dots."},
		{"_x.>", `"_" at position 1. Names that begin with it are reserved.`},
		{"*.cafe\u0301", `not in Unicode's composed form (NFC), though it may look the same. Write "*.café".`},
	} {
		checkInvalid(t, test.pattern, broker.ValidatePattern(test.pattern), "pattern", test.detail)
	}
	for _, pattern := range []string{"*", ">", "*.*", "a.*.c", "a.>", "*.>", "a.*"} {
		if err := broker.ValidatePattern(pattern); err != nil {
			t.Errorf("%q is refused: %v", pattern, err)
		}
	}
}

func checkInvalid(t *testing.T, name string, err error, field, detail string) {
	t.Helper()
	var e *broker.Error
	if !errors.As(err, &e) || !errors.Is(err, broker.ErrInvalid) {
		t.Errorf("%q: got %v, want an invalid argument", name, err)
		return
	}
	if e.Field != field || e.Detail != detail {
		t.Errorf("%q:\n got %s: %s\nwant %s: %s", name, e.Field, e.Detail, field, detail)
	}
}

const partExpression = `(?:\p{L}[\p{Mn}\p{Mc}]*|\p{Nd}|[_-])+`

var (
	topicExpression   = regexp.MustCompile(`^` + partExpression + `(?:\.` + partExpression + `)*$`)
	patternExpression = regexp.MustCompile(`^(?:(?:` + partExpression + `|\*)\.)*(?:` + partExpression + `|\*|>)$`)
)

func validBy(expression *regexp.Regexp, name string) bool {
	invisible := func(r rune) bool {
		return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	}
	return len(name) <= 255 && expression.MatchString(name) && name[0] != '_' && norm.NFC.IsNormalString(name) &&
		strings.IndexFunc(name, invisible) < 0
}

// FuzzTopicName compares with a regular expression, and checks that the NFC form that an error names is a way out.
func FuzzTopicName(f *testing.F) {
	for _, seed := range []string{"a.b", "_a", "a b", "cafe\u0301", "हिन्दी", "a..", "\xff", "\u0958.x", "\u3164"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := broker.ValidateTopic(name)
		if (err == nil) != validBy(topicExpression, name) {
			t.Fatalf("%q: %v", name, err)
		}
		if err == nil || !strings.Contains(err.Error(), "(NFC)") {
			return
		}
		if composed := norm.NFC.String(name); len(composed) <= 255 && broker.ValidateTopic(composed) != nil {
			t.Fatalf("%q was to be written %q: %v", name, composed, broker.ValidateTopic(composed))
		}
	})
}

func FuzzPatternName(f *testing.F) {
	for _, seed := range []string{"a.b", "*", ">", "a.*.>", "a.>.b", "a*", "_.*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		if err := broker.ValidatePattern(pattern); (err == nil) != validBy(patternExpression, pattern) {
			t.Fatalf("%q: %v", pattern, err)
		}
	})
}
