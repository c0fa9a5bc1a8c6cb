package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"linger/web/texts"
)

// unitNames from the largest; short as in "2 h 30 min", word as in "2 hours 30 minutes".
var unitNames = []struct {
	size        time.Duration
	short, word string
}{
	{day, "d", "day"}, {time.Hour, "h", "hour"}, {time.Minute, "min", "minute"}, {time.Second, "s", "second"},
}

// Short writes a lifetime exactly, as the box shows it and reads it again: "30 s", "2 h 30 min", "1.5 s", "250 ms", "0".
func Short(d time.Duration) string {
	if d <= 0 {
		return "0"
	}
	return spell(d, func(number string, i int) string { return number + " " + unitNames[i].short }, func(ms string) string { return ms + " ms" })
}

// Words writes a lifetime as one says it: "30 seconds", "2 hours 30 minutes"; zero is "now or never: not kept".
func Words(d time.Duration) string {
	if d <= 0 {
		return "now or never: not kept"
	}
	return spell(d, func(number string, i int) string { return plural(number, unitNames[i].word) }, func(ms string) string { return plural(ms, "millisecond") })
}

func spell(d time.Duration, name func(number string, i int) string, milliseconds func(string) string) string {
	d = d.Truncate(time.Millisecond)
	if d < time.Second {
		return milliseconds(strconv.FormatInt(d.Milliseconds(), 10))
	}
	var parts []string
	for i, u := range unitNames {
		if u.size == time.Second {
			if d > 0 {
				parts = append(parts, name(strconv.FormatFloat(d.Seconds(), 'f', -1, 64), i))
			}
			break
		}
		if n := d / u.size; n > 0 {
			parts = append(parts, name(strconv.FormatInt(int64(n), 10), i))
			d -= n * u.size
		}
	}
	return strings.Join(parts, " ")
}

// plural puts a number and its noun together: "1 second", "2 seconds".
func plural(number, noun string) string {
	if number == "1" {
		return number + " " + noun
	}
	return number + " " + noun + "s"
}

// Countdown writes a time left, rounded up so that it is never 0 while something lives: "9.8 s", "26 s", "4:07",
// "3 h 12", "6 d". It is written anew only when the text changes, so coarse units keep a long list quiet.
func Countdown(d time.Duration) string {
	if d <= 0 {
		return "0 s"
	}
	if tenths := up(d, 100*time.Millisecond); tenths < 100 {
		return fmt.Sprintf("%d.%d s", tenths/10, tenths%10)
	}
	if s := up(d, time.Second); s < 60 {
		return fmt.Sprintf("%d s", s)
	} else if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	if m := up(d, time.Minute); m < 48*60 {
		return fmt.Sprintf("%d h %02d", m/60, m%60)
	}
	return fmt.Sprintf("%d d", up(d, day))
}

func up(d, unit time.Duration) int64 {
	return int64((d + unit - 1) / unit)
}

// dying tells whether little of a life is left: a tenth of it, but at least a second and at most a minute.
func dying(left, granted time.Duration) bool {
	return left <= min(time.Minute, max(time.Second, granted/10))
}

// Count writes a number with thousands separators: "1,163".
func Count[N int | int64 | uint64](n N) string { return texts.Number(n) }

// Bytes writes a sum of bytes: "512 B", "3.1 kB", "41 kB", "1.2 MB".
func Bytes(n uint64) string {
	if n < 1000 {
		return Count(n) + " B"
	}
	return scaled(float64(n)/1000, 1000, 9.95, []string{"kB", "MB", "GB", "TB"})
}

// Size writes the size of one message. Limits are powers of two, so these are too: "2,112 B", "64.0 KiB", "1.3 MiB".
func Size(n int64) string {
	if n < 10_000 {
		return Count(n) + " B"
	}
	return scaled(float64(n)/1024, 1024, 99.95, []string{"KiB", "MiB", "GiB", "TiB"})
}

// scaled writes v in the first unit in which it stays below the next; below tenths with one decimal.
func scaled(v, base, tenths float64, names []string) string {
	// 999.6 kB would be written "1000 kB": the next unit begins where rounding reaches it.
	for len(names) > 1 && v >= base-0.5 {
		v /= base
		names = names[1:]
	}
	if v < tenths {
		return strconv.FormatFloat(v, 'f', 1, 64) + " " + names[0]
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " " + names[0]
}

// in gives a time its page's zone.
func (p Page) in(t time.Time) time.Time {
	if p.Zone == nil {
		return t.UTC()
	}
	return t.In(p.Zone)
}

// clock writes a time of today as "14:32:37", another day's as "Sun 29 Nov, 14:32", another year's with the year.
func (p Page) clock(t time.Time) string {
	t, now := p.in(t), p.in(p.Now)
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return t.Format("Mon 2 Jan, 15:04")
	}
	return t.Format("Mon 2 Jan 2006, 15:04")
}

// exact writes a time in full, for a message's own page.
func (p Page) exact(t time.Time) string {
	return p.in(t).Format("Mon 2 Jan 2006, 15:04:05.000")
}

// zone writes the page's zone as the bar shows it: "UTC", "UTC+8", "UTC+5:30".
func (p Page) zone() string {
	_, offset := p.in(p.Now).Zone()
	minutes := offset / 60
	if minutes == 0 {
		return "UTC"
	}
	sign := "+"
	if minutes < 0 {
		sign, minutes = "−", -minutes
	}
	s := fmt.Sprintf("UTC%s%d", sign, minutes/60)
	if minutes%60 != 0 {
		s += fmt.Sprintf(":%02d", minutes%60)
	}
	return s
}

// death says when something published now would be gone.
func (p Page) death(ttl time.Duration) string {
	if ttl <= 0 {
		return "Only for those listening now. Not kept."
	}
	at := p.Now.Add(ttl)
	text := p.clock(at)
	if strings.Contains(text, ",") {
		return "Gone on " + text
	}
	return "Gone at " + text + ", " + Words(ttl) + " from now"
}

// millis writes a time as the data attributes carry it.
func millis(t time.Time) string {
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// driftText says that the server's clock is ahead of the wall clock (negative: behind), in whole seconds; nothing at zero.
func driftText(ahead time.Duration) string {
	switch by := Short(ahead.Abs().Round(time.Second)); {
	case ahead > 0:
		return "The server's clock is " + by + " ahead of the wall clock: the wall clock was set back. Lifetimes are not affected."
	case ahead < 0:
		return "The server's clock is " + by + " behind the wall clock: the wall clock was set forward. Lifetimes are not affected."
	}
	return ""
}
