package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"linger/web/texts"
)

// unitNames from the largest; short as in "2 h 30 min", words as in "2 hours 30 minutes".
var unitNames = []struct {
	size         time.Duration
	short, words string
}{
	{day, "short.day", "words.day"},
	{time.Hour, "short.hour", "words.hour"},
	{time.Minute, "short.minute", "words.minute"},
	{time.Second, "short.second", "words.second"},
	{time.Millisecond, "short.millisecond", "words.millisecond"},
}

// Short writes a lifetime exactly, as the box shows it and reads it again: "30 s", "2 h 30 min", "1.5 s", "250 ms", "0".
// It is English; short is what a page says.
func Short(d time.Duration) string { return ShortIn(texts.English, d) }

// short is Short in the page's language.
func (p Page) short(d time.Duration) string { return ShortIn(p.Language, d) }

// ShortIn is Short in a language.
func ShortIn(l texts.Language, d time.Duration) string {
	if d <= 0 {
		return "0"
	}
	return spell(d, func(number string, unit int) string { return l.Text(unitNames[unit].short, "count", number) })
}

// words writes a lifetime as one says it: "30 seconds", "2 hours 30 minutes"; zero is "now or never: not kept".
func (p Page) words(d time.Duration) string {
	if d <= 0 {
		return p.t("words.zero")
	}
	return spell(d, func(number string, unit int) string { return p.t(unitNames[unit].words, "count", number) })
}

// spell writes each unit's number by name, the seconds with what is less.
func spell(d time.Duration, name func(number string, unit int) string) string {
	d = d.Truncate(time.Millisecond)
	if d < time.Second {
		return name(strconv.FormatInt(d.Milliseconds(), 10), len(unitNames)-1)
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

// countdown writes a time left, rounded up so that it is never 0 while something lives: "9.8 s", "26 s", "4:07",
// "3 h 12", "6 d". It is written anew only when the text changes, so coarse units keep a long list quiet.
func (p Page) countdown(d time.Duration) string {
	second := func(n string) string { return p.t("short.second", "count", n) }
	if d <= 0 {
		return second("0")
	}
	if tenths := up(d, 100*time.Millisecond); tenths < 100 {
		return second(fmt.Sprintf("%d.%d", tenths/10, tenths%10))
	}
	if s := up(d, time.Second); s < 60 {
		return second(strconv.FormatInt(s, 10))
	} else if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	if m := up(d, time.Minute); m < 48*60 {
		return p.t("left.hours", "h", m/60, "m", fmt.Sprintf("%02d", m%60))
	}
	return p.t("short.day", "count", up(d, day))
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

// rough writes a number where there is little room: from 10,000 on in thousands or more, "22k", "1.2M".
func rough(n uint64) string {
	if n < 10_000 {
		return Count(n)
	}
	return strings.ReplaceAll(scaled(float64(n)/1000, 1000, 9.95, []string{"k", "M", "G", "T"}), " ", "")
}

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
	case sameDay(t, now):
		return t.Format("15:04:05")
	case t.Year() == now.Year():
		return p.t("time.dateAt", "date", p.date(t, "time.date"), "time", t.Format("15:04"))
	}
	return p.t("time.dateAt", "date", p.date(t, "time.dateYear"), "time", t.Format("15:04"))
}

// exact writes a time in full, for a message's own page.
func (p Page) exact(t time.Time) string {
	t = p.in(t)
	return p.t("time.dateAt", "date", p.date(t, "time.dateYear"), "time", t.Format("15:04:05.000"))
}

func (p Page) date(t time.Time, form string) string {
	return p.t(form,
		"weekday", p.Language.List("time.weekdays")[t.Weekday()],
		"day", t.Day(),
		"month", p.Language.List("time.months")[t.Month()-1],
		"year", strconv.Itoa(t.Year()))
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
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
		return p.t("death.none")
	}
	at := p.Now.Add(ttl)
	if !sameDay(p.in(at), p.in(p.Now)) {
		return p.t("death.later", "time", p.clock(at))
	}
	return p.t("death.today", "time", p.clock(at), "words", p.words(ttl))
}

// millis writes a time as the data attributes carry it.
func millis(t time.Time) string {
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// driftText says that the server's clock is ahead of the wall clock (negative: behind), in whole seconds; nothing at zero.
func (p Page) driftText() string {
	switch by := p.short(p.Drift.Abs().Round(time.Second)); {
	case p.Drift > 0:
		return p.t("drift.ahead", "by", by)
	case p.Drift < 0:
		return p.t("drift.behind", "by", by)
	}
	return ""
}
