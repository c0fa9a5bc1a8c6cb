package server

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"linger/broker"
	"linger/web"
)

// policy shows a topic's policy in an editor. Fields in the address stand in the editor instead of the policy's own, so that
// the what-if beside it can be asked for without saving.
func (p *pages) policy(w http.ResponseWriter, r *http.Request) {
	t, topic, err := p.topicAt(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	form := policyFormOf(t.Policy)
	if q := r.URL.Query(); q.Has(web.PolicyDefault) {
		form = readPolicyForm(q)
		_, form.Errors = p.parsePolicy(r, form)
	}
	p.showPolicy(w, r, http.StatusOK, topic, form, r.URL.Query().Has("saved"))
}

func (p *pages) showPolicy(w http.ResponseWriter, r *http.Request, status int, topic web.Topic, form web.PolicyForm, saved bool) {
	v := web.PolicyTab{Page: p.page(r), Topic: topic, Form: form, Saved: saved}
	if ttl, err := web.ParseTTL(form.Default); err == nil && ttl >= time.Millisecond {
		what, err := p.broker.WhatIf(topic.Name, ttl)
		if err != nil && !errors.Is(err, broker.ErrInvalid) { // a lifetime that no topic can have is told under its field
			p.fail(w, r, err)
			return
		}
		if err == nil {
			v.WhatIf = whatIfView(what)
		}
	}
	p.render(w, r, status, web.PolicyPage(v))
}

func whatIfView(w broker.WhatIf) *web.WhatIf {
	return &web.WhatIf{
		TTL: w.TTL, Since: timeOf(w.Since), Published: w.Published, PublishedBytes: w.PublishedBytes,
		Most: w.Most, MostBytes: w.MostBytes, Growing: w.Growing, Judged: w.Judged, Delivered: w.Delivered, AtLeast: w.AtLeast,
	}
}

// setPolicy takes the editor's form. What is wrong is told under its field, and the text stays.
func (p *pages) setPolicy(w http.ResponseWriter, r *http.Request) {
	_, topic, err := p.topicAt(r)
	if err == nil {
		err = p.parseForm(w, r)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	form := readPolicyForm(r.PostForm)
	policy, problems := p.parsePolicy(r, form)
	if len(problems) == 0 {
		_, err := p.broker.SetPolicy(r.Context(), topic.Name, policy)
		var e *broker.Error
		switch {
		case err == nil:
			http.Redirect(w, r, web.TabPath(topic.Name, web.TabPolicy)+"?saved", http.StatusSeeOther)
			return
		case !errors.Is(err, broker.ErrInvalid) || !errors.As(err, &e):
			p.fail(w, r, err)
			return
		}
		problems = []web.FieldError{{Field: policyField(e.Field), Text: sentence(e.Detail)}}
	}
	form.Errors = problems
	p.showPolicy(w, r, http.StatusBadRequest, topic, form, false)
}

// policyField is the editor's name of the field that the broker blames.
func policyField(field string) string { return strings.TrimPrefix(field, "policy.") }

func policyFormOf(b broker.Policy) web.PolicyForm {
	form := web.PolicyForm{
		Default: web.Short(b.Default), Min: web.Short(b.Min), Max: web.Short(b.Max), Rejects: b.Reject, RefuseZero: b.RefuseZero,
		AtLimit: b.AtLimit.String(),
	}
	if b.MaxMessages > 0 {
		form.MaxMessages = web.Count(b.MaxMessages)
	}
	if b.MaxBytes > 0 {
		form.MaxBytes = exactSize(b.MaxBytes)
	}
	return form
}

// exactSize writes a size so that it reads back as it is.
func exactSize(n int64) string {
	if text := web.Size(n); text != "" {
		if back, err := web.ParseSize(text); err == nil && back == n {
			return text
		}
	}
	return strconv.FormatInt(n, 10)
}

func readPolicyForm(f url.Values) web.PolicyForm {
	text := func(field string) string { return strings.TrimSpace(f.Get(field)) }
	return web.PolicyForm{
		Default: text(web.PolicyDefault), Min: text(web.PolicyMin), Max: text(web.PolicyMax),
		Rejects: f.Get(web.PolicyOutside) == "reject", RefuseZero: !f.Has(web.PolicyZero),
		MaxMessages: text(web.PolicyMaxMessages), MaxBytes: text(web.PolicyMaxBytes),
		AtLimit: cmp.Or(f.Get(web.PolicyAtLimit), web.LimitReject),
	}
}

// parsePolicy makes a policy of a form, or says what is wrong with each field. An empty lifetime is the server's.
func (p *pages) parsePolicy(r *http.Request, form web.PolicyForm) (policy broker.Policy, problems []web.FieldError) {
	language := languageOf(r)
	wrong := func(field, text string) { problems = append(problems, web.FieldError{Field: field, Text: text}) }
	lifetime := func(field, text string) time.Duration {
		if text == "" {
			return 0
		}
		d, err := web.ParseTTL(text)
		switch {
		case err != nil:
			wrong(field, language.Text("policy.badTime", "text", clipped(text)))
		case d < time.Millisecond:
			wrong(field, language.Text("policy.zeroTime"))
		}
		return d
	}
	limit := func(field, text, problem string, parse func(string) (int64, error)) int64 {
		n, err := parse(text)
		switch {
		case err != nil:
			wrong(field, problem)
		case n == 0:
			return broker.Unlimited
		}
		return n
	}
	policy = broker.Policy{
		Default: lifetime(web.PolicyDefault, form.Default), Min: lifetime(web.PolicyMin, form.Min), Max: lifetime(web.PolicyMax, form.Max),
		Reject: form.Rejects, RefuseZero: form.RefuseZero,
		MaxMessages: limit(web.PolicyMaxMessages, form.MaxMessages, language.Text("policy.badCount", "text", clipped(form.MaxMessages)), web.ParseCount),
		MaxBytes:    limit(web.PolicyMaxBytes, form.MaxBytes, language.Text("policy.badSize", "text", clipped(form.MaxBytes)), web.ParseSize),
	}
	for _, rule := range []broker.LimitRule{broker.LimitReject, broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		if form.AtLimit == rule.String() {
			policy.AtLimit = rule
		}
	}
	return policy, problems
}
