package server

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"linger/broker"
	"linger/internal/jsonline"
	"linger/internal/server/wire"
	lingerv1 "linger/proto/linger/v1"
	"linger/web"
	"linger/web/texts"
)

// formMemory is what of a multipart form is held in memory; the rest goes to files.
const formMemory = 1 << 20

type failureJSON struct {
	Error string `json:"error"`
	Field string `json:"field,omitempty"`
	Do    string `json:"do,omitempty"`
	ID    string `json:"id,omitempty"`
}

// wantsJSON says whether a script asks, rather than a person's browser.
func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // nobody is left to be told
}

// publish takes the form: topic, message, ttl (as the page's box reads it, or "other"), ttl_other, attr-key and attr-value.
func (p *pages) publish(w http.ResponseWriter, r *http.Request) {
	if err := p.parseForm(w, r); err != nil {
		p.refuseForm(w, r, err)
		return
	}
	in, asked, err := p.readForm(r)
	if err != nil {
		p.refuseForm(w, r, err)
		return
	}
	answer, err := p.publisher.commit(r.Context(), in)
	if err == nil {
		err = answer.Results[0].Err
	}
	if err != nil {
		p.refuseForm(w, r, err)
		return
	}
	topic, result := in.Batches[0].Topic, answer.Results[0]
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, jsonline.Ack{
			Topic: topic, Sequence: result.First,
			PublishTime: jsonInstant(result.PublishTime), ExpireTime: jsonInstant(result.Deadline),
			TTLMs: result.Deadline.Sub(result.PublishTime).Milliseconds(), Durability: result.Durability.String(),
		})
		return
	}
	q := url.Values{"published": {strconv.FormatUint(result.First, 10)}}
	if asked != "" {
		q.Set("asked", asked)
	}
	http.Redirect(w, r, web.TopicPath(topic)+"?"+q.Encode(), http.StatusSeeOther)
}

// parseForm reads the body, no more of it than a message's worth in the widest of encodings.
func (p *pages) parseForm(w http.ResponseWriter, r *http.Request) error {
	if kind := r.Header.Get("Content-Type"); !isForm(kind) {
		return invalid("", "the content type is %q; send a form, application/x-www-form-urlencoded or multipart/form-data.", clipped(kind))
	}
	const percentEncoding = 3
	r.Body = http.MaxBytesReader(w, r.Body, int64(p.config.MaxMessage)*percentEncoding+64<<10)
	err := r.ParseForm()
	if err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(formMemory)
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(web.FieldMessage, texts.Say("form.over", "limit", web.Size(int64(p.config.MaxMessage))))
	case err != nil:
		return invalid("", "the form cannot be read: %v.", err)
	}
	return nil
}

func isForm(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/x-www-form-urlencoded" || kind == "multipart/form-data")
}

func (p *pages) tooLarge(size string) error {
	return refuse(web.FieldMessage, texts.Say("form.tooLarge", "size", size, "limit", web.Size(int64(p.config.MaxMessage))))
}

// readForm makes a publish request of the form. asked is the lifetime asked for in milliseconds, or "".
func (p *pages) readForm(r *http.Request) (in *wire.Request, asked string, err error) {
	f := r.PostForm
	if !f.Has("message") {
		return nil, "", refuse(web.FieldMessage, texts.Say("form.missing"))
	}
	message := f.Get("message")
	if !wantsJSON(r) {
		// Browsers send every line break of a text area as CR LF. What was typed is a line break.
		message = strings.ReplaceAll(message, "\r\n", "\n")
	}
	if len(message) > p.config.MaxMessage {
		size := web.Size(int64(len(message)))
		if size == web.Size(int64(p.config.MaxMessage)) {
			size = web.Count(len(message)) + " B" // a little over it: the two must differ
		}
		return nil, "", p.tooLarge(size)
	}
	attributes, err := attributeMap(formAttributes(f))
	if err != nil {
		return nil, "", err
	}
	b, err := proto.Marshal(&lingerv1.Message{Attributes: attributes, Data: []byte(message)})
	if err != nil {
		return nil, "", err
	}
	batch := broker.Batch{Topic: strings.TrimSpace(f.Get("topic")), Count: 1, Body: wire.Frame(b), FailedMessage: -1}
	text := chosenTTL(f)
	if text == "" && f.Get("ttl") == "other" {
		return nil, "", refuse(web.FieldTTL, texts.Say("form.noTime"))
	}
	if text != "" {
		if batch.TTL, err = web.ParseTTL(text); err != nil {
			return nil, "", errors.Join(invalid(web.FieldTTL, "%s", err.Error()), err)
		}
		batch.HasTTL = true
		asked = strconv.FormatInt(batch.TTL.Milliseconds(), 10)
	}
	return &wire.Request{Batches: []broker.Batch{batch}, Size: len(batch.Body)}, asked, nil
}

// chosenTTL is what the form says of the lifetime. Empty: the topic's default.
func chosenTTL(f url.Values) string {
	ttl := f.Get("ttl")
	if ttl == "other" {
		ttl = f.Get("ttl_other")
	}
	return strings.TrimSpace(ttl)
}

// refuseForm answers with the form as it was filled in and the error under its field; a script with the field's name.
func (p *pages) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	o, known := lookUp(err)
	var e *broker.Error
	if !known || !errors.As(err, &e) {
		p.fail(w, r, err)
		return
	}
	field := formField(e)
	retryIn(w, err)
	if wantsJSON(r) {
		writeJSON(w, o.http, failureJSON{Error: sentence(e.Detail), Field: field})
		return
	}
	f := r.PostForm
	problem := web.FieldError{Field: field, Text: said(languageOf(r), err)}
	form := web.Form{Topic: f.Get("topic"), Message: f.Get("message"), TTL: chosenTTL(f), Attributes: formAttributes(f)}
	if part, row, ok := attributeField(field); ok {
		problem.Field, problem.Row = part, row
	}
	// No page needs more rows than one too many.
	form.Attributes = form.Attributes[:min(len(form.Attributes), wire.MaxAttributes+1)]
	form.Errors = []web.FieldError{problem}
	p.board(w, r, ">", nil, form, o.http)
}

// formField is the form's name of the field that the broker or the walk blames.
func formField(e *broker.Error) string {
	if _, _, ok := attributeField(e.Field); ok {
		return e.Field
	}
	switch {
	case strings.Contains(e.Field, "ttl"):
		return web.FieldTTL
	case strings.Contains(e.Field, "message") || strings.Contains(e.Field, "data"):
		return web.FieldMessage
	case strings.Contains(e.Field, "topic") || e.Field == "name":
		return web.FieldTopic
	}
	return ""
}

// published is the result line on the page that a publish led to. nil: it led from somewhere else.
func (p *pages) published(r *http.Request, name string, policy web.Policy) *web.Result {
	sequence, err := strconv.ParseUint(r.URL.Query().Get("published"), 10, 64)
	if err != nil {
		return nil
	}
	m, end, err := p.broker.Get(name, sequence)
	if err != nil {
		return nil
	}
	v := &web.Result{Topic: name, Sequence: sequence, ReceivedBy: -1, Durability: p.broker.Durability().String()}
	if t, err := p.broker.Topic(name); err == nil {
		v.Durability = t.Durability.String()
	}
	asked, askedErr := strconv.ParseInt(r.URL.Query().Get("asked"), 10, 64)
	switch {
	case end == nil:
		v.Published, v.Expires, v.ReceivedBy = timeOf(m.PublishTime), timeOf(m.Deadline), int(m.Deliveries)
	case end.Reason == broker.NotEnded:
		return nil
	default:
		v.Published, v.Expires, v.ReceivedBy = timeOf(end.PublishTime), timeOf(end.EndTime), int(end.Deliveries)
		if askedErr == nil && asked == 0 {
			v.Expires, v.Durability = v.Published, broker.DurabilityMemory.String()
		}
	}
	if askedErr == nil {
		v.Reason = whyNot(languageOf(r), name, time.Duration(asked)*time.Millisecond, v.Expires.Sub(v.Published), policy)
	}
	return v
}

// whyNot explains a lifetime that is not the one asked for. Empty: nothing to explain.
func whyNot(l texts.Language, topic string, asked, granted time.Duration, policy web.Policy) string {
	switch {
	case asked > policy.Max && granted < asked:
		return l.Text("reason.atMost", "asked", web.ShortIn(l, asked), "topic", topic, "max", web.ShortIn(l, policy.Max))
	case asked > 0 && asked < policy.Min && granted > asked:
		return l.Text("reason.atLeast", "asked", web.ShortIn(l, asked), "topic", topic, "min", web.ShortIn(l, policy.Min))
	}
	return ""
}
