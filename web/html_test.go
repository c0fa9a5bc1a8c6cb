package web_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

// render parses what a page writes, as a browser would.
func render(t *testing.T, page templ.Component) *html.Node {
	t.Helper()
	var b bytes.Buffer
	if err := page.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// all finds the elements that match, in the order of the document.
func all(root *html.Node, match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			found = append(found, n)
		}
	}
	return found
}

func byID(t *testing.T, root *html.Node, id string) *html.Node {
	t.Helper()
	found := all(root, func(n *html.Node) bool { return attr(n, "id") == id })
	if len(found) != 1 {
		t.Fatalf("%d elements with id %q", len(found), id)
	}
	return found[0]
}

func byClass(root *html.Node, class string) []*html.Node {
	return all(root, func(n *html.Node) bool { return slices.Contains(strings.Fields(attr(n, "class")), class) })
}

func byName(root *html.Node, name string) []*html.Node {
	return all(root, func(n *html.Node) bool { return attr(n, "name") == name })
}

func byTag(root *html.Node, tag string) []*html.Node {
	return all(root, func(n *html.Node) bool { return n.Data == tag })
}

func attr(n *html.Node, key string) string {
	value, _ := lookAttr(n, key)
	return value
}

func has(n *html.Node, key string) bool {
	_, ok := lookAttr(n, key)
	return ok
}

func lookAttr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// text is what one reads, with white space as a line would show it.
func text(n *html.Node) string {
	return strings.Join(strings.Fields(rawText(n)), " ")
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// accessibleName is as much of the computation of names as these pages need: aria-label, a label, or the content without
// what is hidden from it.
func accessibleName(root, n *html.Node) string {
	if label := attr(n, "aria-label"); label != "" {
		return label
	}
	if id := attr(n, "id"); id != "" {
		for _, label := range byTag(root, "label") {
			if attr(label, "for") == id {
				return text(label)
			}
		}
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if attr(n, "aria-hidden") == "true" {
			return
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	for p := n.Parent; p != nil && n.Data == "input"; p = p.Parent {
		if p.Data == "label" {
			n = p
			break
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}
