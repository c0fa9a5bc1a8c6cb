package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// PortInUseError is returned by New when something listens on a port already.
type PortInUseError struct {
	Service string // "gRPC" or "HTTP"
	Addr    string // as asked for
	Err     error
}

func (e *PortInUseError) Error() string {
	return fmt.Sprintf("%s address %s is in use", e.Service, e.Addr)
}

func (e *PortInUseError) Unwrap() error { return e.Err }

// listeners are the sockets of one service: two for localhost, else one.
type listeners struct {
	list []net.Listener
	addr string // host:port to tell people, with the port that was taken
}

// listen opens addr. "localhost" binds the loopback address of both families to the same port; one of them may be
// missing on a machine, but not be taken by someone else.
func listen(service, addr string) (listeners, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return listeners{}, fmt.Errorf("%s address: %w", service, err)
	}
	if host != "localhost" {
		l, err := bind(service, addr, addr)
		if err != nil {
			return listeners{}, err
		}
		return listeners{list: []net.Listener{l}, addr: net.JoinHostPort(host, portOf(l))}, nil
	}
	const tries = 10 // for port 0: what is free in one family may be taken in the other
	for try := 1; ; try++ {
		l, err := listenLoopback(service, addr, port)
		var inUse *PortInUseError
		if port != "0" || try == tries || !errors.As(err, &inUse) {
			return l, err
		}
	}
}

func listenLoopback(service, addr, port string) (listeners, error) {
	var out listeners
	var missing error
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := bind(service, addr, net.JoinHostPort(host, port))
		if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
			missing = err
			continue
		}
		if err != nil {
			out.close()
			return listeners{}, err
		}
		port = portOf(l)
		out.list = append(out.list, l)
	}
	if len(out.list) == 0 {
		return listeners{}, missing
	}
	out.addr = net.JoinHostPort("localhost", port)
	return out, nil
}

func bind(service, asked, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &PortInUseError{Service: service, Addr: asked, Err: err}
	case err != nil:
		return nil, fmt.Errorf("%s address %s: %w", service, asked, err)
	}
	return l, nil
}

func portOf(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

func (l listeners) close() {
	for _, one := range l.list {
		_ = one.Close() // only ever refuses a second closing
	}
}

// exposed says whether any of them can be reached from another machine.
func (l listeners) exposed() bool {
	for _, one := range l.list {
		if !one.Addr().(*net.TCPAddr).IP.IsLoopback() {
			return true
		}
	}
	return false
}

// tracked is a listener whose connections handlers can tell apart, through the peer's address, and outlive no longer
// than they want to. A stats handler could do that too, but costs every message. Connections beyond those that there is
// room for are closed at once: whoever opens them learns it, which waiting in the kernel's queue would not tell.
type tracked struct {
	net.Listener
	room *room
}

func (t tracked) Accept() (net.Conn, error) {
	for {
		c, err := t.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if t.room.enter() {
			one := &connection{Conn: c}
			one.whenClosed(t.room.leave)
			return one, nil
		}
		_ = c.Close() // nothing was said on it
	}
}

// room bounds the open connections of one service. Safe for concurrent use.
type room struct {
	service string
	addr    string // to tell people
	most    int
	log     *slog.Logger

	mu   sync.Mutex // guards what is below
	open int
	told time.Time // when the log was last told that there is none left
}

func (r *room) enter() bool {
	const tellEvery = time.Minute
	r.mu.Lock()
	enters := r.open < r.most
	tell := !enters && time.Since(r.told) > tellEvery
	if enters {
		r.open++
	}
	if tell {
		r.told = time.Now()
	}
	r.mu.Unlock()
	if tell {
		r.log.Warn("connections are refused: there are as many as may be (--max-connections)", "service", r.service, "open", r.most)
	}
	return enters
}

// taken tells how many are open, and how many may be.
func (r *room) taken() (open, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open, r.most
}

func (r *room) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open--
}

type connection struct {
	net.Conn
	ready  readiness
	mu     sync.Mutex // guards what is below
	closed bool
	hooks  []func()
}

type connectionAddr struct {
	net.Addr
	connection *connection
}

func (c *connection) RemoteAddr() net.Addr { return connectionAddr{c.Conn.RemoteAddr(), c} }

// whenClosed calls f when the connection has been closed, or now if it has been.
func (c *connection) whenClosed(f func()) {
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.hooks = append(c.hooks, f)
	}
	c.mu.Unlock()
	if closed {
		f()
	}
}

func (c *connection) Close() error {
	c.mu.Lock()
	hooks := c.hooks
	c.closed, c.hooks = true, nil
	c.mu.Unlock()
	for _, f := range hooks {
		f()
	}
	return c.Conn.Close()
}

// freshConnections are those that have not carried a request yet. Browsers open some ahead; a shutdown would wait for
// each of them as long as for a request. Safe for concurrent use.
type freshConnections struct {
	mu   sync.Mutex // guards open
	open map[net.Conn]struct{}
}

func (f *freshConnections) track(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.open = map[net.Conn]struct{}{}
	}
	if state == http.StateNew {
		f.open[c] = struct{}{}
	} else {
		delete(f.open, c)
	}
}

func (f *freshConnections) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.open {
		_ = c.Close() // nothing was said on it
	}
}
