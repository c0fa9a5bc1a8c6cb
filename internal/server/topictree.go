package server

import (
	"sort"
	"strings"

	"linger/web"
)

// Bounds of the tree of topics on one page.
const (
	treeNodes   = 300 // in all
	treeSide    = 100 // side by side
	treeUnfolds = 40  // up to so many nodes all branches are unfolded, else only the outermost
)

// topicTree folds names, which are in order, by their parts. Outer nodes come first: where there is no more room, inner
// branches stay folded, to be shown on a page of their own. shown are the nodes made, to be filled with numbers.
func topicTree(names []string) (tree web.TopicBranches, shown []*web.TopicBranch) {
	type branch struct {
		into  *web.TopicBranches
		head  string // what all of its names begin with
		nodes []treeNode
	}
	room := treeNodes
	enter := func(into *web.TopicBranches, head string, names []string) (b branch, ok bool) {
		b = branch{into, head, sideBySide(names, head)}
		n := min(len(b.nodes), treeSide)
		if ok = n <= room; ok {
			room -= n
		}
		return b, ok
	}
	first, _ := enter(&tree, "", names)
	for queue := []branch{first}; len(queue) > 0; queue = queue[1:] {
		b := queue[0]
		if more := len(b.nodes) - treeSide; more > 0 {
			b.into.More, b.into.Pattern = more, b.head+">"
			b.nodes = b.nodes[:treeSide]
		}
		b.into.List = make([]web.TopicBranch, len(b.nodes))
		for i, n := range b.nodes {
			node := &b.into.List[i]
			*node = web.TopicBranch{Label: n.name[len(b.head):], Pattern: n.name}
			shown = append(shown, node)
			if !n.branch() {
				continue
			}
			node.Pattern, node.Topics = n.name+">", len(n.below)
			below := &web.TopicBranches{}
			if inner, ok := enter(below, n.name, n.below); ok {
				node.Below = below
				queue = append(queue, inner)
			}
		}
	}
	all := len(shown) <= treeUnfolds
	for i, node := range shown {
		node.Open = node.Below != nil && (all || i < len(tree.List) && len(tree.List) <= treeUnfolds/4)
	}
	return tree, shown
}

// treeNode is a topic by its name, or a branch: what its names begin with, a dot at the end.
type treeNode struct {
	name  string
	below []string
}

func (n treeNode) branch() bool { return strings.HasSuffix(n.name, ".") }

// sideBySide are the topics and branches behind head, which all of the names begin with. A branch reaches as far as its
// names are alike, and has more than one of them.
func sideBySide(names []string, head string) (nodes []treeNode) {
	for len(names) > 0 {
		part, _, more := strings.Cut(names[0][len(head):], ".")
		n := 1
		if prefix := head + part + "."; more {
			n = sort.Search(len(names), func(i int) bool { return !strings.HasPrefix(names[i], prefix) })
		}
		node := treeNode{name: names[0]}
		if n > 1 {
			node = treeNode{alike(names[0], names[n-1]), names[:n]}
		}
		nodes = append(nodes, node)
		names = names[n:]
	}
	return nodes
}

// alike is what two names begin with, in whole parts.
func alike(x, y string) string {
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return x[:strings.LastIndexByte(x[:n], '.')+1]
}
