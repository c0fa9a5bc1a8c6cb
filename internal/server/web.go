package server

import (
	"net/http"

	"github.com/improbable-eng/grpc-web/go/grpcweb"
	"google.golang.org/grpc"

	"linger/internal/metrics"
)

// webProxy lets browsers call the gRPC server: each HTTP request becomes a call, each message of the answer is flushed
// on its own, the status stands in a last frame. Everything that this module knows of the wrapper is here, so that it
// can be replaced. Its WebSockets stay off: they would lift the browser's limit of six connections, but only for its own
// client, and nobody looks after that code.
//
// Headers leave with a stream's first message; so every stream of ours begins with one. The calls run in the HTTP
// server's goroutines: streams must end before it shuts down, and it must have no write timeout, which would cut them.
// They also read ahead of the call, as much as comes: most is what they get.
func webProxy(s *grpc.Server, most int64, originAllowed func(string) bool, m *metrics.Set) http.Handler {
	wrapped := grpcweb.WrapServer(s,
		grpcweb.WithOriginFunc(originAllowed),
		grpcweb.WithCorsForRegisteredEndpointsOnly(true),
		grpcweb.WithWebsockets(false))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !wrapped.IsGrpcWebRequest(r) && !wrapped.IsAcceptableGrpcCorsRequest(r) {
			http.Error(w, "only gRPC-Web here; native gRPC has an address of its own", http.StatusUnsupportedMediaType)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		defer metrics.Open(&m.Streams.Web)()
		wrapped.ServeHTTP(w, r)
	})
}
