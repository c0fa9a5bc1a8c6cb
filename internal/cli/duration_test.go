package cli

import (
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "30s": 30 * time.Second, "1h30m": 90 * time.Minute,
		"7d": 7 * day, "1d2h3m4s5ms": day + 2*time.Hour + 3*time.Minute + 4*time.Second + 5*time.Millisecond, "90m": 90 * time.Minute,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "not a duration", "30": "has no unit", "1.5": "has no unit", "-5s": "negative", "1.5h": "whole numbers", "5x": "not a duration",
		"1m1h": "greater units first", "1s1s": "greater units first", "s": "not a duration", "1 h": "not a duration", "1h30": "not a duration",
		"999999999d": "too long", "99999999999999999999s": "too long", "106751d24h": "too long", "1h ": "not a duration",
	} {
		if got, err := parseDuration(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v; want an error with %q", text, got, err, want)
		}
	}
}

func TestFormatDurationIsReadAgain(t *testing.T) {
	for _, text := range []string{"0", "1ms", "250ms", "30s", "1m30s", "1h30m", "7d", "1d2h3m4s5ms"} {
		d, err := parseDuration(text)
		if err != nil || formatDuration(d) != text {
			t.Errorf("%q comes back as %q, %v", text, formatDuration(d), err)
		}
	}
}

func TestFormatLeft(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0ms", 250 * time.Millisecond: "250ms", 26900 * time.Millisecond: "26s", 65 * time.Second: "1m05s",
		3*time.Hour + 12*time.Minute: "3h12m", 7*day - time.Second: "6d23h",
	} {
		if got := formatLeft(d); got != want {
			t.Errorf("%s is shown as %q, want %q", d, got, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "65536": 65536, "64KiB": 65536, "512MiB": 512 << 20, "2GB": 2e9, "10B": 10} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "1.5GiB", "lots", "MiB", "99999999999TiB"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}
