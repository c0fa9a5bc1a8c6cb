package web

import (
	"net/http"
	"strconv"

	"linger/web/texts"
)

// Failure is the error page.
type Failure struct {
	Page
	// Status is the HTTP status, shown small.
	Status int
	// What went wrong, a sentence: "There is no page at /help."
	What string
	// Field names the input at fault; may be empty.
	Field string
	// Do says what to do about it, a sentence; may be empty.
	Do string
	// ID stands in the log beside the cause; may be empty.
	ID string
}

func (f Failure) title() string {
	if f.Status == http.StatusNotFound {
		return f.Page.title("failure.notFound")
	}
	return f.Page.title("failure.notDone")
}

// heading begins with the field at fault: "Topic: a space at position 4."
func (f Failure) heading() string {
	if f.Field == "" || f.What == "" {
		return f.What
	}
	what := []byte(f.What)
	// A capital that only begins the sentence, as in "A space", not one of a name.
	if c := what[0]; c >= 'A' && c <= 'Z' && len(what) > 1 && (what[1] == ' ' || what[1] >= 'a' && what[1] <= 'z') {
		what[0] += 'a' - 'A'
	}
	return f.t("failure.field", "field", f.field(), "what", string(what))
}

// field is the name of the input at fault as people read it.
func (f Failure) field() string {
	switch f.Field {
	case FieldTopic:
		return f.t("form.topic")
	case FieldMessage:
		return f.t("form.message")
	case FieldTTL:
		return f.t("form.ttl")
	case "in":
		return f.t("failure.pattern")
	case "sequence":
		return f.t("failure.sequence")
	}
	field := []byte(f.Field)
	if c := field[0]; c >= 'a' && c <= 'z' {
		field[0] -= 'a' - 'A'
	}
	return string(field)
}

// statusText is the status with its name, which is English.
func (f Failure) statusText() string {
	if text := http.StatusText(f.Status); text != "" && f.Language == texts.English {
		return strconv.Itoa(f.Status) + " " + text
	}
	return strconv.Itoa(f.Status)
}
