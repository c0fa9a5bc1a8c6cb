package server

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"linger/broker"
	"linger/web"
)

// What the first paint shows; script takes over from there.
const (
	pageRetained = 50
	pageLive     = 20
	pagePreview  = 1 << 10 // bytes of a message in a list
	pageTopics   = 1000    // rows of the table of topics
)

// pages fills the view models. The templates are web's.
type pages struct {
	*service
	publisher *publishService
	exposed   bool
	grpc      string // where gRPC is answered
}

func (p *pages) page() web.Page {
	if !p.recovery.isOver() {
		return web.Page{Now: p.config.WallClock(), Exposed: p.exposed}
	}
	return web.Page{Now: p.broker.Now().Time(), Exposed: p.exposed, Drift: p.drift.shown(), Store: storeView(p.broker.StoreStats())}
}

// recovered answers with what there is to say of a recovery, until it is over.
func (p *pages) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := p.recovery.err()
		switch {
		case err == nil:
			next.ServeHTTP(w, r)
		case (r.Method == http.MethodGet || r.Method == http.MethodHead) && !wantsJSON(r):
			v := web.Recovering{Page: p.page()}
			v.Percent, v.Known = p.recovery.percent()
			retryIn(w, err)
			w.Header().Set("Refresh", "2")
			p.render(w, r, http.StatusServiceUnavailable, web.RecoveringPage(v))
		default:
			p.fail(w, r, err)
		}
	})
}

// now shows everything, or what a pattern matches.
func (p *pages) now(w http.ResponseWriter, r *http.Request) {
	pattern := r.URL.Query().Get("in")
	if pattern == "" {
		pattern = ">"
	}
	p.board(w, r, pattern, nil, web.Form{}, http.StatusOK)
}

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
	return &web.Topic{Name: name, Known: true, Policy: policyView(t.Policy), Subscriptions: t.Subscriptions}, nil
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
		Page: p.page(), Pattern: pattern, Topic: t, Form: form,
		Topics: seen.everything.Topics, Totals: totals(seen.scope.Counts),
		Fresh: !p.broker.EverPublished(), Notice: p.notice(r),
	}
	for _, b := range seen.everything.Busiest {
		v.Chips = append(v.Chips, web.Chip{Topic: b.Name, Retained: b.Retained})
		v.Form.Suggestions = append(v.Form.Suggestions, b.Name)
	}
	v.Command = p.command(r)
	v.Form.MaxMessage = int64(p.config.MaxMessage)
	v.Form.Policy = policyView(p.broker.DefaultPolicy())
	if t != nil {
		v.Form.Policy = t.Policy
	}
	if v.Retained, err = messageViews(list.Messages); err == nil {
		v.Live, err = messageViews(seen.recent)
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

func (p *pages) message(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	sequence, err := strconv.ParseUint(r.PathValue("sequence"), 10, 64)
	if err != nil || sequence == 0 {
		p.fail(w, r, invalid("sequence", "%q is not a message's number; they count from 1.", clipped(r.PathValue("sequence"))))
		return
	}
	v := web.Detail{Page: p.page(), Topic: name, Sequence: sequence, Notice: p.notice(r)}
	m, end, err := p.broker.Get(name, sequence)
	switch {
	case errors.Is(err, broker.ErrNoMessage):
		if t, err := p.broker.Topic(name); err == nil {
			v.Last = t.NextSequence - 1
		}
		p.render(w, r, http.StatusNotFound, web.MessagePage(v))
		return
	case err != nil:
		p.fail(w, r, err)
		return
	case end != nil:
		v.End = endView(*end, sequence)
		p.render(w, r, http.StatusGone, web.MessagePage(v))
		return
	}
	whole, err := messageView(m, 0)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v.Message = &whole
	p.render(w, r, http.StatusOK, web.MessagePage(v))
}

func (p *pages) topics(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if name := strings.TrimSpace(q.Get("go")); name != "" {
		http.Redirect(w, r, web.TopicPath(name), http.StatusSeeOther)
		return
	}
	list, total, err := p.broker.Topics("", q.Get("after"), pageTopics+1)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v := web.Topics{Page: p.page(), Total: total}
	if len(list) > pageTopics {
		list = list[:pageTopics]
		v.Next = "/topics?after=" + url.QueryEscape(list[pageTopics-1].Name)
	}
	for _, t := range list {
		v.Rows = append(v.Rows, web.TopicRow{
			Name: t.Name, Published: t.Counts.Published, Retained: t.Counts.Retained, Bytes: t.Counts.RetainedBytes,
			NextExpires: timeOf(t.NextDeadline), Subscriptions: t.Subscriptions, WorstLag: t.WorstLag, Policy: policyView(t.Policy),
		})
	}
	p.render(w, r, http.StatusOK, web.TopicsPage(v))
}

func (p *pages) notFound(w http.ResponseWriter, r *http.Request) {
	p.problem(w, r, web.Failure{
		Status: http.StatusNotFound, What: "There is no page at " + clipped(r.URL.Path) + ".",
		Do: "Everything that there is can be reached from the front page.",
	})
}

// notAllowed answers methods that an address does not have.
func (p *pages) notAllowed(methods ...string) page {
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		p.problem(w, r, web.Failure{
			Status: http.StatusMethodNotAllowed, What: clipped(r.URL.Path) + " does not take " + clipped(r.Method) + ".",
			Do: "It takes " + strings.Join(methods, " and ") + ".",
		})
	}
}

// refused is the guard's answer.
func (p *pages) refused(w http.ResponseWriter, r *http.Request, what, do string) {
	p.problem(w, r, web.Failure{Status: http.StatusForbidden, What: what, Do: do})
}

// fail shows an error: what the table lets people see.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	o, ok := lookUp(err)
	f := web.Failure{Status: o.http}
	var e *broker.Error
	switch {
	case !ok:
		f.ID = p.problems.hide(err)
		f.What, f.Do = "Something went wrong in the server.", "Try again; if it stays, look for the number below in the server's log."
	case errors.As(err, &e) && e.Detail != "":
		f.What, f.Field = sentence(e.Detail), e.Field
	default:
		f.What = sentence(err.Error())
	}
	retryIn(w, err)
	p.problem(w, r, f)
}

// problem answers a script with JSON and a person with a page.
func (p *pages) problem(w http.ResponseWriter, r *http.Request, f web.Failure) {
	if wantsJSON(r) {
		writeJSON(w, f.Status, failureJSON{Error: f.What, Field: f.Field, Do: f.Do, ID: f.ID})
		return
	}
	f.Page = p.page()
	p.render(w, r, f.Status, web.ErrorPage(f))
}

// render writes a page whole, or an error instead of half a page.
func (p *pages) render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		plain(w, http.StatusInternalServerError, "internal error, logged as "+p.problems.hide(err)+"\n")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store") // it tells the time
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // nobody is left to be told
}

// sentence begins what a person reads with a capital letter and ends it with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	first, _, _ := strings.Cut(s, " ")
	if s[0] >= 'a' && s[0] <= 'z' && !strings.ContainsAny(strings.TrimRight(first, "."), "._-") { // else it is a name
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
