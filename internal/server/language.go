package server

import (
	"net/http"
	"time"

	"linger/web"
	"linger/web/texts"
)

// languageCookie keeps the language that somebody chose in the bar. Cookies know no ports: servers of one host share it.
const languageCookie = "linger-language"

// languageOf is the language to answer in: the one that was chosen, else what the browser prefers. Scripts are answered in
// English.
func languageOf(r *http.Request) texts.Language {
	if wantsJSON(r) {
		return texts.English
	}
	if c, err := r.Cookie(languageCookie); err == nil {
		if l, ok := texts.Parse(c.Value); ok {
			return l
		}
	}
	return texts.Match(r.Header.Get("Accept-Language"))
}

// spoken takes ?lang=TAG as the choice of a language: it is kept, and the page comes by its own address.
func (p *pages) spoken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		l, ok := texts.Parse(q.Get("lang"))
		if !ok || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: l.Tag(), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
		q.Del("lang")
		here := *r.URL
		here.RawQuery = q.Encode()
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, web.ReturnPath(here.RequestURI(), ""), http.StatusSeeOther)
	})
}
