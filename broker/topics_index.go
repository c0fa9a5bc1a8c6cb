package broker

import "strings"

// A topicIndex finds the topics that a pattern selects without asking each: a trie over the parts of their names. What
// that costs grows with the topics selected and, where a pattern has "*" before other parts, with the parts that this
// may stand for; not with the topics that exist. For who wants all of them it has a list. The zero value is an empty index.
// It has no lock.
type topicIndex struct {
	root topicNode
	all  []*topic // in the order in which they came; nil where one was taken out
	gone int      // how many of these are nil
}

// A topicNode stands for the names that begin with the parts on the way to it.
type topicNode struct {
	parts map[string]*topicNode // by the next part
	here  *topic                // the one whose name ends here; nil: none
}

// add puts in a topic. One of its name must not be there.
func (x *topicIndex) add(t *topic) {
	n := &x.root
	for name, more := t.name, true; more; {
		var part string
		part, name, more = strings.Cut(name, ".")
		next := n.parts[part]
		if next == nil {
			if n.parts == nil {
				n.parts = make(map[string]*topicNode)
			}
			next = new(topicNode)
			n.parts[part] = next
		}
		n = next
	}
	n.here = t
	t.slot = int32(len(x.all))
	x.all = append(x.all, t)
}

// remove takes out the topic of a name, if it is there, and the nodes that nothing stands in any more.
func (x *topicIndex) remove(name string) {
	t := x.root.remove(name)
	if t == nil {
		return
	}
	x.all[t.slot] = nil
	if x.gone++; x.gone <= len(x.all)/2 {
		return
	}
	x.all, x.gone = x.list(), 0
	for i, t := range x.all {
		t.slot = int32(i)
	}
}

func (n *topicNode) remove(name string) *topic {
	part, rest, more := strings.Cut(name, ".")
	next := n.parts[part]
	if next == nil {
		return nil
	}
	var t *topic
	if more {
		t = next.remove(rest)
	} else {
		t, next.here = next.here, nil
	}
	if next.here == nil && next.parts == nil {
		if delete(n.parts, part); len(n.parts) == 0 {
			n.parts = nil
		}
	}
	return t
}

// list gives all topics, in the order in which they came.
func (x *topicIndex) list() []*topic {
	all := make([]*topic, 0, len(x.all)-x.gone)
	for _, t := range x.all {
		if t != nil {
			all = append(all, t)
		}
	}
	return all
}

// match gives the topics that a pattern selects, each once, in no order.
func (x *topicIndex) match(p pattern) []*topic {
	if p.text == everything {
		return x.list()
	}
	var found []*topic
	x.root.match(p.text, func(t *topic) { found = append(found, t) })
	return found
}

func (n *topicNode) match(text string, visit func(*topic)) {
	part, rest, more := strings.Cut(text, ".")
	switch part {
	case ">":
		n.below(visit)
	case "*":
		for _, next := range n.parts {
			next.on(rest, more, visit)
		}
	default:
		if next := n.parts[part]; next != nil {
			next.on(rest, more, visit)
		}
	}
}

// on goes on with the rest of a pattern, if there is more of it.
func (n *topicNode) on(rest string, more bool, visit func(*topic)) {
	switch {
	case more:
		n.match(rest, visit)
	case n.here != nil:
		visit(n.here)
	}
}

// below visits all whose names go on behind this node.
func (n *topicNode) below(visit func(*topic)) {
	for _, next := range n.parts {
		if next.here != nil {
			visit(next.here)
		}
		next.below(visit)
	}
}
