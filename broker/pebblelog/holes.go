package pebblelog

import (
	"fmt"
	"strings"
)

// holes are sequences that are not there.
type holes struct {
	first, last, messages uint64
	named                 []string // the first few
	more                  int
}

func (h *holes) add(first, last uint64) {
	if h.messages == 0 {
		h.first = first
	}
	h.last = last
	h.messages += last - first + 1
	switch {
	case len(h.named) == 8:
		h.more++
	case first == last:
		h.named = append(h.named, fmt.Sprintf("#%d", first))
	default:
		h.named = append(h.named, fmt.Sprintf("#%d to #%d", first, last))
	}
}

func (h *holes) String() string {
	s := fmt.Sprintf("%d of them (%s", h.messages, strings.Join(h.named, ", "))
	if h.more > 0 {
		s += fmt.Sprintf(", and %d more such", h.more)
	}
	return s + ")"
}
