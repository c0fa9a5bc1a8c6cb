package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"linger/web"
)

// outline writes a tree, a branch as "label(topics){what is in it}".
func outline(b web.TopicBranches) string {
	var parts []string
	for _, one := range b.List {
		text := one.Label
		if one.Topics > 0 {
			text += fmt.Sprintf("(%d)", one.Topics)
		}
		if one.Below != nil {
			text += "{" + outline(*one.Below) + "}"
		}
		parts = append(parts, text)
	}
	if b.More > 0 {
		parts = append(parts, fmt.Sprintf("+%d %s", b.More, b.Pattern))
	}
	return strings.Join(parts, " ")
}

func TestTreeFoldsNames(t *testing.T) {
	for names, want := range map[string]string{
		"":                          "",
		"a":                         "a",
		"a.b.c":                     "a.b.c",
		"a.b.c a.b.d":               "a.b.(2){c d}",
		"a a.b a.c":                 "a a.(2){b c}",
		"a-x a.b a.b.c a.b.d z":     "a-x a.(3){b b.(2){c d}} z",
		"orders.eu.1 orders.eu.2 x": "orders.eu.(2){1 2} x",
	} {
		list := strings.Fields(names)
		slices.Sort(list)
		tree, shown := topicTree(list)
		if got := outline(tree); got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
		for _, node := range shown {
			if node.Topics == 0 != slices.Contains(list, node.Pattern) {
				t.Errorf("%s: %q stands for %q", names, node.Label, node.Pattern)
			}
		}
	}
}

// However many topics there are, a page stays small, counts all of them, and leads to those that it leaves out.
func TestTreeIsBounded(t *testing.T) {
	var names []string
	for i := range 50 {
		for j := range 200 {
			names = append(names, fmt.Sprintf("t%02d.%03d.in", i, j), fmt.Sprintf("t%02d.%03d.out", i, j))
		}
	}
	names = append(names, "z")
	slices.Sort(names)
	tree, shown := topicTree(names)
	if len(shown) > treeNodes || len(shown) < treeNodes/2 {
		t.Errorf("%d nodes", len(shown))
	}
	topics := 0
	for _, node := range tree.List {
		topics += max(1, node.Topics)
	}
	if topics != len(names) {
		t.Errorf("the outermost nodes count %d of %d topics", topics, len(names))
	}
	if first := tree.List[0].Below; first == nil || len(first.List) != treeSide || first.More != 100 || first.Pattern != "t00.>" {
		t.Errorf("the first branch holds %+v", first)
	}
	if last := tree.List[49]; last.Below != nil || last.Pattern != "t49.>" || last.Topics != 400 {
		t.Errorf("the last branch is %+v", last)
	}
}
