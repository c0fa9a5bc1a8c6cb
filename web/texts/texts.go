// Package texts is the catalogue of what the dashboard says: every text under a key, in each language whole.
//
// A text is one string, or one for each form that the language's numbers take, chosen by the value of {count}:
//
//	"bar.allTopics": {"one": "All topics", "other": "All {count} topics"}
//
// The same files feed the script: internal/assets makes of them one file for each language, which the page loads, and
// the types that have the compiler check every key and placeholder in web/ts. Tests do so for Go and the templates.
package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Language is a language that the pages speak. The zero value is English.
type Language int

const (
	// English is what is spoken to those whose browser asks for nothing that there is.
	English Language = iota
	// Chinese is Simplified Chinese.
	Chinese
	// Marked is English with every text within ⟦ ⟧: what stands outside on a page does not come from the catalogue. It is
	// for tests and for looking, at /?lang=en-XA; no browser asks for it by itself.
	Marked
)

// Languages are those that people are offered.
var Languages = []Language{English, Chinese}

// tags are the names of the languages by BCP 47; XA is the usual region of a pseudo-language.
var tags = [...]string{English: "en", Chinese: "zh-CN", Marked: "en-XA"}

// Tag is the language's name by BCP 47, as in <html lang>: "zh-CN".
func (l Language) Tag() string { return tags[l] }

// Parse finds a language by its Tag.
func Parse(tag string) (l Language, ok bool) {
	for i, t := range tags {
		if t == tag {
			return Language(i), true
		}
	}
	return English, false
}

// Other is the language to which the bar offers to change.
func (l Language) Other() Language {
	if l == Chinese {
		return English
	}
	return Chinese
}

//go:embed en.json zh-CN.json
var files embed.FS

// catalogues are read at first use.
var catalogues = sync.OnceValue(func() (all [len(tags)]Catalogue) {
	for _, l := range Languages {
		data, err := files.ReadFile(l.Tag() + ".json")
		if err == nil {
			all[l], err = Read(data)
		}
		if err != nil {
			panic(fmt.Sprintf("texts: %s: %v", l.Tag(), err)) // embedded files were tested
		}
	}
	all[Marked] = all[English].marked()
	return all
})

// All are the language's texts.
func (l Language) All() Catalogue { return catalogues()[l] }

// Text is Catalogue.Text in this language.
func (l Language) Text(key string, values ...any) string { return l.All().Text(key, values...) }

// Pieces is Catalogue.Pieces in this language.
func (l Language) Pieces(key string, values ...any) []any { return l.All().Pieces(key, values...) }

// Catalogue maps keys to texts.
type Catalogue map[string]Forms

// Forms is a text in the forms that numbers need. One is empty where one form does for all.
type Forms struct{ One, Other string }

// Sentence is a text that is yet to be said: an error for people, who read it in their language.
type Sentence struct {
	Key    string
	Values []any
}

// Say makes a sentence of a text and its values.
func Say(key string, values ...any) *Sentence { return &Sentence{key, values} }

// In writes the sentence in a language.
func (s *Sentence) In(l Language) string { return l.Text(s.Key, s.Values...) }

// Error is the sentence in English.
func (s *Sentence) Error() string { return s.In(English) }

// List are the words of a text that is several, with spaces between them.
func (l Language) List(key string) []string {
	return strings.Fields(strings.Trim(l.Text(key), before+after)) // Marked has marks around the whole
}

// Text writes the text of a key. values are names of placeholders, each followed by what to put there: a string as it is,
// a whole number with thousands separators. It never fails: a key that is not there is written itself.
func (c Catalogue) Text(key string, values ...any) string {
	var b strings.Builder
	for _, piece := range c.Pieces(key, values...) {
		fmt.Fprint(&b, piece)
	}
	return b.String()
}

// Pieces is Text cut at the values: those that are neither strings nor whole numbers are left as they are.
func (c Catalogue) Pieces(key string, values ...any) []any {
	t, ok := c[key]
	if !ok {
		return []any{key}
	}
	given := make(map[string]any, len(values)/2)
	for i := 0; i+1 < len(values); i += 2 {
		given[fmt.Sprint(values[i])] = written(values[i+1])
	}
	form := t.Other
	if given["count"] == "1" && t.One != "" {
		form = t.One
	}
	var pieces []any
	for rest := form; rest != ""; {
		text, name, more := cut(rest)
		if text != "" {
			pieces = append(pieces, text)
		}
		if name != "" {
			value, ok := given[name]
			if !ok {
				value = "{" + name + "}"
			}
			pieces = append(pieces, value)
		}
		rest = more
	}
	return pieces
}

// written makes a number text, and leaves everything else.
func written(value any) any {
	switch n := value.(type) {
	case int:
		return Number(n)
	case int64:
		return Number(n)
	case uint64:
		return Number(n)
	}
	return value
}

// cut splits a text at its first placeholder; name is empty when there is none.
func cut(s string) (text, name, rest string) {
	start := strings.IndexByte(s, '{')
	if start < 0 {
		return s, "", ""
	}
	end := strings.IndexByte(s[start:], '}')
	if end < 0 {
		return s, "", ""
	}
	return s[:start], s[start+1 : start+end], s[start+end+1:]
}

// Number writes a number with thousands separators: "1,163".
func Number[N int | int64 | uint64](n N) string {
	s := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Read reads a catalogue's file.
func Read(data []byte) (Catalogue, error) {
	var c Catalogue
	err := json.Unmarshal(data, &c)
	return c, err
}

// UnmarshalJSON reads a string, or an object of forms.
func (f *Forms) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &f.Other)
	}
	var forms struct {
		One   string `json:"one"`
		Other string `json:"other"`
	}
	err := json.Unmarshal(data, &forms)
	f.One, f.Other = forms.One, forms.Other
	return err
}

// MarshalJSON writes what UnmarshalJSON reads.
func (f Forms) MarshalJSON() ([]byte, error) {
	if f.One == "" {
		return json.Marshal(f.Other)
	}
	return json.Marshal(struct {
		One   string `json:"one"`
		Other string `json:"other"`
	}{f.One, f.Other})
}

// Placeholders are the names between braces, each once, in the order in which they stand.
func (f Forms) Placeholders() (names []string) {
	seen := map[string]bool{}
	for rest := f.Other + f.One; rest != ""; {
		_, name, more := cut(rest)
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
		rest = more
	}
	return names
}

func (c Catalogue) marked() Catalogue {
	m := make(Catalogue, len(c))
	for key, f := range c {
		m[key] = Forms{Other: mark(f.Other)}
		if f.One != "" {
			m[key] = Forms{Other: mark(f.Other), One: mark(f.One)}
		}
	}
	return m
}

// What is around the texts of Marked.
const before, after = "⟦", "⟧"

func mark(s string) string { return before + s + after }
