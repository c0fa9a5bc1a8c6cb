package web

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestStopsAreThoseOfTheScript reads STOPS as ts/scale.ts makes it: lists of numbers, each times a unit.
func TestStopsAreThoseOfTheScript(t *testing.T) {
	source, err := os.ReadFile("ts/scale.ts")
	if err != nil {
		t.Fatal(err)
	}
	script := string(source)
	one := func(pattern string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(script)
		if found == nil {
			t.Fatalf("ts/scale.ts has no %s", pattern)
		}
		return found[1]
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	second := number(one(`const SECOND = (\d+);`))
	units := map[string]int64{"SECOND": second}
	for _, unit := range []string{"MINUTE = (60 \\* SECOND)", "HOUR = (60 \\* MINUTE)", "DAY = (24 \\* HOUR)"} {
		name, _, _ := strings.Cut(unit, " ")
		times, of, _ := strings.Cut(one("const "+unit+";"), " * ")
		units[name] = number(times) * units[of]
	}

	var got []time.Duration
	for term := range strings.FieldsFuncSeq(one(`(?s)STOPS: readonly number\[\] = \[(.*?)\];`), func(r rune) bool { return r == '\n' }) {
		term = strings.Trim(term, " ,")
		if term == "0" {
			got = append(got, 0)
			continue
		}
		parts := regexp.MustCompile(`^\.\.\.(\w+)\.map\(\(n\) => n \* (\w+)\)$`).FindStringSubmatch(term)
		if parts == nil || units[parts[2]] == 0 {
			t.Fatalf("STOPS has %q, which this test cannot read", term)
		}
		for n := range strings.SplitSeq(one(`const `+parts[1]+` = \[(.*?)\];`), ", ") {
			got = append(got, ms(float64(number(n)*units[parts[2]])))
		}
	}
	if !slices.Equal(got, Stops()) {
		t.Errorf("ts/scale.ts has\n%v, Go has\n%v", got, Stops())
	}
}
