package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"linger/client"
)

const day = 24 * time.Hour

// units from the greatest to the least, the order in which they are written.
var units = []struct {
	name string
	size time.Duration
}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}

// parseDuration reads a duration as all of Linger's programs write it: whole numbers with their units, the greater one
// first, each once (250ms, 30s, 1h30m, 7d), or a bare 0.
func parseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	if strings.HasPrefix(s, "-") {
		return 0, wrongValue("%q is negative; 0 is now or never", s)
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, wrongValue("%q has no unit; write %ss, %sm, %sh, %sd or %sms", s, s, s, s, s, s)
	}
	if s == "" {
		return 0, badDuration(s)
	}
	total, next := time.Duration(0), 0
	for rest := s; rest != ""; {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 {
			return 0, badDuration(s)
		}
		letters := strings.IndexFunc(rest[digits:], func(r rune) bool { return r >= '0' && r <= '9' })
		if letters < 0 {
			letters = len(rest) - digits
		}
		number, unit := rest[:digits], rest[digits:digits+letters]
		rest = rest[digits+letters:]
		for next < len(units) && units[next].name != unit {
			next++
		}
		if next == len(units) {
			return 0, badDuration(s)
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n > int64((math.MaxInt64-total)/units[next].size) {
			return 0, wrongValue("%q is too long; the longest is about 292 years", s)
		}
		total += time.Duration(n) * units[next].size
		next++
	}
	return total, nil
}

func badDuration(s string) error {
	return wrongValue("%q is not a duration; write it like 250ms, 30s, 1h30m, 7d or 0, in whole numbers, greater units first", s)
}

// formatDuration writes d so that parseDuration reads it again, in whole milliseconds.
func formatDuration(d time.Duration) string {
	if d < time.Millisecond {
		return "0"
	}
	var b strings.Builder
	for _, u := range units {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	return b.String()
}

// formatLeft writes what is left of a lifetime for people: 250ms, 26s, 1m05s, 3h12m, 6d23h.
func formatLeft(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", max(d, 0).Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
}

// durationFlag is a duration as a flag's value.
type durationFlag struct{ d *time.Duration }

func (f durationFlag) String() string {
	if f.d == nil || *f.d == client.DefaultTTL {
		return ""
	}
	return formatDuration(*f.d)
}

func (f durationFlag) Set(s string) (err error) {
	*f.d, err = parseDuration(s)
	return err
}

func (durationFlag) Type() string { return "duration" }

// lifetimeFlag is a lifetime that a policy has as its least, greatest or default: not 0.
type lifetimeFlag struct{ durationFlag }

// Set reads a duration of a millisecond or more.
func (f lifetimeFlag) Set(s string) error {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = wrongValue("0 is now or never, which a publisher asks for; at least 1ms")
	}
	if err == nil {
		*f.d = d
	}
	return err
}
