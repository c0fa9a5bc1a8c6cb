package broker

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestContract01_TopicIndexFindsWhatAPatternMatches(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", "b", "c"})
	names := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), ".")
	})
	rapid.Check(t, func(t *rapid.T) {
		var x topicIndex
		there := map[string]*topic{}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				name := names.Draw(t, "topic")
				if there[name] == nil {
					there[name] = &topic{name: name}
					x.add(there[name])
				}
			},
			"remove": func(t *rapid.T) {
				name := names.Draw(t, "topic")
				x.remove(name)
				delete(there, name)
			},
			"": func(t *rapid.T) {
				parts := rapid.SliceOfN(rapid.OneOf(part, rapid.Just("*")), 1, 4).Draw(t, "pattern")
				if rapid.Bool().Draw(t, "rest") {
					parts[len(parts)-1] = ">"
				}
				var want, got []string
				for name := range there {
					if matchSlowly(parts, strings.Split(name, ".")) {
						want = append(want, name)
					}
				}
				for _, found := range x.match(newPattern(strings.Join(parts, "."))) {
					if there[found.name] != found {
						t.Fatalf("found a %s that is not there", found.name)
					}
					got = append(got, found.name)
				}
				slices.Sort(want)
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Fatalf("%s selects %q, want %q", strings.Join(parts, "."), got, want)
				}
				if len(there) == 0 && x.root.parts != nil {
					t.Fatal("an empty index keeps nodes")
				}
				if len(x.all) > 2*len(there) {
					t.Fatalf("the list has %d places for %d topics", len(x.all), len(there))
				}
			},
		})
	})
}
