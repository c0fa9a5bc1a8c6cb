package texts_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"linger/web/texts"
)

// The catalogues stand side by side: the same keys in the same order, each once, with the same placeholders.
func TestLanguagesAreComplete(t *testing.T) {
	english := keys(t, texts.English)
	for _, l := range texts.Languages {
		own := keys(t, l)
		for i, key := range own {
			if slices.Contains(own[:i], key) {
				t.Errorf("%s: %q stands there twice", l.Tag(), key)
			}
			if !slices.Contains(english, key) {
				t.Errorf("%s: %q is not in English", l.Tag(), key)
			}
		}
		for _, key := range english {
			if !slices.Contains(own, key) {
				t.Errorf("%s: %q is missing", l.Tag(), key)
			}
		}
		if !t.Failed() && !slices.Equal(own, english) {
			t.Errorf("%s: the keys are not in the order of en.json", l.Tag())
		}
		for key, text := range l.All() {
			if text.Other == "" {
				t.Errorf("%s: %q is empty", l.Tag(), key)
			}
			if l == texts.Chinese && text.One != "" {
				t.Errorf("zh-CN: %q has a singular, which Chinese does not", key)
			}
			mine, theirs := text.Placeholders(), texts.English.All()[key].Placeholders()
			slices.Sort(mine)
			slices.Sort(theirs)
			if !slices.Equal(mine, theirs) {
				t.Errorf("%s: %q has the placeholders %q, in English %q", l.Tag(), key, mine, theirs)
			}
			for _, form := range []string{text.One, text.Other} {
				if strings.Count(form, "{") != strings.Count(form, "}") || strings.TrimSpace(form) != form {
					t.Errorf("%s: %q is %q", l.Tag(), key, form)
				}
			}
		}
	}
}

// keys reads a catalogue's keys as they stand in the file.
func keys(t *testing.T, l texts.Language) (keys []string) {
	t.Helper()
	data, err := os.ReadFile(l.Tag() + ".json")
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatalf("%s: %v", l.Tag(), err)
		}
		keys = append(keys, key.(string))
		var text texts.Forms
		if err := d.Decode(&text); err != nil {
			t.Fatalf("%s: %q: %v", l.Tag(), key, err)
		}
	}
	return keys
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		want     string
		language texts.Language
		key      string
		values   []any
	}{
		{"Now", texts.English, "bar.now", nil},
		{"此刻", texts.Chinese, "bar.now", nil},
		{"⟦Now⟧", texts.Marked, "bar.now", nil},
		{"Reconnecting (12,345)", texts.English, "mark.reconnecting", []any{"n", 12345}},
		{"As of {time}", texts.English, "bar.asOf", []any{"time", "{time}"}},
		{"As of {time}", texts.English, "bar.asOf", nil},
		{"no.such.key", texts.English, "no.such.key", []any{"n"}},
	} {
		if got := c.language.Text(c.key, c.values...); got != c.want {
			t.Errorf("%s, %s of %v: %q, want %q", c.language.Tag(), c.key, c.values, got, c.want)
		}
	}
}

func TestPieces(t *testing.T) {
	value := struct{}{}
	if got := texts.English.Pieces("bar.asOf", "time", value); len(got) != 2 || got[0] != "As of " || got[1] != value {
		t.Errorf("%v", got)
	}
}

func TestNumbersTakeTheirForm(t *testing.T) {
	c, err := texts.Read([]byte(`{"a": {"one": "{count} message", "other": "{count} messages"}, "b": "{count} 条"}`))
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string]string{
		"0 messages":     c.Text("a", "count", 0),
		"1 message":      c.Text("a", "count", 1),
		"1.5 messages":   c.Text("a", "count", "1.5"),
		"1,000 messages": c.Text("a", "count", uint64(1000)),
		"1 条":            c.Text("b", "count", int64(1)),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	for header, want := range map[string]texts.Language{
		"":                                    texts.English,
		"en-GB,en;q=0.9":                      texts.English,
		"zh-CN,zh;q=0.9,en;q=0.8":             texts.Chinese,
		"zh":                                  texts.Chinese,
		"zh-Hans-SG":                          texts.Chinese,
		"de-DE,de;q=0.9":                      texts.English,
		"de,zh;q=0.5":                         texts.Chinese,
		"en;q=0.3,zh-CN;q=0.9":                texts.Chinese,
		"en-XA":                               texts.English,
		"*":                                   texts.English,
		"\x00;;q=":                            texts.English,
		strings.Repeat("zh-CN,", 2000) + "de": texts.English,
	} {
		if got := texts.Match(header); got != want {
			t.Errorf("%.40q gives %s, want %s", header, got.Tag(), want.Tag())
		}
	}
}

func TestParse(t *testing.T) {
	for _, l := range []texts.Language{texts.English, texts.Chinese, texts.Marked} {
		if got, ok := texts.Parse(l.Tag()); !ok || got != l {
			t.Errorf("%s: %v, %v", l.Tag(), got, ok)
		}
	}
	if _, ok := texts.Parse("de"); ok {
		t.Error("German is spoken")
	}
}
