package broker

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestContract01_PatternsMatchWholeParts(t *testing.T) {
	for _, test := range []struct {
		pattern string
		yes, no string // topics, separated by spaces
	}{
		{"a.b", "a.b", "a a.b.c a.c A.b"},
		{"*", "a abc", "a.b"},
		{"a.*", "a.b a.c", "a a.b.c b.b ab.c"},
		{"*.b.*", "a.b.c", "a.b b.b a.c.c a.b.c.d"},
		{">", "a a.b a.b.c", ""},
		{"a.>", "a.b a.b.c", "a b.a ab.c"},
		{"*.b.>", "a.b.c a.b.c.d", "a.b a.c.d"},
	} {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range strings.Fields(test.yes) {
			if !p.match(name) {
				t.Errorf("%s does not match %s", test.pattern, name)
			}
		}
		for _, name := range strings.Fields(test.no) {
			if p.match(name) {
				t.Errorf("%s matches %s", test.pattern, name)
			}
		}
	}
}

func TestContract01_MatchingAllocatesNothing(t *testing.T) {
	ps, err := parsePatterns([]string{"orders.*.new", "orders.eu.>"})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { ps.match("orders.eu.west.late") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestContract01_ListsOfPatterns(t *testing.T) {
	ps, err := parsePatterns([]string{"b", "a.*", "c.d", "b", ">"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ps.literals(), []string{"b", "c.d"}; !slices.Equal(got, want) {
		t.Errorf("literals %v, want %v", got, want)
	}
	if _, ok := ps[1].literal(); ok {
		t.Error("a.* is taken for a topic's name")
	}
	for detail, texts := range map[string][]string{
		`none given. Name a topic, or ">" for all.`:                              nil,
		"65 given. At most 64; a wildcard may stand for several.":                slices.Repeat([]string{"a"}, 65),
		"number 2: a space at position 2. " + namingRule:                         {"a", "b c"},
		"a space at position 2. " + namingRule:                                   {"b c"},
		`number 3: ">" at position 1. It stands for the rest, as the last part.`: {"a", "b", ">.a"},
	} {
		_, err := parsePatterns(texts)
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrInvalid) || e.Field != "patterns" || e.Detail != detail {
			t.Errorf("got %v, want %s", err, detail)
		}
	}
	if _, err := parsePatterns(slices.Repeat([]string{"a"}, 64)); err != nil {
		t.Error(err)
	}
}

// matchSlowly is the reference: obvious, and made of slices.
func matchSlowly(pattern, name []string) bool {
	switch {
	case len(pattern) == 0 || len(name) == 0:
		return len(pattern) == len(name)
	case pattern[0] == ">":
		return true
	case pattern[0] != "*" && pattern[0] != name[0]:
		return false
	}
	return matchSlowly(pattern[1:], name[1:])
}

func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{{"a.*", "a.b"}, {"a.>", "a"}, {">", "a.b.c"}, {"*.*", "a.b"}, {"a.b", "a.b"}, {"a", "a."}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := parsePattern(text)
		if err != nil || ValidateTopic(name) != nil {
			_ = pattern{text: text, wild: true}.match(name) // must not panic
			return
		}
		if got, want := p.match(name), matchSlowly(strings.Split(text, "."), strings.Split(name, ".")); got != want {
			t.Fatalf("%s matches %s: got %v, want %v", text, name, got, want)
		}
		if literal, ok := p.literal(); ok != (ValidateTopic(text) == nil) || ok && literal != text {
			t.Fatalf("%s: literal %q, %v", text, literal, ok)
		}
		var x patternIndex[int]
		x.add(p, 1)
		visited := 0
		x.match(name, func(int) { visited++ })
		if (visited > 0) != p.match(name) {
			t.Fatalf("%s and %s: the index differs", text, name)
		}
	})
}

func TestContract01_PatternIndexFindsWhatEachPatternMatches(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", "b", "c"})
	names := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), ".")
	})
	texts := rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(part, rapid.Just("*")), 1, 4).Draw(t, "parts")
		if rapid.Bool().Draw(t, "rest") {
			parts[len(parts)-1] = ">"
		}
		return strings.Join(parts, ".")
	})
	type pair struct {
		text  string
		value int
	}
	rapid.Check(t, func(t *rapid.T) {
		var x patternIndex[int]
		added := map[pair]int{}
		draw := func(t *rapid.T) (pair, pattern) {
			q := pair{texts.Draw(t, "pattern"), rapid.IntRange(1, 5).Draw(t, "value")}
			p, err := parsePattern(q.text)
			if err != nil {
				t.Fatal(err)
			}
			return q, p
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				q, p := draw(t)
				x.add(p, q.value)
				added[q]++
			},
			"remove": func(t *rapid.T) {
				q, p := draw(t)
				x.remove(p, q.value)
				if added[q]--; added[q] <= 0 {
					delete(added, q)
				}
			},
			"": func(t *rapid.T) {
				name := names.Draw(t, "topic")
				want := map[int]int{}
				for q := range added {
					if matchSlowly(strings.Split(q.text, "."), strings.Split(name, ".")) {
						want[q.value]++
					}
				}
				x.match(name, func(v int) { want[v]-- })
				for v, n := range want {
					if n != 0 {
						t.Fatalf("%s: %d visited %d times too few", name, v, n)
					}
				}
				if root := x.root; len(added) == 0 && (root.parts != nil || root.rest != nil) {
					t.Fatal("an empty index keeps nodes")
				}
			},
		})
	})
}

func BenchmarkPatternIndex(b *testing.B) {
	var x patternIndex[int]
	for i := range 10_000 {
		p, err := parsePattern("orders.*.r" + strings.Repeat("x", i%100))
		if err != nil {
			b.Fatal(err)
		}
		x.add(p, i)
	}
	for b.Loop() {
		x.match("orders.eu.rxx", func(int) {})
	}
}
