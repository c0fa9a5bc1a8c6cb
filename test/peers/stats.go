package main

import (
	"math/bits"
	"slices"
)

// A histogram counts nanoseconds in classes that are at most 0.8 % wide. The zero value is empty.
type histogram struct {
	Counts []uint32 // by class; as long as the largest one seen needs
	Max    int64
}

// subBits is how many bits below the leading one tell classes apart.
const subBits = 7

func (h *histogram) record(ns int64) {
	ns = max(ns, 0)
	class := classOf(uint64(ns))
	if class >= len(h.Counts) {
		h.Counts = append(h.Counts, make([]uint32, class+1-len(h.Counts))...)
	}
	h.Counts[class]++
	h.Max = max(h.Max, ns)
}

func classOf(v uint64) int {
	shift := max(bits.Len64(v)-1-subBits, 0)
	return shift<<subBits + int(v>>shift)
}

// valueOf is the middle of a class.
func valueOf(class int) int64 {
	shift := max(class>>subBits-1, 0)
	low := int64(class-shift<<subBits) << shift
	return low + int64(1)<<shift/2
}

func (h *histogram) add(other *histogram) {
	if more := len(other.Counts) - len(h.Counts); more > 0 {
		h.Counts = append(h.Counts, make([]uint32, more)...)
	}
	for i, n := range other.Counts {
		h.Counts[i] += n
	}
	h.Max = max(h.Max, other.Max)
}

func (h *histogram) total() (n uint64) {
	for _, c := range h.Counts {
		n += uint64(c)
	}
	return n
}

// quantile returns the value below which the share q of what was recorded lies, in nanoseconds; 0 when nothing was.
func (h *histogram) quantile(q float64) int64 {
	left := uint64(q * float64(h.total()))
	for class, n := range h.Counts {
		if uint64(n) > left {
			return min(valueOf(class), h.Max)
		}
		left -= uint64(n)
	}
	return h.Max
}

// A spread is the median of some rounds' values, with the least and the greatest.
type spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	N      int     `json:"n"`
}

func spreadOf(values []float64) spread {
	n := len(values)
	if n == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Least: sorted[0], Most: sorted[n-1], N: n}
}
