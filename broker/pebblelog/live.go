package pebblelog

import (
	"slices"
	"sort"
)

// liveSet tells which positions hold something alive, and in which class: about a byte for each where they are dense,
// three where they are few. Not safe for concurrent use.
type liveSet struct {
	pages map[uint64]*livePage // by position / pageSize
	// The page that was used last: positions are added, looked for and removed in about their order.
	latest       *livePage
	latestNumber uint64
}

// page gives the page of a position, nil when there is none.
func (s *liveSet) page(position uint64) *livePage {
	if number := position / pageSize; s.latest == nil || s.latestNumber != number {
		s.latest, s.latestNumber = s.pages[number], number
	}
	return s.latest
}

const (
	pageSize   = 4096
	pageSparse = pageSize / 16 // a page with fewer lists them
)

// livePage is the positions of one page: dense, or sparse and in order.
type livePage struct {
	dense  []uint8 // class by offset; 0: none
	sparse []liveEntry
	count  int
}

type liveEntry struct {
	offset uint16
	class  uint8
}

func (s *liveSet) add(position uint64, class uint8) {
	if s.pages == nil {
		s.pages = map[uint64]*livePage{}
	}
	p := s.page(position)
	if p == nil {
		p = &livePage{}
		s.pages[position/pageSize], s.latest = p, p
	}
	offset := uint16(position % pageSize)
	p.count++
	if p.dense == nil {
		if len(p.sparse) < 2*pageSparse {
			i := p.search(offset)
			p.sparse = slices.Insert(p.sparse, i, liveEntry{offset, class})
			return
		}
		p.dense = make([]uint8, pageSize)
		for _, e := range p.sparse {
			p.dense[e.offset] = e.class
		}
		p.sparse = nil
	}
	p.dense[offset] = class
}

// search finds where an offset is or would be. What is added is mostly the newest.
func (p *livePage) search(offset uint16) int {
	if n := len(p.sparse); n == 0 || p.sparse[n-1].offset < offset {
		return n
	}
	return sort.Search(len(p.sparse), func(i int) bool { return p.sparse[i].offset >= offset })
}

// class gives the class of a live position, 0 where it is not alive.
func (s *liveSet) class(position uint64) uint8 {
	p := s.page(position)
	if p == nil {
		return 0
	}
	offset := uint16(position % pageSize)
	if p.dense != nil {
		return p.dense[offset]
	}
	if i := p.search(offset); i < len(p.sparse) && p.sparse[i].offset == offset {
		return p.sparse[i].class
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
	offset := uint16(position % pageSize)
	p.count--
	switch {
	case p.count == 0:
		delete(s.pages, position/pageSize)
		s.latest = nil
	case p.dense == nil:
		p.sparse = slices.Delete(p.sparse, p.search(offset), p.search(offset)+1)
	case p.count < pageSparse:
		p.dense[offset] = 0
		for i, class := range p.dense {
			if class != 0 {
				p.sparse = append(p.sparse, liveEntry{uint16(i), class})
			}
		}
		p.dense = nil
	default:
		p.dense[offset] = 0
	}
	return class
}
