// Package gallery serves every page of the dashboard in every state, with canned data, for looking at, for pictures and
// for tests. It is no part of the program: `make gallery` runs it, and test/e2e looks at all of it.
//
// Each state has an origin of its own, as in http://stale.localhost:8099, since all tabs of an origin share one stream: so
// each has the script, the workers and the connection that it would have. Under its origin every address is the state's
// page, and the API is answered with what the page shows (feed.go), so what works here works on a server. ?lang= and
// ?scheme= choose language and colours. The pages are served under the policy that the server sends.
package gallery

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"

	"linger/static"
	"linger/web"
	"linger/web/texts"
)

// policy is the one that internal/server sends with every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed act.js crowd.js demo-over.js light.css dark.css
var extras embed.FS

// Schemes are the colours that a page can be asked for in.
var Schemes = []string{"light", "dark"}

// Address is where a state is shown by a gallery that listens at host, a "localhost:PORT". An empty scheme leaves the
// colours to the browser.
func Address(host string, s State, language texts.Language, scheme string) string {
	mark := "?"
	if strings.Contains(s.at, "?") {
		mark = "&"
	}
	address := fmt.Sprintf("http://%s.%s%s%slang=%s", s.Name, host, cmp.Or(s.at, "/"), mark, language.Tag())
	if scheme != "" {
		address += "&scheme=" + scheme
	}
	return address
}

// Handler serves the index on every host that is no state's, and the states on theirs.
func Handler(now func() time.Time) http.Handler {
	stages := map[string]http.Handler{}
	for _, s := range States() {
		stages[s.Name] = newScene(s, now)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, rest, _ := strings.Cut(r.Host, ".")
		switch stage, ok := stages[name]; {
		case strings.HasPrefix(r.URL.Path, static.Prefix):
			static.Handler().ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/gallery/"):
			http.StripPrefix("/gallery/", http.FileServerFS(extras)).ServeHTTP(w, r)
		case ok && rest != "":
			stage.ServeHTTP(w, r)
		case r.URL.Path == "/":
			w.Header().Set("Content-Security-Policy", policy)
			_ = index(r.Host, States()).Render(r.Context(), w) // nobody is left to be told
		default:
			http.NotFound(w, r)
		}
	})
}

// show writes a state's page, with what the gallery adds to it.
func (s *scene) show(w http.ResponseWriter, r *http.Request) {
	p := web.Page{Now: s.now(), Path: r.URL.RequestURI(), Demo: true}
	p.Language = s.speaks(r.URL.Query().Get("lang"))
	var page bytes.Buffer
	if err := s.page(p, r.URL.Path).Render(r.Context(), &page); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	before, after, _ := strings.Cut(page.String(), "</head>")
	fmt.Fprint(w, before)
	if scheme := r.URL.Query().Get("scheme"); scheme == "light" || scheme == "dark" {
		fmt.Fprintf(w, `<link rel="stylesheet" href="/gallery/%s.css">`, scheme)
	}
	if s.state.early != "" {
		fmt.Fprintf(w, `<script src="/gallery/%s"></script>`, s.state.early)
	}
	if len(s.state.acts) > 0 {
		fmt.Fprintf(w, `<script defer src="/gallery/act.js" data-acts="%s"></script>`, html.EscapeString(strings.Join(s.state.acts, "\n")))
	}
	fmt.Fprint(w, "</head>", after)
}
