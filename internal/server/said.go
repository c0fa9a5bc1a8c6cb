package server

import (
	"errors"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
	"linger/web/texts"
)

// refuse is an error whose detail is a sentence of the catalogue.
func refuse(field string, s *texts.Sentence) error {
	return errors.Join(invalid(field, "%s", s.Error()), s)
}

// said tells people an error, without the name of its field. What the broker says is English: in other languages a
// sentence about its kind stands before it. The script says the same (web/ts/api.ts).
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
