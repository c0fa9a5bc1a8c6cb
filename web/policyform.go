package web

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// PolicyTab is the tab with a topic's policy and what it would have meant of late.
type PolicyTab struct {
	Page
	Topic Topic
	// Form is the editor as it is to stand there.
	Form PolicyForm
	// WhatIf is what the form's default lifetime would have meant. Nil: the form does not say one.
	WhatIf *WhatIf
	// Saved says that the policy shown was just saved.
	Saved bool
}

// PolicyForm is the editor of a policy: the texts of its fields, as they were typed, and what is wrong with them.
type PolicyForm struct {
	// Default, Min and Max are lifetimes in any writing that ParseTTL reads.
	Default, Min, Max string
	// Rejects refuses a lifetime outside of them; RefuseZero "now or never".
	Rejects, RefuseZero bool
	// MaxMessages and MaxBytes are limits; empty: none.
	MaxMessages, MaxBytes string
	// AtLimit is one of the Limit constants.
	AtLimit string
	// Errors stand under their fields, which they name by the Policy constants.
	Errors []FieldError
}

// The fields of the editor.
const (
	PolicyDefault     = "ttl_default"
	PolicyMin         = "ttl_min"
	PolicyMax         = "ttl_max"
	PolicyOutside     = "out_of_policy"
	PolicyZero        = "allow_zero"
	PolicyMaxMessages = "max_messages"
	PolicyMaxBytes    = "max_bytes"
	PolicyAtLimit     = "at_limit"
)

// What a topic does at a limit.
const (
	LimitReject       = "reject"
	LimitEvictOldest  = "evict-oldest"
	LimitEvictSoonest = "evict-soonest"
)

// WhatIf is what a topic would have held of late, had each message been kept for a certain time.
type WhatIf struct {
	// TTL is that time.
	TTL time.Duration
	// Since is from when on it is known what was published: Published messages with PublishedBytes.
	Since                     time.Time
	Published, PublishedBytes uint64
	// Most messages would have been retained at one time, MostBytes the most bytes. Growing says that the time since Since is
	// shorter than TTL, so that there would be more by and by.
	Most, MostBytes uint64
	Growing         bool
	// Judged messages are old enough to tell whether they would have been delivered before their end; Delivered would have
	// been. AtLeast says that there may have been more.
	Judged, Delivered uint64
	AtLeast           bool
}

// error is what is wrong with a field; empty: nothing.
func (f PolicyForm) error(field string) string {
	for _, e := range f.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// percentDelivered is the share of messages that would have been delivered in time.
func (w WhatIf) percentDelivered(p Page) string {
	if w.Delivered == w.Judged {
		return p.t("short.percent", "percent", "100")
	}
	percent := float64(w.Delivered) * 100 / float64(w.Judged)
	if percent > 99 {
		return p.t("short.percent", "percent", strconv.FormatFloat(float64(int(percent*100))/100, 'f', 2, 64)) // never rounded up to all
	}
	return p.t("short.percent", "percent", strconv.FormatFloat(percent, 'f', 0, 64))
}

// span is how far back the answer goes.
func (w WhatIf) span(p Page) string {
	return p.short(max(p.Now.Sub(w.Since).Round(time.Second), time.Second))
}

// steady is what would be there by and by, at the rate since Since.
func (w WhatIf) steady(p Page) uint64 {
	seconds := max(p.Now.Sub(w.Since).Seconds(), 1)
	return uint64(float64(w.Published) * w.TTL.Seconds() / seconds)
}

// beyond says which of the form's limits would have been reached: the numbers as they are shown, or nothing.
func (w WhatIf) beyond(f PolicyForm) (most, limit string) {
	if n, err := ParseCount(f.MaxMessages); err == nil && n > 0 && w.Most > uint64(n) {
		return Count(w.Most), Count(n)
	}
	if n, err := ParseSize(f.MaxBytes); err == nil && n > 0 && w.MostBytes > uint64(n) {
		return Bytes(w.MostBytes), Bytes(uint64(n))
	}
	return "", ""
}

// tidy rounds a time to what is worth reading.
func tidy(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

var errNoNumber = errors.New("no number")

// ParseCount reads a number of messages; spaces and commas between digits are for people. Empty: 0, no limit.
func ParseCount(text string) (int64, error) {
	text = strings.NewReplacer(",", "", " ", "", "\u00a0", "", "_", "").Replace(narrow(strings.TrimSpace(text)))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, errNoNumber
	}
	return n, nil
}

var sizeUnits = map[string]float64{
	"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// ParseSize reads a number of bytes: 4096, 64 MiB, 1.5 GB. Empty: 0, no limit.
func ParseSize(text string) (int64, error) {
	text = strings.NewReplacer(",", "", " ", "", "\u00a0", "").Replace(narrow(strings.TrimSpace(text)))
	if text == "" {
		return 0, nil
	}
	digits := strings.TrimRight(strings.ToLower(text), "bkmgti")
	unit, ok := sizeUnits[strings.ToLower(text[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(n >= 0) || n*unit > 1<<62 {
		return 0, errNoNumber
	}
	return int64(n * unit), nil
}
