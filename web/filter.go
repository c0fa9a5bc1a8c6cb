package web

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Filter is what is typed into "Filter retained", word by word. Which messages fit it the script knows too: ts/arrange.ts.
type Filter []string

// ReadFilter reads what was typed.
func ReadFilter(text string) Filter { return strings.Fields(fold(text)) }

// Fits says whether each of the words stands in what a list shows of the message, or in what it carries. m is as a list has
// it: of long data only the beginning.
func (f Filter) Fits(p Page, m Message) bool {
	if len(f) == 0 {
		return true
	}
	text := []string{number(m.Sequence), m.Topic, m.Key, previewOf(p, m.Data, m.size()).Text}
	for _, a := range m.Attributes {
		text = append(text, a.Key, a.Value)
	}
	all := fold(strings.Join(text, "\n"))
	for _, word := range f {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// fold makes letters alike that differ in case or width alone.
func fold(text string) string { return strings.ToLower(norm.NFKC.String(text)) }
