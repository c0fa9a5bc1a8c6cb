package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"linger/web/texts"
)

// contentPolicy lets pages load what the server itself serves, and nothing inline.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard keeps other web sites from using a visitor's browser against this server: their pages can neither post here nor,
// by pointing a name of theirs at this address (DNS rebinding), read.
type guard struct {
	public  map[string]bool // further host names, lower case
	origins map[string]bool // that may call the API
	cross   *http.CrossOriginProtection
	refuse  func(w http.ResponseWriter, r *http.Request, what, do *texts.Sentence)
}

func newGuard(c Config, refuse func(w http.ResponseWriter, r *http.Request, what, do *texts.Sentence)) *guard {
	g := &guard{public: map[string]bool{}, origins: map[string]bool{}, cross: http.NewCrossOriginProtection(), refuse: refuse}
	for _, h := range c.PublicHosts {
		g.public[strings.ToLower(h)] = true
	}
	for _, o := range c.AllowOrigins {
		g.origins[o] = true
		_ = g.cross.AddTrustedOrigin(o) // Validate has checked it
	}
	return g
}

// protect lets through to next what does not come from another site.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		// Nor can they load what stands here as a picture or a script, into their own process.
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if !g.hostAllowed(r.Host) {
			g.refuse(w, r, texts.Say("failure.host", "host", clipped(r.Host)), texts.Say("failure.hostDo"))
			return
		}
		if err := g.cross.Check(r); err != nil {
			g.refuse(w, r, texts.Say("failure.origin"), texts.Say("failure.originDo"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostAllowed says whether browsers may reach the server under this Host header.
func (g *guard) hostAllowed(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if name == "localhost" || g.public[name] {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Unmap().IsLoopback()
}

// originAllowed is gRPC-Web's question, asked for requests that name an origin. The same origin needs no leave.
func (g *guard) originAllowed(origin string) bool { return g.origins[origin] }

// clipped shortens what a stranger wrote before it is said back.
func clipped(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
