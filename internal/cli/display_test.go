package cli

import (
	"strings"
	"testing"
)

// A line fits, whatever it is to tell; what matters most stays.
func TestBarLineFits(t *testing.T) {
	for _, test := range []struct {
		width       int
		done, whole int64
		want        string
	}{
		{79, 45, 100, "[#############.................] 45 % read, 1,234 imported, 56,789 a second"},
		{60, 45, 100, "[######.........] 45 % read, 1,234 imported, 56,789 a second"},
		{44, 45, 100, "45 % read, 1,234 imported, 56,789 a second"},
		{41, 45, 100, "[####......] 45 % read, 1,234 imported"},
		{39, 45, 100, "[####......] 45 % read, 1,234 imported"},
		{30, 45, 100, "45 % read, 1,234 imported"},
		{20, 45, 100, "[##...] 45 % read"},
		{12, 45, 100, "45 % read"},
		{4, 45, 100, "45 %"},
		{0, 45, 100, ""},
		{-1, 45, 100, ""},
		{79, 0, 100, "[..............................] 0 % read, 1,234 imported, 56,789 a second"},
		{79, 100, 100, "[##############################] 100 % read, 1,234 imported, 56,789 a second"},
		{79, 200, 100, "[##############################] 100 % read, 1,234 imported, 56,789 a second"},
		{79, 45, 0, "1,234 imported, 56,789 a second"},
		{20, 45, 0, "1,234 imported"},
	} {
		if got := barLine(test.width, test.done, test.whole, "read", "1,234 imported", "56,789 a second"); got != test.want {
			t.Errorf("%d columns, %d of %d: %q, want %q", test.width, test.done, test.whole, got, test.want)
		}
	}
}

// What is written while a line is drawn takes its place.
func TestDisplayKeepsLinesApart(t *testing.T) {
	var out strings.Builder
	d := &display{w: &out, width: func() int { return 10 }}
	line := func(int) string { return "working" }
	d.clear() // nothing is there
	d.draw(line)
	d.draw(line) // the same: it stands
	if _, err := d.Write([]byte("told\n")); err != nil {
		t.Fatal(err)
	}
	d.draw(line)
	d.clear()
	if want := "\r\x1b[Kworking" + "\r\x1b[Ktold\n" + "\r\x1b[Kworking" + "\r\x1b[K"; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}
