package broker

import "strings"

// A patternIndex finds who is interested in a topic without asking everyone: a trie over the parts of patterns. What a
// match costs grows with the parts of the name and the patterns that match it, not with the patterns that exist. The zero
// value is an empty index. It has no lock.
//
// Adding the same pattern for the same value again has no effect but that it has to be removed as often.
type patternIndex[T comparable] struct {
	root patternNode[T]
}

// A patternNode stands for the patterns that begin with the parts on the way to it.
type patternNode[T comparable] struct {
	parts map[string]*patternNode[T] // by the next part; "*" is one
	here  map[T]int                  // the patterns that end here: by value, how often added
	rest  map[T]int                  // those that end here with ">"
}

func (x *patternIndex[T]) add(p pattern, v T) { x.root.add(p.text, v) }

func (n *patternNode[T]) add(text string, v T) {
	part, text, more := strings.Cut(text, ".")
	if part == ">" {
		count(&n.rest, v)
		return
	}
	next := n.parts[part]
	if next == nil {
		if n.parts == nil {
			n.parts = make(map[string]*patternNode[T])
		}
		next = new(patternNode[T])
		n.parts[part] = next
	}
	if more {
		next.add(text, v)
		return
	}
	count(&next.here, v)
}

func count[T comparable](m *map[T]int, v T) {
	if *m == nil {
		*m = make(map[T]int)
	}
	(*m)[v]++
}

// remove undoes one add; a pair that is not there is ignored.
func (x *patternIndex[T]) remove(p pattern, v T) { x.root.remove(p.text, v) }

// remove also drops the nodes that nothing stands in any more, so that an index of what came and went is small.
func (n *patternNode[T]) remove(text string, v T) {
	part, text, more := strings.Cut(text, ".")
	if part == ">" {
		uncount(&n.rest, v)
		return
	}
	next := n.parts[part]
	if next == nil {
		return
	}
	if more {
		next.remove(text, v)
	} else {
		uncount(&next.here, v)
	}
	if next.parts == nil && next.here == nil && next.rest == nil {
		delete(n.parts, part)
		if len(n.parts) == 0 {
			n.parts = nil
		}
	}
}

func uncount[T comparable](m *map[T]int, v T) {
	switch (*m)[v] {
	case 0:
		return
	case 1:
		delete(*m, v)
	default:
		(*m)[v]--
	}
	if len(*m) == 0 {
		*m = nil
	}
}

// match visits the values that have a pattern which selects the topic, in no order. A value with several such patterns is
// visited once for each: who minds tells them apart. The index must not change meanwhile.
func (x *patternIndex[T]) match(name string, visit func(T)) { x.root.match(name, visit) }

func (n *patternNode[T]) match(name string, visit func(T)) {
	for v := range n.rest {
		visit(v)
	}
	part, rest, more := strings.Cut(name, ".")
	for _, key := range [...]string{part, "*"} {
		next := n.parts[key]
		switch {
		case next == nil:
		case more:
			next.match(rest, visit)
		default:
			for v := range next.here {
				visit(v)
			}
		}
	}
}
