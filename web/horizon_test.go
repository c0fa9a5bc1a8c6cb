package web

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// endingsOf reads pairs of a stop and the messages that end in the interval behind it.
func endingsOf(v any) (endings []Ending) {
	for _, pair := range v.([]any) {
		p := pair.([]any)
		endings = append(endings, Ending{After: ms(p[0]), Messages: uint64(p[1].(float64))})
	}
	return endings
}

func TestOutlook(t *testing.T) {
	cases := loadTexts(t).Outlook
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		if got := outlook(Page{}, endingsOf(c[0])); got != c[1] {
			t.Errorf("outlook(%v) = %q, want %q", c[0], got, c[1])
		}
	}
}

func TestBarsAreLinear(t *testing.T) {
	cases := loadTexts(t).Bars
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		want := slices.Repeat([]string{"0%"}, lastStop)
		for i, height := range c[1].(map[string]any) {
			at, err := strconv.Atoi(i)
			if err != nil {
				t.Fatal(err)
			}
			want[at] = height.(string)
		}
		if got := barHeights(endingsOf(c[0])); !slices.Equal(got, want) {
			t.Errorf("bars of %v are %v", c[0], got)
		}
	}
}

// Each message has its tick as long as all of them are on the page; else there are bars alone.
func TestTicks(t *testing.T) {
	now := time.Date(2026, 11, 22, 14, 32, 7, 0, time.UTC)
	n := Now{Page: Page{Now: now}, Totals: Totals{Retained: 3}, Retained: []Message{
		{Sequence: 1, Expires: now.Add(time.Second)}, {Sequence: 2, Expires: now.Add(1500 * time.Millisecond)}, {Sequence: 3, Expires: now.Add(9 * day)},
	}}
	want := []tickView{{At: "2.128%", Soon: true}, {At: "3.191%"}, {At: "100%"}}
	if v := n.horizon(); !v.Each || !slices.Equal(v.Ticks, want) {
		t.Errorf("ticks are %v, want %v", v, want)
	}
	n.Totals.Retained = 4
	if v := n.horizon(); v.Each || v.Ticks != nil || len(v.data()) > 0 {
		t.Errorf("one of four messages has no tick, and yet there are %v", v.Ticks)
	}
	n.Retained = slices.Repeat(n.Retained, 67)
	n.Totals.Retained = 201
	if n.horizon().Each {
		t.Error("201 messages have a tick each")
	}
}
