package web_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"linger/web"
	"linger/web/texts"
)

// Every key that the script knows stands under Help, in the order of the table, with what it does in words of its own.
func TestHelpTellsOfEveryKey(t *testing.T) {
	data, err := os.ReadFile("keys.json")
	if err != nil {
		t.Fatal(err)
	}
	var table []struct{ Key, Action string }
	if err := json.Unmarshal(data, &table); err != nil || len(table) == 0 {
		t.Fatalf("%d keys, %v", len(table), err)
	}
	for _, language := range texts.Languages {
		p := page
		p.Language = language
		terms := all(render(t, web.HelpPage(web.Help{Page: p})), func(n *html.Node) bool { return has(n, "data-key") })
		if len(terms) != len(table) {
			t.Fatalf("%s: %d keys are told of, of %d", language.Tag(), len(terms), len(table))
		}
		told := map[string]string{}
		for i, term := range terms {
			key, does := table[i].Key, text(byTag(term.Parent, "dd")[0])
			if got := attr(term, "data-key"); got != key {
				t.Errorf("%s: %q stands where the table has %q", language.Tag(), got, key)
			}
			if does == "" || told[does] != "" {
				t.Errorf("%s: %q, for %s, does %q, as does %q", language.Tag(), key, table[i].Action, does, told[does])
			}
			told[does] = key
			var strokes []string
			for _, kbd := range byTag(term, "kbd") {
				strokes = append(strokes, text(kbd))
			}
			if want := map[string][]string{"g n": {"g", "n"}, "X": {"Shift", "X"}, "Escape": {"Esc"}, "?": {"?"}}[key]; want != nil && !slices.Equal(strokes, want) {
				t.Errorf("%s: %q is written %q", language.Tag(), key, strokes)
			}
		}
	}
}

func TestHelpTellsWhatTheWordsMean(t *testing.T) {
	terms := map[string]string{}
	for _, term := range byTag(byClass(render(t, web.HelpPage(web.Help{Page: page})), "words")[0], "dt") {
		terms[text(term)] = text(byTag(term.Parent, "dd")[0])
	}
	for _, word := range []string{
		"retained", "lifetime, TTL", "gone", "delivered", "undelivered", "passing", "evicted", "deleted", "lost", "unknown", "look ahead",
	} {
		if means := terms[word]; !strings.HasSuffix(means, ".") {
			t.Errorf("%s: %q", word, means)
		}
	}
}

// Commands reach the server whose page it is.
func TestHelpCommands(t *testing.T) {
	p := page
	p.Command = "go run . {} --server example.org:50075"
	var copied []string
	for _, button := range byClass(render(t, web.HelpPage(web.Help{Page: p, Host: "[::1]:8080"})), "copy") {
		copied = append(copied, attr(button, "data-copy"))
	}
	want := []string{
		"go run . sub '>' --server example.org:50075",
		`go run . pub hello "Hello, Linger" --ttl 30s --server example.org:50075`,
		"go run . messages '>' --server example.org:50075",
		"curl -d topic=hello -d message=Hi -d ttl=30 -H 'Accept: application/json' '[::1]:8080/publish'",
	}
	if !slices.Equal(copied, want) {
		t.Errorf("%q", copied)
	}
}
