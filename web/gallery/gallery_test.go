package gallery

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
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

// galleries are the pages in each language, fetched and parsed once: they are only read.
var galleries [len(languages)]struct {
	once sync.Once
	docs map[string]*html.Node
}

var languages = [...]texts.Language{texts.English, texts.Chinese, texts.Marked}

// gallery is every page in a language. The parser keeps a <template>'s content among the descendants.
func gallery(t *testing.T, language texts.Language) map[string]*html.Node {
	t.Helper()
	g := &galleries[slices.Index(languages[:], language)]
	g.once.Do(func() { g.docs = fetchAll(t, language) })
	return g.docs
}

func fetchAll(t *testing.T, language texts.Language) map[string]*html.Node {
	t.Helper()
	now := time.Date(2026, 11, 22, 14, 32, 7, 0, time.UTC)
	server := httptest.NewServer(Handler(func() time.Time { return now }))
	defer server.Close()
	docs := map[string]*html.Node{}
	for _, s := range States() {
		address := Address("localhost", s, language, "")
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.URL.Host = request.URL.Host, server.Listener.Addr().String() // the name is a browser's to find
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Security-Policy") != policy {
			t.Fatalf("%s: %v, %s", address, err, response.Status)
		}
		docs[s.Name] = doc
	}
	return docs
}

func TestIndexLeadsToEveryState(t *testing.T) {
	server := httptest.NewServer(Handler(time.Now))
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	doc, err := html.Parse(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]bool{}
	for n := range doc.Descendants() {
		links[value(n, "href")] = true
	}
	for _, s := range States() {
		for _, scheme := range Schemes {
			if address := Address(server.Listener.Addr().String(), s, texts.Chinese, scheme); !links[address] {
				t.Errorf("no link to %s", address)
			}
		}
	}
}

func value(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
