package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"linger/broker"
	"linger/web"
)

// now shows everything, or what a pattern matches.
func (p *pages) now(w http.ResponseWriter, r *http.Request) {
	pattern := r.URL.Query().Get("in")
	if pattern == "" {
		pattern = ">"
	}
	p.board(w, r, pattern, nil, web.Form{}, http.StatusOK)
}

// pageSearched is how many messages a list is filtered of: those that the script begins with, too.
const pageSearched = 200

func (p *pages) topic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	t, err := p.topicView(name)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	form := web.Form{Result: p.published(r, name, t.Policy)}
	if asked, err := strconv.ParseInt(r.URL.Query().Get("asked"), 10, 64); err == nil && asked >= 0 && form.Result != nil {
		form.TTL = web.Short(time.Duration(asked) * time.Millisecond)
	}
	p.board(w, r, name, t, form, http.StatusOK)
}

// topicView shows a topic that exists, or may be made.
func (p *pages) topicView(name string) (*web.Topic, error) {
	t, err := p.broker.Topic(name)
	if errors.Is(err, broker.ErrTopicNotFound) {
		return &web.Topic{Name: name, Policy: policyView(p.broker.DefaultPolicy())}, broker.ValidateTopic(name)
	}
	if err != nil {
		return nil, err
	}
	view := knownTopic(t)
	return &view, nil
}

// board is the page of the form and the lists, for one scope.
func (p *pages) board(w http.ResponseWriter, r *http.Request, pattern string, t *web.Topic, form web.Form, status int) {
	seen, err := p.look(r.Context(), pattern)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	list, err := p.broker.List(broker.ListOptions{Pattern: pattern, ByDeadline: true, Limit: pageRetained})
	if err != nil && !errors.Is(err, broker.ErrTopicNotFound) { // a topic that does not exist yet is merely empty
		p.fail(w, r, err)
		return
	}
	v := web.Now{
		Page: p.page(r), Pattern: pattern, Topic: t, Form: form,
		Topics: seen.everything.Topics, Totals: totals(seen.scope.Counts), Forecast: endingViews(p.broker.Stops(), seen.scope.Forecast),
		Fresh: !p.broker.EverPublished(), Notice: p.notice(r),
	}
	for _, b := range seen.everything.Busiest {
		v.Chips = append(v.Chips, web.Chip{Topic: b.Name, Retained: b.Retained})
		v.Form.Suggestions = append(v.Form.Suggestions, b.Name)
	}
	v.Command = p.command(r)
	v.Form.MaxMessage = int64(p.config.MaxMessage)
	v.Standard = policyView(p.broker.DefaultPolicy())
	v.Form.Policy = v.Standard
	if t != nil {
		v.Form.Policy = t.Policy
	}
	if v.Retained, err = messageViews(list.Messages); err == nil {
		v.Live, err = messageViews(seen.recent)
	}
	if err == nil && t != nil && t.Known {
		v.Arranged, err = p.arranged(v.Page, t.Name, r.URL.Query())
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	slices.Reverse(v.Live)
	if t != nil && t.Known && len(v.Retained) == 0 {
		v.LastEnded = p.lastEnded(t.Name)
	}
	p.render(w, r, status, web.NowPage(v))
}

// look is one look through the eyes of a watcher, so that the first paint agrees with what the script sees next.
func (p *pages) look(ctx context.Context, pattern string) (seen struct {
	scope, everything broker.ScopeStats
	recent            []broker.Retained // oldest first
}, err error,
) {
	watcher, err := p.broker.Watch(broker.WatchOptions{Scopes: []string{pattern, ">"}, Recent: pageLive})
	if err != nil {
		return seen, err
	}
	defer watcher.Close()
	frame, err := watcher.Next(ctx)
	if err != nil {
		return seen, err
	}
	for _, preview := range frame.Previews {
		if preview.Scope == 0 {
			seen.recent = append(seen.recent, preview.Message)
		}
	}
	if len(frame.Stats) == 2 {
		seen.scope, seen.everything = frame.Stats[0], frame.Stats[1]
	}
	return seen, nil
}

// lastEnded is how the newest message of an empty topic ended. nil: there is none, or it is not remembered.
func (p *pages) lastEnded(name string) *web.End {
	t, err := p.broker.Topic(name)
	if err != nil || t.NextSequence <= 1 {
		return nil
	}
	_, end, err := p.broker.Get(name, t.NextSequence-1)
	if err != nil || end == nil || end.Reason == broker.NotEnded {
		return nil
	}
	return endView(*end, t.NextSequence-1)
}

// arranged is a topic's list as an address asks for it, by filter and order. nil: as it is.
func (p *pages) arranged(page web.Page, topic string, q url.Values) (*web.Arranged, error) {
	a := &web.Arranged{Filter: strings.TrimSpace(q.Get("filter"))}
	switch order := q.Get("order"); order {
	case "", "soonest":
	case "newest":
		a.Newest = true
	default:
		return nil, invalid("order", "%q is none; it is soonest or newest.", clipped(order))
	}
	if a.Filter == "" && !a.Newest {
		return nil, nil
	}
	o := broker.ListOptions{Pattern: topic, ByDeadline: !a.Newest, Newest: a.Newest, Limit: pageRetained}
	if a.Filter != "" {
		o.Limit, o.Bytes = pageSearched, listBytes
	}
	list, err := p.broker.List(o)
	if err != nil {
		return nil, err
	}
	messages, err := messageViews(list.Messages)
	filter := web.ReadFilter(a.Filter)
	a.Looked = len(messages)
	a.Messages = slices.DeleteFunc(messages, func(m web.Message) bool { return !filter.Fits(page, m) })
	a.Fitting = len(a.Messages)
	a.Messages = a.Messages[:min(a.Fitting, pageRetained)]
	return a, err
}
