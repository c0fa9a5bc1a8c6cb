package server

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"linger/broker"
	"linger/static"
	"linger/web"
	"linger/web/texts"
)

func (p *pages) notFound(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	p.problem(w, r, web.Failure{
		Status: http.StatusNotFound, What: l.Text("failure.noPage", "path", clipped(r.URL.Path)), Do: l.Text("failure.noPageDo"),
	})
}

// notAllowed answers methods that an address does not have.
func (p *pages) notAllowed(methods ...string) page {
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		l := languageOf(r)
		p.problem(w, r, web.Failure{
			Status: http.StatusMethodNotAllowed,
			What:   l.Text("failure.noMethod", "path", clipped(r.URL.Path), "method", clipped(r.Method)),
			Do:     l.Text("failure.noMethodDo", "methods", allow),
		})
	}
}

// refused is the guard's answer.
func (p *pages) refused(w http.ResponseWriter, r *http.Request, what, do *texts.Sentence) {
	l := languageOf(r)
	p.problem(w, r, web.Failure{Status: http.StatusForbidden, What: what.In(l), Do: do.In(l)})
}

// fail shows an error: what the table lets people see.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	o, ok := lookUp(err)
	l := languageOf(r)
	f := web.Failure{Status: o.http}
	var e *broker.Error
	switch {
	case !ok:
		f.ID = p.problems.hide(err)
		f.What, f.Do = l.Text("failure.internal"), l.Text("failure.internalDo")
	case errors.As(err, &e) && e.Detail != "":
		f.What, f.Field = said(l, err), e.Field
	default:
		f.What = said(l, err)
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
	f.Page = p.page(r)
	p.render(w, r, f.Status, web.ErrorPage(f))
}

// render writes a page whole, or an error instead of half a page.
func (p *pages) render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		if r.Context().Err() != nil {
			return // whoever asked has gone
		}
		plain(w, http.StatusInternalServerError, "internal error, logged as "+p.problems.hide(err)+"\n")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", languageOf(r).Tag())
	h.Add("Vary", "Accept-Language, Cookie, Accept-Encoding")
	h.Set("Cache-Control", "no-store") // it tells the time
	body := b.Bytes()
	if static.TakesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = static.Gzip(body, gzip.BestSpeed)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // nobody is left to be told
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
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "。") {
		s += "."
	}
	return s
}
