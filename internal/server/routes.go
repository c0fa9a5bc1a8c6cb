package server

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	lingerv1 "linger/proto/linger/v1"
	"linger/static"
)

// route is one line of the table of everything that HTTP answers.
type route struct {
	pattern string
	handler http.Handler
	leave   leave
}

// leave is what a route is excepted from.
type leave uint8

const (
	// anyHost is answered under any host name: there is nothing to read, and probes call by address.
	anyHost leave = 1 << iota
	// early is answered during a recovery: it does not need the broker, or asks by itself.
	early
)

func (s *Server) routes(g *guard, p *pages) []route {
	const textEncoding = 2 // gRPC-Web has one in base64
	rpc := webProxy(s.grpc, textEncoding*int64(s.limits.Receive()), g.originAllowed, s.metrics)
	table := []route{
		{"GET /{$}", page(p.now), 0},
		{"GET /topics", page(p.topics), 0},
		{"POST /topics", page(p.createTopic), 0},
		{"GET /topics/{name}", page(p.topic), 0},
		{"GET /topics/{name}/{part}", page(p.part), 0},
		{"POST /topics/{name}/{part}", page(p.setPart), 0},
		{"GET /server", page(p.server), 0},
		{"GET /export", page(p.export), 0},
		{"GET /help", page(p.help), 0},
		{"POST /publish", page(p.publish), 0},
		{"POST /extend", page(p.setDeadline), 0},
		{"POST /expire", page(p.setDeadline), 0},
		{"GET " + static.Prefix, static.Handler(), early},

		{"/" + lingerv1.PublishService_ServiceDesc.ServiceName + "/", rpc, early},
		{"/" + lingerv1.SubscribeService_ServiceDesc.ServiceName + "/", rpc, early},
		{"/" + lingerv1.TopicService_ServiceDesc.ServiceName + "/", rpc, early},
		{"/" + lingerv1.RetainedService_ServiceDesc.ServiceName + "/", rpc, early},
		{"/" + lingerv1.WatchService_ServiceDesc.ServiceName + "/", rpc, early},

		{"GET /metrics", s.metrics.Handler(), early},
		{"GET /healthz", page(s.healthy), anyHost | early},
		{"GET /readyz", page(s.ready), anyHost | early},
		{"/", page(p.notFound), 0},
	}
	table = append(table, refusals(table, p)...)
	if s.config.Pprof {
		table = append(table,
			route{"GET /debug/pprof/", loopbackOnly(pprof.Index), early},
			route{"GET /debug/pprof/cmdline", loopbackOnly(pprof.Cmdline), early},
			route{"GET /debug/pprof/profile", loopbackOnly(pprof.Profile), early},
			route{"GET /debug/pprof/symbol", loopbackOnly(pprof.Symbol), early},
			route{"GET /debug/pprof/trace", loopbackOnly(pprof.Trace), early})
	}
	return table
}

// refusals are routes for the methods that the table's addresses do not have, which else would seem not to exist.
func refusals(table []route, p *pages) (list []route) {
	methods := map[string][]string{}
	for _, r := range table {
		method, path, ok := strings.Cut(r.pattern, " ")
		if !ok {
			continue
		}
		methods[path] = append(methods[path], method)
		if method == http.MethodGet {
			methods[path] = append(methods[path], http.MethodHead)
		}
	}
	for _, r := range table {
		if _, path, ok := strings.Cut(r.pattern, " "); ok && methods[path] != nil {
			list = append(list, route{path, p.notAllowed(methods[path]...), r.leave})
			delete(methods, path)
		}
	}
	return list
}

type page = http.HandlerFunc

func (s *Server) newHTTP() *http.Server {
	p := &pages{service: s.service, publisher: s.publish, exposed: s.Exposed(), grpc: s.GRPCAddr(), rooms: []*room{s.grpcRoom, s.httpRoom}}
	g := newGuard(s.config, p.refused)
	mux := http.NewServeMux()
	for _, r := range s.routes(g, p) {
		h := r.handler
		if r.leave&early == 0 {
			h = p.spoken(p.recovered(h))
		}
		if r.leave&anyHost == 0 {
			h = g.protect(h)
		}
		mux.Handle(r.pattern, h)
	}
	fresh := &freshConnections{}
	h := &http.Server{
		Handler:           p.browsers.noted(mux),
		ConnState:         fresh.track,
		ConnContext:       p.browsers.enter,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		// No WriteTimeout: streams last as long as they are watched.
		ErrorLog: slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
	}
	h.RegisterOnShutdown(fresh.close)
	return h
}

// healthy says that the process answers, and who it is.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Linger-Version", s.config.Version)
	plain(w, http.StatusOK, "ok\n")
}

// ready says whether new work is welcome.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Linger-Version", s.config.Version)
	if s.stopping.Err() != nil {
		plain(w, http.StatusServiceUnavailable, "stopping\n")
		return
	}
	if err := s.recovery.err(); err != nil {
		retryIn(w, err)
		plain(w, http.StatusServiceUnavailable, "recovering: "+s.recovery.text()+"\n")
		return
	}
	switch state, problem := storeState(s.broker.StoreStats()); {
	case state == lingerv1.StoreState_STORE_STATE_READ_ONLY:
		plain(w, http.StatusServiceUnavailable, "read-only: "+problem+"\n")
	case problem != "":
		plain(w, http.StatusOK, "ready; "+problem+"\n")
	default:
		plain(w, http.StatusOK, "ready\n")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // nobody is left to be told
}

// loopbackOnly hides a handler from other machines, whatever address the server listens on.
func loopbackOnly(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		if addr, err := netip.ParseAddr(host); err != nil || !addr.Unmap().IsLoopback() {
			http.NotFound(w, r)
			return
		}
		h(w, r)
	})
}
