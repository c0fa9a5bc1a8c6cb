package server

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
)

// browsers counts the open connections of each browser: over HTTP/1.1 it has six at most to one server, and each stream
// takes one. Safe for concurrent use.
type browsers struct {
	mu   sync.Mutex // guards open
	open map[browser]int
}

// browser is as much as the server can tell browsers apart by: where a connection comes from, what the browser calls
// itself and by which name it calls the server. Two that are alike in all three are taken for one.
type browser struct {
	from, agent, host string
}

// agentMost bounds what is kept of a browser's name, in bytes.
const agentMost = 256

// browserOf is the browser that asks; false: it is no browser, or it asks through a proxy, whose connections these are.
func browserOf(r *http.Request) (browser, bool) {
	agent := r.UserAgent()
	if r.ProtoMajor != 1 || !strings.HasPrefix(agent, "Mozilla/") {
		return browser{}, false
	}
	for _, mark := range []string{"Via", "Forwarded", "X-Forwarded-For"} {
		if r.Header.Get(mark) != "" {
			return browser{}, false
		}
	}
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	return browser{from, strings.Clone(agent[:min(len(agent), agentMost)]), r.Host}, true
}

// visit is a connection on which a browser may call.
type visit struct {
	connection *connection
	first      sync.Once
}

type visitKey struct{}

// enter is for http.Server.ConnContext.
func (b *browsers) enter(ctx context.Context, c net.Conn) context.Context {
	if tracked, ok := c.(*connection); ok {
		ctx = context.WithValue(ctx, visitKey{}, &visit{connection: tracked})
	}
	return ctx
}

// noted counts a connection, from its first request until it is closed.
func (b *browsers) noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := r.Context().Value(visitKey{}).(*visit); ok {
			v.first.Do(func() { b.note(r, v.connection) })
		}
		next.ServeHTTP(w, r)
	})
}

func (b *browsers) note(r *http.Request, c *connection) {
	who, ok := browserOf(r)
	if !ok {
		return
	}
	b.add(who, 1)
	c.whenClosed(func() { b.add(who, -1) })
}

func (b *browsers) add(who browser, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		b.open = map[browser]int{}
	}
	b.open[who] += n
	if b.open[who] <= 0 {
		delete(b.open, who)
	}
}

// connections are those of the browser that asks; 0: that cannot be told.
func (b *browsers) connections(r *http.Request) int {
	who, ok := browserOf(r)
	if !ok {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[who]
}
