package gallery

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"linger/web/texts"
)

// Every word of every page comes from the catalogue: in the language that puts marks around what does, none stands
// outside them. What people publish, and its names, are no words of ours.
func TestEveryWordIsFromTheCatalogue(t *testing.T) {
	for name, doc := range gallery(t, texts.Marked) {
		foreign := foreignNodes(doc)
		published := publishedTexts(doc, foreign)
		depth := 0
		for n := range doc.Descendants() {
			for _, said := range spokenAttributes(n) {
				if outside, _ := outsideMarks(said, 0); strange(outside, published) != "" {
					t.Errorf("%s: %q, said by <%s id=%q>, is not from the catalogue", name, said, n.Data, value(n, "id"))
				}
			}
			if n.Type != html.TextNode || foreign[n] {
				continue
			}
			// A text with an element in it is several nodes, the marks in the first and the last.
			var outside string
			if outside, depth = outsideMarks(n.Data, depth); strange(outside, published) != "" {
				t.Errorf("%s: %q in <%s id=%q> is not from the catalogue", name, n.Data, n.Parent.Data, value(n.Parent, "id"))
			}
		}
		if depth != 0 {
			t.Errorf("%s: %d marks are not closed", name, depth)
		}
	}
}

// A page in Chinese is in Chinese: it has no word of English but names, units and what was published.
func TestChinesePagesAreChinese(t *testing.T) {
	for name, doc := range gallery(t, texts.Chinese) {
		foreign := foreignNodes(doc)
		published := publishedTexts(doc, foreign)
		for n := range doc.Descendants() {
			said := spokenAttributes(n)
			if n.Type == html.TextNode && !foreign[n] && value(n.Parent, "lang") != "en" {
				said = append(said, n.Data)
			}
			for _, text := range said {
				for _, word := range wordsOf(commands.ReplaceAllString(text, "")) {
					if word[0] < utf8.RuneSelf && isStrange(word, published) {
						t.Errorf("%s: %q is not Chinese: %q", name, word, text)
					}
				}
			}
		}
	}
}

// spokenAttributes are those of an element's attributes that people see or hear.
func spokenAttributes(n *html.Node) (said []string) {
	if n.Type != html.ElementNode {
		return nil
	}
	for _, key := range []string{"aria-label", "aria-valuetext", "aria-description", "aria-roledescription", "alt", "placeholder", "title"} {
		if v := value(n, key); v != "" {
			said = append(said, v)
		}
	}
	return said
}

// foreignNodes are those of a page within what was published, typed, or is to be typed, or what the server told: no words of
// the template's.
func foreignNodes(doc *html.Node) map[*html.Node]bool {
	foreign := map[*html.Node]bool{}
	for n := range doc.Descendants() { // parents come first
		if foreign[n.Parent] || n.Type == html.ElementNode && isForeign(n) {
			foreign[n] = true
		}
	}
	return foreign
}

func isForeign(n *html.Node) bool {
	switch n.Data {
	case "bdi", "code", "kbd", "pre", "textarea", "script":
		return true
	}
	for class := range strings.FieldsSeq(value(n, "class")) {
		if class == "mono" || class == "told" {
			return true
		}
	}
	return false
}

// published are the texts in foreign places, whose words may be said again elsewhere, as in a page's title.
type published []string

func publishedTexts(doc *html.Node, foreign map[*html.Node]bool) (texts published) {
	for n := range doc.Descendants() {
		for _, key := range []string{"data-topic", "data-pattern", "data-copy", "value"} {
			if v := value(n, key); v != "" {
				texts = append(texts, v)
			}
		}
		if n.Type == html.TextNode && foreign[n] {
			texts = append(texts, n.Data)
		}
	}
	return texts
}

// has says that a word is one of theirs. Texts may be long, and few words are looked for: only where one stands is it cut out.
func (p published) has(word string) bool {
	return slices.ContainsFunc(p, func(text string) bool {
		return strings.Contains(text, word) && slices.Contains(wordsOf(text), word)
	})
}

// outsideMarks is what of a text stands outside ⟦ ⟧, begun at a depth, and the depth at which it ends.
func outsideMarks(text string, depth int) (string, int) {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '⟦':
			depth++
		case r == '⟧':
			depth--
		case depth <= 0:
			b.WriteRune(r)
		}
	}
	return b.String(), depth
}

var (
	words = regexp.MustCompile(`\p{Han}|\p{L}{2,}`)
	// commands and flags are typed as they stand in every language.
	commands = regexp.MustCompile(`linger [a-z]+|--[a-z]+`)
	// neutral are names and units that are the same in every language.
	neutral = []string{"Linger", "UTC", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "TTL", "HTTP", "JSON"}
)

// found are the words of texts that were looked at: most pages say what others say.
var found = map[string][]string{}

func wordsOf(text string) []string {
	all, ok := found[text]
	if !ok {
		all = words.FindAllString(text, -1)
		found[text] = all
	}
	return all
}

func isStrange(word string, published published) bool {
	return !slices.Contains(neutral, word) && !published.has(word)
}

// strange is a word that is neither neutral nor published; empty: there is none.
func strange(text string, published published) string {
	for _, w := range wordsOf(text) {
		if isStrange(w, published) {
			return w
		}
	}
	return ""
}
