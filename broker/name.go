package broker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxNameBytes = 255
	namingRule   = "Letters, digits, _ and -, in parts joined by dots."
)

// ValidateTopic says whether name may be a topic's (contract 1). It returns an *[Error] with [ErrInvalid] that names the
// position of what is wrong, counted in characters from 1, and the way out.
//
// Letters and digits are those of any script. Combining marks may follow a letter, because NFC has no single character for
// most letters with marks: without them there would be no names in Hindi or Thai. Characters that nobody can see are
// refused even where Unicode calls them letters or marks, as two names would look the same.
func ValidateTopic(name string) error {
	if fault := namingFault(name, false); fault != nil {
		fault.Field = "topic"
		return fault
	}
	return nil
}

// ValidatePattern says whether pattern can select topics: a topic's name in which "*" may stand for any one part and a
// final ">" for one part or more. Its error is like [ValidateTopic]'s.
func ValidatePattern(pattern string) error {
	_, err := parsePattern(pattern)
	return err
}

// namingFault says what is wrong with a name, or with a pattern if wildcards are allowed: nil is nothing. The field is for
// the caller to say.
func namingFault(name string, wildcards bool) *Error {
	switch {
	case name == "":
		return badName("empty. "+namingRule, map[string]string{"bytes": "0"})
	case len(name) > maxNameBytes:
		return badName(fmt.Sprintf("%d bytes. At most %d.", len(name), maxNameBytes),
			map[string]string{"bytes": strconv.Itoa(len(name)), "limit": strconv.Itoa(maxNameBytes)})
	case name[0] == '_':
		return badName(`"_" at position 1. Names that begin with it are reserved.`, map[string]string{"reserved": "_"})
	}
	position, rest := 1, name
	for more := true; more; {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		if fault := partFault(part, position, !more, wildcards); fault != nil {
			return fault
		}
		position += utf8.RuneCountInString(part) + 1
	}
	if !norm.NFC.IsNormalString(name) {
		return badName(fmt.Sprintf("not in Unicode's composed form (NFC), though it may look the same. Write %q.", norm.NFC.String(name)),
			map[string]string{"composed": norm.NFC.String(name)})
	}
	return nil
}

func badName(detail string, values map[string]string) *Error {
	return &Error{Err: ErrInvalid, Detail: detail, Values: values}
}

// partFault says what is wrong with one part of a name, which begins at the given position.
func partFault(part string, position int, last, wildcards bool) *Error {
	switch {
	case part == "":
		return badName(fmt.Sprintf("an empty part at position %d. %s", position, namingRule), map[string]string{"position": strconv.Itoa(position)})
	case wildcards && part == "*", wildcards && part == ">" && last:
		return nil
	}
	afterLetter := false
	for i, r := range part {
		switch letter := isVisible(r) && unicode.IsLetter(r); {
		case letter, afterLetter && isMark(r):
			afterLetter = true
		case unicode.IsDigit(r), r == '_', r == '-':
			afterLetter = false
		default:
			return badName(fmt.Sprintf("%s at position %d. %s", describe(part[i:]), position, wayOut(r, wildcards)),
				map[string]string{"position": strconv.Itoa(position), "character": string(r)})
		}
		position++
	}
	return nil
}

func isMark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Mc) && isVisible(r) }

// isVisible is false for what is drawn as nothing: fillers, which are letters, and selectors and joiners, which are marks.
func isVisible(r rune) bool {
	return r < utf8.RuneSelf || !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// describe names the first character of s to a person.
func describe(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size == 1:
		return "a byte that is not UTF-8"
	case r == ' ':
		return "a space"
	case r == '\t':
		return "a tab"
	case r == '\n', r == '\r':
		return "a line break"
	case r == '"':
		return "a quotation mark"
	case unicode.IsMark(r) && isVisible(r):
		return fmt.Sprintf("a mark without a letter (%U)", r)
	case unicode.IsPrint(r) && isVisible(r):
		return fmt.Sprintf(`"%c"`, r)
	default:
		return fmt.Sprintf("%U", r)
	}
}

// wayOut is the sentence that helps whoever wrote r: often a wildcard in the wrong place.
func wayOut(r rune, wildcards bool) string {
	switch {
	case r == '*' && wildcards:
		return "It stands for a whole part, between dots."
	case r == '>' && wildcards:
		return "It stands for the rest, as the last part."
	case r == '*', r == '>':
		return "Only subscriptions take wildcards, a topic's name does not."
	default:
		return namingRule
	}
}

// A pattern selects topics by name.
type pattern struct {
	text string
	wild bool // has a wildcard; otherwise text is a topic's name
}

// parsePattern reads what [ValidatePattern] accepts.
func parsePattern(s string) (pattern, error) {
	if fault := namingFault(s, true); fault != nil {
		fault.Field = "pattern"
		return pattern{}, fault
	}
	return newPattern(s), nil
}

func newPattern(valid string) pattern {
	return pattern{text: valid, wild: strings.ContainsAny(valid, "*>")}
}

// match says whether the pattern selects a topic. It allocates nothing.
func (p pattern) match(name string) bool {
	if !p.wild {
		return p.text == name
	}
	want, name, morePattern, moreName := p.text, name, true, true
	for morePattern && moreName {
		var wantPart, part string
		wantPart, want, morePattern = strings.Cut(want, ".")
		if wantPart == ">" {
			return true
		}
		part, name, moreName = strings.Cut(name, ".")
		if wantPart != "*" && wantPart != part {
			return false
		}
	}
	return !morePattern && !moreName
}

// literal gives the one topic that the pattern can select, if it has no wildcard.
func (p pattern) literal() (string, bool) {
	if p.wild {
		return "", false
	}
	return p.text, true
}

// patterns select a topic if any one of them does.
type patterns []pattern

// parsePatterns reads the patterns of one subscription or watcher: at least one, at most [MaxPatterns].
func parsePatterns(texts []string) (patterns, error) {
	fault := func(detail string) (patterns, error) {
		return nil, &Error{Err: ErrInvalid, Field: "patterns", Detail: detail}
	}
	if len(texts) == 0 {
		return fault(`none given. Name a topic, or ">" for all.`)
	}
	if len(texts) > MaxPatterns {
		return fault(fmt.Sprintf("%d given. At most %d; a wildcard may stand for several.", len(texts), MaxPatterns))
	}
	ps := make(patterns, len(texts))
	for i, text := range texts {
		if wrong := namingFault(text, true); wrong != nil {
			detail := wrong.Detail
			if len(texts) > 1 {
				detail = fmt.Sprintf("number %d: %s", i+1, detail)
			}
			return fault(detail)
		}
		ps[i] = newPattern(text)
	}
	return ps, nil
}

func (ps patterns) match(name string) bool {
	for _, p := range ps {
		if p.match(name) {
			return true
		}
	}
	return false
}

// names says whether a topic is named, without a wildcard.
func (ps patterns) names(topic string) bool {
	for _, p := range ps {
		if !p.wild && p.text == topic {
			return true
		}
	}
	return false
}

// literals are the topics named without a wildcard, each once, in the order given.
func (ps patterns) literals() []string {
	var names []string
	for _, p := range ps {
		if name, ok := p.literal(); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
