package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"linger/web/texts"
)

// The policy allows nothing inline, so nothing inline may be there: what a browser would refuse would be missing silently.
func TestNothingInline(t *testing.T) {
	for name, doc := range gallery(t, texts.English) {
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if n.Data == "style" || n.Data == "script" && (n.FirstChild != nil || value(n, "src") == "") {
				t.Errorf("%s: an inline <%s>", name, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.TrimSpace(a.Val), "javascript:") && a.Key == "href" {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
			}
		}
	}
}

func TestIDsAreUniqueAndReferencesLead(t *testing.T) {
	for name, doc := range gallery(t, texts.English) {
		ids := map[string]bool{}
		for n := range doc.Descendants() {
			if id := value(n, "id"); id != "" {
				if ids[id] {
					t.Errorf("%s: two elements with id %q", name, id)
				}
				ids[id] = true
			}
		}
		for n := range doc.Descendants() {
			for _, key := range []string{"aria-describedby", "aria-labelledby", "for", "list"} {
				for _, id := range strings.Fields(value(n, key)) {
					if !ids[id] {
						t.Errorf("%s: %s leads to %q, which is not there", name, key, id)
					}
				}
			}
		}
	}
}

func TestEveryPageIsComplete(t *testing.T) {
	for name, doc := range gallery(t, texts.English) {
		count := map[string]int{}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode {
				count[n.Data]++
			}
			if n.Type == html.ElementNode && n.Data == "html" && value(n, "lang") == "" {
				t.Errorf("%s: no language", name)
			}
		}
		for _, tag := range []string{"title", "h1", "main"} {
			if count[tag] != 1 {
				t.Errorf("%s: %d <%s>", name, count[tag], tag)
			}
		}
	}
}

// gallery fetches and parses every page. The parser keeps a <template>'s content among the descendants.
func gallery(t *testing.T, language texts.Language) map[string]*html.Node {
	t.Helper()
	now := time.Date(2026, 11, 22, 14, 32, 7, 0, time.UTC)
	server := httptest.NewServer(handler(func() time.Time { return now }))
	defer server.Close()
	docs := map[string]*html.Node{}
	for _, p := range pages(now, language) {
		response, err := http.Get(server.URL + "/show/" + p.Name + "?lang=" + language.Tag())
		if err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Security-Policy") != policy {
			t.Fatalf("%s: %v, %s", p.Name, err, response.Status)
		}
		docs[p.Name] = doc
	}
	return docs
}

func value(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
