package web_test

import (
	"testing"

	"linger/web"
)

// JSON is shown as it came and with line breaks, none of its numbers changed; what only looks like it as it came.
func TestJSONIsShownWithLineBreaks(t *testing.T) {
	for data, want := range map[string]string{
		`{"n":12345678901234567890,"a":[1.50]}`: "{\n  \"n\": 12345678901234567890,\n  \"a\": [\n    1.50\n  ]\n}",
		`{"n":1`:                                "",
		`text`:                                  "",
	} {
		m := hostileText("hello")
		m.Data = []byte(data)
		shown := byClass(render(t, web.MessagePage(web.Detail{Page: page, Topic: "hello", Sequence: 1, Message: &m})), "payload")
		if rawText(shown[0]) != data {
			t.Errorf("%q is shown as %q", data, rawText(shown[0]))
		}
		if got := rawText(shown[len(shown)-1]); want != "" && got != want || (want == "") != (len(shown) == 1) {
			t.Errorf("%q is laid out as %q, %d times", data, got, len(shown))
		}
	}
}
