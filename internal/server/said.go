package server

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
	"linger/web"
	"linger/web/texts"
)

// refuse is an error whose detail is a sentence of the catalogue.
func refuse(field string, s *texts.Sentence) error {
	return errors.Join(invalid(field, "%s", s.Error()), s)
}

// said tells people an error, without the name of its field. What the broker says is English: in other languages the common
// ones are put into words from their values, and before the others stands a sentence about their kind. The script says the
// same (web/ts/refusal.ts).
func said(l texts.Language, err error) string {
	var s *texts.Sentence
	if errors.As(err, &s) {
		return sentence(s.In(l))
	}
	detail := err.Error()
	var e *broker.Error
	if errors.As(err, &e) && e.Detail != "" {
		detail = e.Detail
	}
	detail = sentence(detail)
	o, _ := lookUp(err)
	if e != nil && l != texts.English {
		if text := particular(l, o.reason, e); text != "" {
			return text
		}
	}
	switch o.reason {
	case "INVALID":
		if e != nil && (e.Field == "topic" || e.Field == "pattern" || e.Field == "name") {
			return l.Text("refused.name", "detail", detail)
		}
		return l.Text("refused.invalid", "detail", detail)
	case "TTL_REJECTED":
		return l.Text("refused.ttl", "detail", detail)
	case "NO_SUCH_TOPIC":
		return l.Text("refused.noTopic", "detail", detail)
	case "ENDED":
		return l.Text("refused.ended", "detail", detail)
	case "CONFLICT":
		return l.Text("refused.changed", "detail", detail)
	case "FULL", "TOO_MANY_TOPICS":
		return l.Text("refused.full", "detail", detail)
	case "READ_ONLY":
		return l.Text("refused.readOnly", "detail", detail)
	case "RECOVERING":
		return l.Text("refused.recovering", "detail", detail)
	}
	return l.Text("refused.other", "detail", detail)
}

// particular puts an error with values into words. "": there is only its detail.
func particular(l texts.Language, reason string, e *broker.Error) string {
	v := e.Values
	lifetime := func(name string) string {
		ms, _ := strconv.ParseInt(v[name], 10, 64) // the broker wrote it
		return web.ShortIn(l, time.Duration(ms)*time.Millisecond)
	}
	switch {
	case v == nil:
	case reason == "INVALID" && v["character"] != "":
		return l.Text("refused.character", "character", character(l, v["character"]), "position", v["position"])
	case reason == "INVALID" && v["position"] != "":
		return l.Text("refused.part", "position", v["position"])
	case reason == "INVALID" && v["reserved"] != "":
		return l.Text("refused.reserved")
	case reason == "INVALID" && v["bytes"] == "0":
		return l.Text("refused.noName")
	case reason == "INVALID" && v["bytes"] != "":
		return l.Text("refused.long", "bytes", v["bytes"], "limit", v["limit"])
	case reason == "TTL_REJECTED":
		return l.Text("refused.range", "topic", v["topic"], "min", lifetime("min"), "max", lifetime("max"), "asked", lifetime("asked"))
	case reason == "NO_SUCH_TOPIC":
		return l.Text("refused.topic", "topic", v["topic"])
	case reason == "FULL":
		text := l.Text("refused.messages", "topic", v["topic"], "used", v["used"], "limit", v["limit"])
		if v["unit"] == "bytes" {
			text = l.Text("refused.bytes", "topic", v["topic"], "used", v["used"], "limit", v["limit"])
		}
		if e.RetryAfter > 0 {
			text = l.Text("refused.later", "text", text, "time", web.ShortIn(l, max(e.RetryAfter.Round(time.Second), time.Second)))
		}
		return text
	}
	return ""
}

// character names one to a person.
func character(l texts.Language, c string) string {
	r, _ := utf8.DecodeRuneInString(c)
	switch {
	case r == ' ':
		return l.Text("refused.space")
	case r == '\t':
		return l.Text("refused.tab")
	case r == '\n', r == '\r':
		return l.Text("refused.line")
	case unicode.IsGraphic(r) && !unicode.In(r, unicode.M, unicode.Z):
		return "“" + c + "”"
	}
	return fmt.Sprintf("%U", r)
}

// storeSaid tells people what is wrong with the store, of which problem is the sentence in English.
func storeSaid(l texts.Language, state lingerv1.StoreState, problem string) string {
	switch state {
	case lingerv1.StoreState_STORE_STATE_NEARLY_FULL:
		return l.Text("store.nearlyFull", "detail", problem)
	case lingerv1.StoreState_STORE_STATE_FULL:
		return l.Text("store.full", "detail", problem)
	case lingerv1.StoreState_STORE_STATE_READ_ONLY:
		return l.Text("refused.readOnly", "detail", problem)
	case lingerv1.StoreState_STORE_STATE_DAMAGED:
		return l.Text("store.damaged", "detail", problem)
	}
	return problem
}
