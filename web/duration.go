package web

import (
	"math/big"
	"strings"
	"time"
	"unicode"

	"linger/web/texts"
)

const (
	day  = 24 * time.Hour
	week = 7 * day

	// maxTTL is the ceiling that no operator can raise. It also keeps sums of parsed numbers far from overflow.
	maxTTL = 10 * 365 * day
)

// units maps what people type to a unit. A plain "m" is a minute: "10m" was never meant to be ten months.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond, "毫秒": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second, "秒": time.Second, "秒钟": time.Second, "秒鐘": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "分": time.Minute, "分钟": time.Minute, "分鐘": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "小时": time.Hour, "小時": time.Hour, "时": time.Hour, "時": time.Hour,
	"d": day, "day": day, "天": day, "日": day,
}

// ParseTTL reads a lifetime as the page's box does: 250ms, 1.5 h, 2h30m, 10 分钟; a bare number is seconds. What is finer
// than a millisecond is rounded up, as the server would. The errors are sentences for people, without the field's name,
// and of type *texts.Sentence.
func ParseTTL(text string) (time.Duration, error) {
	rest := strings.ToLower(strings.TrimSpace(narrow(text)))
	if rest == "" {
		return 0, texts.Say("parse.none")
	}
	if strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "−") {
		return 0, texts.Say("parse.negative")
	}
	var total big.Rat
	above := maxTTL
	for parts := 0; rest != ""; parts++ {
		number, unit, after, err := nextPart(rest)
		if err != nil {
			return 0, err
		}
		if unit == "" && (parts > 0 || after != "") {
			return 0, texts.Say("parse.noUnit", "text", number)
		}
		scale := time.Second
		if unit != "" {
			var ok bool
			if scale, ok = lookUnit(unit); !ok {
				return 0, texts.Say("parse.unit", "text", clip(visibleLine(unit), 20))
			}
		}
		if scale >= above {
			return 0, texts.Say("parse.order")
		}
		above = scale
		value, ok := new(big.Rat).SetString(number)
		if !ok {
			return 0, texts.Say("parse.noSuchNumber", "text", clip(number, 20))
		}
		total.Add(&total, value.Mul(value, new(big.Rat).SetInt64(int64(scale/time.Millisecond))))
		rest = after
	}
	if total.Cmp(new(big.Rat).SetInt64(int64(maxTTL/time.Millisecond))) > 0 {
		return 0, texts.Say("parse.long")
	}
	ms, remainder := new(big.Int).QuoRem(total.Num(), total.Denom(), new(big.Int))
	d := time.Duration(ms.Int64()) * time.Millisecond
	if remainder.Sign() > 0 {
		d += time.Millisecond
	}
	return d, nil
}

// maxDigits bounds a number's length: more digits mean nothing within ten years, but would cost time to multiply.
const maxDigits = 30

// nextPart cuts one number and the unit behind it, with the space around them, off a text that does not begin with space.
func nextPart(s string) (number, unit, rest string, err error) {
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.') {
		end++
	}
	number, rest = s[:end], strings.TrimSpace(s[end:])
	switch {
	case number == "":
		return "", "", "", texts.Say("parse.noNumber", "text", clip(visibleLine(s), 20))
	case strings.HasPrefix(rest, ","):
		return "", "", "", texts.Say("parse.comma")
	case strings.HasPrefix(rest, ":"):
		return "", "", "", texts.Say("parse.colon")
	case strings.Count(number, ".") > 1 || number == ".":
		return "", "", "", texts.Say("parse.noSuchNumber", "text", clip(number, 20))
	case len(number) > maxDigits:
		return "", "", "", texts.Say("parse.digits", "text", clip(number, 12))
	}
	end = strings.IndexFunc(rest, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' || unicode.IsSpace(r) })
	if end < 0 {
		end = len(rest)
	}
	unit, rest = rest[:end], strings.TrimSpace(rest[end:])
	return number, unit, rest, nil
}

// lookUnit finds a unit, in the singular or the plural.
func lookUnit(s string) (time.Duration, bool) {
	if d, ok := units[s]; ok {
		return d, true
	}
	if singular, ok := strings.CutSuffix(s, "s"); ok && len(singular) > 1 {
		d, ok := units[singular]
		return d, ok
	}
	return 0, false
}

// narrow turns the full-width digits and signs of an East Asian input method into plain ones.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '。':
			return '.'
		}
		return r
	}, s)
}

// clip shortens what a person typed to be quoted in a sentence.
func clip(s string, runes int) string {
	n := 0
	for i := range s {
		if n == runes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
