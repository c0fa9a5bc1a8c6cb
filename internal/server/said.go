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
	if e != nil && (l != texts.English || ofServer(e)) {
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

// ofServer says that the server is full, of which the broker tells in bytes.
func ofServer(e *broker.Error) bool {
	return e.Values["unit"] == "memory" || e.Values["unit"] == "disk"
}

// particular puts an error with values into words. "": there is only its detail.
func particular(l texts.Language, reason string, e *broker.Error) string {
	v := e.Values
	switch {
	case reason == "UNKNOWN_OUTCOME":
		return l.Text("refused.unknown")
	case v == nil:
	case reason == "INVALID" && v["max"] != "":
		return unfit(l, v)
	case reason == "INVALID":
		return misnamed(l, v)
	case reason == "TTL_REJECTED" && v["default"] != "":
		return l.Text("refused.negative", "time", lifetime(l, v["default"]))
	case reason == "TTL_REJECTED" && v["asked"] != "":
		return l.Text("refused.range", "topic", v["topic"], "min", lifetime(l, v["min"]), "max", lifetime(l, v["max"]), "asked", lifetime(l, v["asked"]))
	case reason == "TTL_REJECTED":
		return l.Text("refused.latest", "topic", v["topic"], "max", lifetime(l, v["max"]), "time", timeSaid(v["latest"]))
	case reason == "DEADLINE_PASSED":
		return l.Text("refused.passed", "time", timeSaid(v["expires"]))
	case reason == "CONFLICT" && v["first"] != "":
		return l.Text("refused.taken", "topic", v["topic"], "last", "#"+v["last"], "first", "#"+v["first"])
	case reason == "CONFLICT":
		return l.Text("refused.moved", "number", "#"+v["sequence"], "time", timeSaid(v["expires"]))
	case reason == "TOPIC_EXISTS":
		return l.Text("refused.exists", "topic", v["topic"])
	case reason == "NO_SUCH_TOPIC" && v["auto_create"] != "":
		return l.Text("refused.notMade", "topic", v["topic"])
	case reason == "NO_SUCH_TOPIC":
		return l.Text("refused.topic", "topic", v["topic"])
	case reason == "NO_SUCH_MESSAGE" && v["last"] == "0":
		return l.Text("epitaph.neverAny", "number", "#"+v["sequence"], "topic", v["topic"])
	case reason == "NO_SUCH_MESSAGE":
		return l.Text("epitaph.never", "number", "#"+v["sequence"], "last", "#"+v["last"])
	case reason == "ENDED":
		return epitaph(l, "#"+v["sequence"], e.Ended)
	case reason == "TOO_MANY_TOPICS":
		return l.Text("refused.tooMany", "count", v["topics"])
	case reason == "READ_ONLY":
		return l.Text("refused.disk", "store", v["store"], "cause", v["cause"])
	case reason == "RECOVERING" && v["percent"] != "":
		return l.Text("refused.reading", "percent", v["percent"])
	case reason == "RECOVERING":
		return l.Text("refused.opening")
	case reason == "FULL":
		text := full(l, v)
		if e.RetryAfter > 0 {
			text = l.Text("refused.later", "text", text, "time", web.ShortIn(l, max(e.RetryAfter.Round(time.Second), time.Second)))
		}
		return text
	}
	return ""
}

// unfit says which of a policy's lifetimes do not go together.
func unfit(l texts.Language, v map[string]string) string {
	most := lifetime(l, v["max"])
	switch {
	case v["ceiling"] != "":
		return l.Text("refused.ceiling", "max", most, "limit", lifetime(l, v["ceiling"]))
	case v["default"] != "":
		return l.Text("refused.default", "time", lifetime(l, v["default"]), "min", lifetime(l, v["min"]), "max", most)
	}
	return l.Text("refused.minimum", "min", lifetime(l, v["min"]), "max", most)
}

// misnamed says what is wrong with a name.
func misnamed(l texts.Language, v map[string]string) string {
	switch {
	case v["character"] != "":
		return l.Text("refused.character", "character", character(l, v["character"]), "position", v["position"])
	case v["position"] != "":
		return l.Text("refused.part", "position", v["position"])
	case v["reserved"] != "":
		return l.Text("refused.reserved")
	case v["composed"] != "":
		return l.Text("refused.composed", "name", v["composed"])
	case v["bytes"] == "0":
		return l.Text("refused.noName")
	case v["bytes"] != "":
		return l.Text("refused.long", "bytes", v["bytes"], "limit", v["limit"])
	}
	return ""
}

// full says what has no room, and for how much: a topic, the server's memory or its disk.
func full(l texts.Language, v map[string]string) string {
	never := v["needed"] != ""
	switch unit := v["unit"]; {
	case unit == "disk":
		return l.Text("refused.diskFull", "used", bytesSaid(v["used"]), "limit", bytesSaid(v["limit"]), "free", bytesSaid(v["free"]))
	case unit == "memory" && never:
		return l.Text("refused.memoryNever", "needed", bytesSaid(v["needed"]), "limit", bytesSaid(v["limit"]))
	case unit == "memory":
		return l.Text("refused.memory", "used", bytesSaid(v["used"]), "limit", bytesSaid(v["limit"]))
	case unit == "bytes" && never:
		return l.Text("refused.neverBytes", "topic", v["topic"], "needed", v["needed"], "limit", v["limit"])
	case never:
		return l.Text("refused.neverMessages", "topic", v["topic"], "needed", v["needed"], "limit", v["limit"])
	case unit == "bytes":
		return l.Text("refused.bytes", "topic", v["topic"], "used", v["used"], "limit", v["limit"])
	}
	return l.Text("refused.messages", "topic", v["topic"], "used", v["used"], "limit", v["limit"])
}

// epitaph says how a message ended; nil: that is not remembered.
func epitaph(l texts.Language, number string, e *broker.Ended) string {
	if e == nil || e.Reason == broker.NotEnded {
		return l.Text("epitaph.forgotten", "number", number)
	}
	fate := l.Text(fates[e.Reason], "time", e.EndTime.Time().UTC().Format(saidTime))
	switch {
	case e.Reason == broker.ExpiredUnknown:
		return l.Text("epitaph.unknown", "number", number, "fate", fate)
	case e.Deliveries == 0:
		return l.Text("epitaph.nobody", "number", number, "fate", fate)
	}
	return l.Text("epitaph.known", "number", number, "fate", fate, "count", e.Deliveries)
}

var fates = map[broker.EndReason]string{
	broker.ExpiredDelivered: "fate.gone", broker.ExpiredUndelivered: "fate.gone", broker.ExpiredUnknown: "fate.gone",
	broker.Evicted: "fate.evicted", broker.Deleted: "fate.deleted", broker.Lost: "fate.lost",
}

// lifetime is one of an error's values, in milliseconds, as a page writes it.
func lifetime(l texts.Language, value string) string {
	ms, _ := strconv.ParseInt(value, 10, 64) // the broker wrote it
	return web.ShortIn(l, time.Duration(ms)*time.Millisecond)
}

// saidTime is how a time stands in a refusal, which knows nothing of the reader's zone.
const saidTime = "2006-01-02 15:04:05 UTC"

// timeSaid is one of an error's values, in milliseconds since 1970, as a page writes it.
func timeSaid(value string) string {
	ms, _ := strconv.ParseInt(value, 10, 64) // the broker wrote it
	return time.UnixMilli(ms).UTC().Format(saidTime)
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

// storeSaid tells people what is wrong with the store, of which problem is the sentence in English and v what is particular in it.
func storeSaid(l texts.Language, state lingerv1.StoreState, problem string, v map[string]string) string {
	if l == texts.English || v == nil {
		return problem
	}
	switch state {
	case lingerv1.StoreState_STORE_STATE_NEARLY_FULL:
		return l.Text("store.nearlyFull", "used", bytesSaid(v["used"]), "limit", bytesSaid(v["limit"]))
	case lingerv1.StoreState_STORE_STATE_FULL:
		return l.Text("store.full", "used", bytesSaid(v["used"]), "limit", bytesSaid(v["limit"]), "free", bytesSaid(v["free"]))
	case lingerv1.StoreState_STORE_STATE_READ_ONLY:
		return l.Text("refused.disk", "store", v["store"], "cause", v["cause"])
	case lingerv1.StoreState_STORE_STATE_DAMAGED:
		return l.Text("store.damaged", "store", v["store"], "cause", v["cause"])
	}
	return problem
}

// bytesSaid is one of an error's values as a page writes it.
func bytesSaid(value string) string {
	n, _ := strconv.ParseUint(value, 10, 64) // the broker wrote it
	return web.Bytes(n)
}
