package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"linger/client"
	"linger/internal/server"
)

// printStart says where everything is and what to try, and then the server is quiet.
func (a *app) printStart(s *server.Server, st store) {
	host, port, _ := net.SplitHostPort(s.HTTPAddr())
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost" // where a browser on this machine finds it
	}
	fmt.Fprintf(a.Stderr, "Linger %s\n", a.Version)
	fmt.Fprintf(a.Stderr, "  Dashboard   http://%s\n", net.JoinHostPort(host, port))
	fmt.Fprintf(a.Stderr, "  gRPC        %s\n", s.GRPCAddr())
	fmt.Fprintf(a.Stderr, "  Store       %s\n", st.promise())
	fmt.Fprintf(a.Stderr, "Try           %s\n", s.Command(`pub hello "Hello, Linger" --ttl 30s`))
	fmt.Fprintf(a.Stderr, "Ctrl-C stops it.\n")
}

// programName is what to type to run this program again.
func programName() string {
	path, err := os.Executable()
	if err != nil {
		return "linger"
	}
	return nameOf(path)
}

// inGoBuild matches the temporary folder and the cache that `go run` runs programs from.
var inGoBuild = regexp.MustCompile(`/go-build(\d+)?/`)

// nameOf knows a program run by `go run .` by the folder that it is built in.
func nameOf(path string) string {
	if inGoBuild.MatchString(filepath.ToSlash(path)) {
		return "go run ."
	}
	return "linger"
}

// explainStart says which port is in use, by whom, and how to run a second server.
func (a *app) explainStart(ctx context.Context, err error) error {
	var inUse *server.PortInUseError
	if !errors.As(err, &inUse) {
		return err
	}
	_, port, splitErr := net.SplitHostPort(inUse.Addr)
	if splitErr != nil {
		return err
	}
	who := "another program"
	if lingerAnswers(ctx, inUse) {
		who = "another Linger"
	}
	return fmt.Errorf("%s port %s is in use by %s; for a second Linger: %s serve --grpc localhost:%s --http localhost:%s",
		inUse.Service, port, who, programName(), freePort(50075), freePort(8081))
}

// lingerAnswers asks whoever has the port.
func lingerAnswers(ctx context.Context, inUse *server.PortInUseError) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	host, port, _ := net.SplitHostPort(inUse.Addr)
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	addr := net.JoinHostPort(host, port)
	if inUse.Service == "gRPC" {
		c, err := client.Dial(addr, client.Options{})
		if err != nil {
			return false
		}
		defer func() { _ = c.Close() }() // only ever refuses a second closing
		_, err = c.ServerTime(ctx)
		return err == nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.Header.Get("Linger-Version") != ""
}

// freePort is the first port from port on that can be bound, so that what is suggested works.
func freePort(port int) string {
	for p := port; p < port+20; p++ {
		l, err := net.Listen("tcp", net.JoinHostPort("localhost", strconv.Itoa(p)))
		if err == nil {
			l.Close()
			return strconv.Itoa(p)
		}
	}
	return "0"
}
