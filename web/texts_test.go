package web

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"linger/web/texts"
)

// samples is testdata/texts.json, which the script's tests read too.
type samples struct {
	Parse, Short, Words, Countdown, Dying, Size, Bytes, Count, Rough, Position, Line, Drift, Outlook, Bars, Rate, Spark [][]any

	Refused []string

	// Moments are times, seen from 14:32:07 on 22 November 2026: as clock writes them in English and in Chinese, then exact.
	Moments [][]string
	// Chinese is the same as above, as Chinese pages write it.
	Chinese struct{ Short, Words, Countdown, Drift, Outlook [][]any }
}

func loadTexts(t *testing.T) (all samples) {
	t.Helper()
	data, err := os.ReadFile("testdata/texts.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func ms(v any) time.Duration { return time.Duration(v.(float64) * float64(time.Millisecond)) }

func TestFormats(t *testing.T) {
	all := loadTexts(t)
	for _, f := range []struct {
		name  string
		cases [][]any
		write func(any) string
	}{
		{"Short", all.Short, func(v any) string { return Short(ms(v)) }},
		{"Words", all.Words, func(v any) string { return Page{}.words(ms(v)) }},
		{"Countdown", all.Countdown, func(v any) string { return Page{}.countdown(ms(v)) }},
		{"Size", all.Size, func(v any) string { return Size(int64(v.(float64))) }},
		{"Bytes", all.Bytes, func(v any) string { return Bytes(uint64(v.(float64))) }},
		{"Rate", all.Rate, func(v any) string { return Rate(v.(float64)) }},
		{"sparkline", all.Spark, func(v any) string {
			var numbers []uint32
			for _, n := range v.([]any) {
				numbers = append(numbers, uint32(n.(float64)))
			}
			return sparkline(numbers)
		}},
		{"Count", all.Count, func(v any) string { return Count(int(v.(float64))) }},
		{"rough", all.Rough, func(v any) string { return rough(uint64(v.(float64))) }},
		{"driftText", all.Drift, func(v any) string { return Page{Drift: ms(v)}.driftText() }},
		{"visibleLine", all.Line, func(v any) string { return visibleLine(v.(string)) }},
	} {
		if len(f.cases) == 0 {
			t.Errorf("%s has no cases", f.name)
		}
		for _, c := range f.cases {
			if got := f.write(c[0]); got != c[1] {
				t.Errorf("%s(%v) = %q, want %q", f.name, c[0], got, c[1])
			}
		}
	}
}

func TestChineseFormats(t *testing.T) {
	p := Page{Language: texts.Chinese}
	all := loadTexts(t).Chinese
	for _, f := range []struct {
		name  string
		cases [][]any
		write func(any) string
	}{
		{"short", all.Short, func(v any) string { return p.short(ms(v)) }},
		{"words", all.Words, func(v any) string { return p.words(ms(v)) }},
		{"countdown", all.Countdown, func(v any) string { return p.countdown(ms(v)) }},
		{"driftText", all.Drift, func(v any) string { return Page{Language: texts.Chinese, Drift: ms(v)}.driftText() }},
		{"outlook", all.Outlook, func(v any) string { return outlook(p, endingsOf(v)) }},
	} {
		if len(f.cases) == 0 {
			t.Errorf("%s has no cases", f.name)
		}
		for _, c := range f.cases {
			if got := f.write(c[0]); got != c[1] {
				t.Errorf("%s(%v) = %q, want %q", f.name, c[0], got, c[1])
			}
		}
	}
	// What a box in Chinese shows it must read as the same time.
	for d := time.Duration(0); d < maxTTL; d += d/7 + 333*time.Millisecond {
		d = d.Truncate(time.Millisecond)
		if got, err := ParseTTL(p.short(d)); err != nil || got != d {
			t.Fatalf("%v is written %q and read %v, %v", d, p.short(d), got, err)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 11, 22, 14, 32, 7, 0, time.UTC)
	english, chinese := Page{Now: now}, Page{Now: now, Language: texts.Chinese}
	cases := loadTexts(t).Moments
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		at, err := time.Parse(time.RFC3339Nano, c[0])
		if err != nil {
			t.Fatal(err)
		}
		got := []string{c[0], english.clock(at), chinese.clock(at), english.exact(at), chinese.exact(at)}
		if !slices.Equal(got, c) {
			t.Errorf("%q, want %q", got, c)
		}
	}
}

func TestCountdownIsNeverZeroWhileAlive(t *testing.T) {
	for d := time.Nanosecond; d < 20*day; d += d/3 + 1 {
		if got := (Page{}).countdown(d); got == "0 s" || got == "0.0 s" {
			t.Errorf("countdown(%v) = %q", d, got)
		}
	}
}

func TestDying(t *testing.T) {
	for _, c := range loadTexts(t).Dying {
		if got := dying(ms(c[0]), ms(c[1])); got != c[2] {
			t.Errorf("dying(%v of %v) = %v", c[0], c[1], got)
		}
	}
}

func TestParseTTL(t *testing.T) {
	all := loadTexts(t)
	for _, c := range all.Parse {
		got, err := ParseTTL(c[0].(string))
		if err != nil || got != ms(c[1]) {
			t.Errorf("ParseTTL(%q) = %v, %v; want %v", c[0], got, err, ms(c[1]))
		}
	}
	for _, text := range all.Refused {
		if got, err := ParseTTL(text); err == nil {
			t.Errorf("ParseTTL(%q) = %v, want an error", text, got)
		}
	}
}

// What the box shows it must read as the same time.
func TestShortReadsBack(t *testing.T) {
	for d := time.Duration(0); d < maxTTL; d += d/7 + 333*time.Millisecond {
		d = d.Truncate(time.Millisecond)
		if got, err := ParseTTL(Short(d)); err != nil || got != d {
			t.Fatalf("%v is written %q and read %v, %v", d, Short(d), got, err)
		}
	}
}

func FuzzParseTTL(f *testing.F) {
	for _, seed := range []string{"30 s", "2h30m", "1.5 h", "10 分钟", "90", "-1", "1:30", "1,5", "2h30", "３０", ".5ms", "999999999999999999d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseTTL(text)
		if err != nil {
			if d != 0 || err.Error() == "" {
				t.Errorf("ParseTTL(%q) = %v with error %q", text, d, err)
			}
			return
		}
		if d < 0 || d > maxTTL || d%time.Millisecond != 0 {
			t.Errorf("ParseTTL(%q) = %v", text, d)
		}
		if again, err := ParseTTL(Short(d)); err != nil || again != d {
			t.Errorf("ParseTTL(%q) = %v, written %q, read %v, %v", text, d, Short(d), again, err)
		}
	})
}

func TestAxis(t *testing.T) {
	if len(stops) != lastStop+1 {
		t.Fatalf("%d stops", len(stops))
	}
	for i, d := range stops {
		if got := axisPosition(d) * lastStop; math.Abs(got-float64(i)) > 1e-9 {
			t.Errorf("stop %d, %v, stands at %v", i, d, got)
		}
		if nearestStop(d) != i {
			t.Errorf("nearest stop to %v is %d, want %d", d, nearestStop(d), i)
		}
		if i > 0 && stops[i-1] >= d {
			t.Errorf("stop %d, %v, is not after the one before", i, d)
		}
	}
	for _, c := range loadTexts(t).Position {
		if got := axisPosition(ms(c[0])) * lastStop; math.Abs(got-c[1].(float64)) > 1e-9 {
			t.Errorf("%v stands at %v, want %v", ms(c[0]), got, c[1])
		}
	}
}
