package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sizes from the longest name to the shortest, so that the first that fits is the one.
var sizes = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"kB", 1e3},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
}

// parseSize reads a number of bytes: 65536, 64KiB, 512MiB, 2GB.
func parseSize(s string) (int64, error) {
	number, unit := s, int64(1)
	for _, u := range sizes {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, wrongValue("%q is not a size; write it like 65536, 64KiB, 512MiB or 2GB", s)
	}
	return n * unit, nil
}

// formatSize writes a number of bytes for people.
func formatSize(n uint64) string {
	for i := 3; i >= 0; i-- {
		if u := sizes[i]; n >= uint64(u.bytes) {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}

// writeSize writes a number of bytes so that parseSize reads it again, in the largest unit of which it is whole.
func writeSize(n int64) string {
	for i := 3; i >= 0; i-- {
		if u := sizes[i]; n > 0 && n%u.bytes == 0 {
			return fmt.Sprintf("%d%s", n/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%dB", n)
}

// exactSize is the same to be read by people: 28 B, 128 B, 16 KiB.
func exactSize(n int64) string {
	size := writeSize(n)
	unit := strings.TrimLeft(size, "0123456789")
	return strings.TrimSuffix(size, unit) + " " + unit
}

// sizeFlag is a number of bytes as a flag's value.
type sizeFlag struct {
	n     *int64
	least int64
	why   string // it is the least; may be empty
}

func (f sizeFlag) String() string {
	if f.n == nil {
		return ""
	}
	return strconv.FormatInt(*f.n, 10)
}

// Set reads a size. One below the least is refused, 0 too: no flag has it mean its default.
func (f sizeFlag) Set(s string) error {
	n, err := parseSize(s)
	if err == nil && n < f.least {
		err = wrongValue("%q is too little; at least %s%s", s, writeSize(f.least), f.why)
	}
	if err == nil {
		*f.n = n
	}
	return err
}

func (sizeFlag) Type() string { return "size" }
