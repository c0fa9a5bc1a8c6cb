package server

import (
	"net"
	"net/http"
)

// Command is what to type on this machine to run one of the program's commands against this server, as in
// "linger sub hello --server localhost:50075".
func (s *Server) Command(args string) string {
	return command(s.config.Program, reachable(s.GRPCAddr(), "localhost"), args)
}

func command(program, addr, args string) string {
	if addr == DefaultGRPC {
		return program + " " + args
	}
	return program + " " + args + " --server " + addr
}

// reachable is an address that can be called: one that is bound on every interface has no host of its own.
func reachable(addr, host string) string {
	bound, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(bound); err != nil || (bound != "" && (ip == nil || !ip.IsUnspecified())) {
		return addr
	}
	return net.JoinHostPort(host, port)
}

// command is Command for whoever looks at a page, with {} in place of the arguments. From another machine the server is
// called by the name under which its pages are.
func (p *pages) command(r *http.Request) string {
	return command(p.config.Program, p.grpcFor(r), "{}")
}

// grpcFor is the address of gRPC for whoever looks at a page.
func (p *pages) grpcFor(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return reachable(p.grpc, host)
}

// origin is what a page's address begins with: "http://localhost:8080". A proxy that ends TLS before us says so.
func origin(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
