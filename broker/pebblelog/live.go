package pebblelog

import (
	"slices"
	"sort"
)

// liveSet tells which positions hold something alive, and in which class. Of what was written of one class and lives
// that takes next to nothing, an eighth of a byte for each where some have died, a byte where classes are mixed, and four
// where they are few. Not safe for concurrent use.
type liveSet struct {
	pages map[uint64]*livePage // by position / pageSize
	// The page that was used last: positions are added, looked for and removed in about their order.
	latest       *livePage
	latestNumber uint64
}

const (
	pageSize = 4096
	pageList = 128 // positions that a page lists at most
)

// livePage is the positions of one page: whole, of which nothing more needs to be said than the class; or one of list,
// bits and classes.
type livePage struct {
	count   int
	of      uint8 // the class of all, where the page is whole or has bits
	list    []liveEntry
	bits    *liveBits
	classes []uint8 // by offset; 0: none
}

type liveEntry struct {
	offset uint16
	class  uint8
}

type liveBits [pageSize / 64]uint64

func (b *liveBits) has(offset uint16) bool { return b[offset/64]&(1<<(offset%64)) != 0 }

// page gives the page of a position, nil when there is none.
func (s *liveSet) page(position uint64) *livePage {
	if number := position / pageSize; s.latest == nil || s.latestNumber != number {
		s.latest, s.latestNumber = s.pages[number], number
	}
	return s.latest
}

// add takes a position that is not in the set.
func (s *liveSet) add(position uint64, class uint8) {
	if s.pages == nil {
		s.pages = map[uint64]*livePage{}
	}
	p := s.page(position)
	if p == nil {
		p = &livePage{}
		s.latest = p
		s.pages[position/pageSize] = p
	}
	p.add(uint16(position%pageSize), class)
}

// class gives the class of a live position, 0 where it is not alive.
func (s *liveSet) class(position uint64) uint8 {
	if p := s.page(position); p != nil {
		return p.class(uint16(position % pageSize))
	}
	return 0
}

// remove takes a position out and gives the class that it had, 0 for none.
func (s *liveSet) remove(position uint64) uint8 {
	p := s.page(position)
	class := s.class(position)
	if class == 0 {
		return 0
	}
	if p.count == 1 {
		delete(s.pages, position/pageSize)
		s.latest = nil
		return class
	}
	p.remove(uint16(position % pageSize))
	return class
}

func (p *livePage) whole() bool { return p.count == pageSize && p.classes == nil }

func (p *livePage) class(offset uint16) uint8 {
	switch {
	case p.classes != nil:
		return p.classes[offset]
	case p.bits != nil && p.bits.has(offset), p.whole():
		return p.of
	case p.bits != nil:
		return 0
	}
	if i := p.search(offset); i < len(p.list) && p.list[i].offset == offset {
		return p.list[i].class
	}
	return 0
}

// search finds where an offset is or would be in the list. What is added is mostly the newest.
func (p *livePage) search(offset uint16) int {
	if n := len(p.list); n == 0 || p.list[n-1].offset < offset {
		return n
	}
	return sort.Search(len(p.list), func(i int) bool { return p.list[i].offset >= offset })
}

func (p *livePage) add(offset uint16, class uint8) {
	if p.bits != nil && p.of != class {
		p.spread()
	}
	p.count++
	switch {
	case p.classes != nil:
		p.classes[offset] = class
	case p.bits != nil:
		p.bits[offset/64] |= 1 << (offset % 64)
		if p.count == pageSize {
			p.bits = nil
		}
	default:
		p.list = slices.Insert(p.list, p.search(offset), liveEntry{offset, class})
		if len(p.list) > pageList {
			p.gather()
		}
	}
}

// gather makes bits of a list, or classes.
func (p *livePage) gather() {
	p.of, p.bits = p.list[0].class, &liveBits{}
	for _, e := range p.list {
		if e.class != p.of {
			p.bits = nil
			p.spread()
			return
		}
		p.bits[e.offset/64] |= 1 << (e.offset % 64)
	}
	p.list = nil
}

// spread makes classes of bits or a list.
func (p *livePage) spread() {
	classes := make([]uint8, pageSize)
	p.each(func(offset uint16, class uint8) { classes[offset] = class })
	p.classes, p.bits, p.list = classes, nil, nil
}

func (p *livePage) remove(offset uint16) {
	if p.whole() {
		p.bits = &liveBits{}
		for i := range p.bits {
			p.bits[i] = 1<<64 - 1
		}
	}
	p.count--
	switch {
	case p.classes != nil:
		p.classes[offset] = 0
	case p.bits != nil:
		p.bits[offset/64] &^= 1 << (offset % 64)
	default:
		i := p.search(offset)
		p.list = slices.Delete(p.list, i, i+1)
		return
	}
	if p.count == pageList/4 || (p.classes != nil && p.count == pageList) {
		list := make([]liveEntry, 0, p.count)
		p.each(func(offset uint16, class uint8) { list = append(list, liveEntry{offset, class}) })
		p.list, p.bits, p.classes = list, nil, nil
	}
}

// each calls f for each position, in order.
func (p *livePage) each(f func(offset uint16, class uint8)) {
	switch {
	case p.classes == nil && p.bits == nil && !p.whole():
		for _, e := range p.list {
			f(e.offset, e.class)
		}
	default:
		for offset := range uint16(pageSize) {
			if class := p.class(offset); class != 0 {
				f(offset, class)
			}
		}
	}
}
