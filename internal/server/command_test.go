package server

import (
	"net/http"
	"testing"
)

func TestCommandReachesTheServer(t *testing.T) {
	for _, c := range []struct{ grpc, host, want string }{
		{"localhost:50074", "localhost:8080", "go run . {}"},
		{"localhost:50075", "127.0.0.1:8080", "go run . {} --server localhost:50075"},
		{"[::]:50074", "localhost:8080", "go run . {}"},
		{"0.0.0.0:50074", "linger.example.org", "go run . {} --server linger.example.org:50074"},
		{"192.0.2.7:50074", "linger.example.org", "go run . {} --server 192.0.2.7:50074"},
		{"[::]:50075", "[2001:db8::1]:8080", "go run . {} --server [2001:db8::1]:50075"},
	} {
		p := &pages{service: &service{config: Config{Program: "go run ."}}, grpc: c.grpc}
		if got := p.command(&http.Request{Host: c.host}); got != c.want {
			t.Errorf("gRPC on %s, page of %s: %q, want %q", c.grpc, c.host, got, c.want)
		}
	}
}
