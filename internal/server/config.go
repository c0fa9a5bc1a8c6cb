package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"linger/broker"
	"linger/internal/server/wire"
)

// What the zero Config means.
const (
	DefaultGRPC           = "localhost:50074"
	DefaultHTTP           = "localhost:8080"
	DefaultHeartbeat      = 15 * time.Second
	DefaultGrace          = 5 * time.Second
	DefaultExerciseTopic  = "console"
	DefaultMaxConnections = 4096
	DefaultArrival        = time.Minute
	DefaultStreamWindow   = 512 << 10
)

// MaxStreamWindow is the greatest that Config.StreamWindow may be; a connection's is connectionWindows of it.
const MaxStreamWindow = 16 << 20

// Config is what a Server needs. Open is required; everything else has the decided default when zero.
type Config struct {
	// Open opens the broker. Run calls it once; until it returns the addresses answer, but only that the server is not
	// ready. The broker is the server's, and closed last.
	Open Opener
	// Snapshot copies the store, once the broker is open; nil where nothing is stored. The server has one copy at a time.
	Snapshot func(context.Context) (Snapshot, error)
	// Logger takes warnings and errors. nil: none.
	Logger *slog.Logger
	// Events are shown on the Server page; whoever gives them has Logger tell them ([Events.Tee]). nil: what the server itself
	// tells Logger.
	Events *Events
	// Version is told to watchers, by /healthz and on the pages; Commit, which may be empty, by the Server page.
	Version, Commit string
	// Store is where messages are kept, as the Server page is to say it: file:linger-data. "": it does not say.
	Store string
	// Program is what to type to run this program, for the commands that pages offer. "": linger.
	Program string

	// GRPC and HTTP are host:port. "localhost" binds both loopback families; an empty host binds everything; port 0 takes
	// a free one.
	GRPC, HTTP string
	// PublicHosts are host names, beyond localhost and loopback addresses, under which browsers may reach the pages.
	PublicHosts []string
	// AllowOrigins are other web origins (https://example.org) that may call the API from a browser.
	AllowOrigins []string
	// MaxMessage bounds one message's data in bytes, up to 16 MiB. 0: 1 MiB.
	MaxMessage int
	// MaxConnections bounds the connections that are open at a time, of gRPC and of HTTP each. 0: 4,096.
	MaxConnections int
	// StreamWindow is how many bytes of a stream may come before the server reads them, which it holds of one that it does not
	// read, up to 16 MiB. Less than 64 KiB, HTTP/2's own, is that. 0: 512 KiB.
	StreamWindow int
	// Demo offers to play a demo, where nothing was ever published and under Help, unless other machines reach the server.
	Demo bool
	// Pprof serves /debug/pprof, to loopback addresses only.
	Pprof bool
	// ExerciseTopic is what the exercise's service hands out. "": console.
	ExerciseTopic string

	// WallClock is the wall clock that the server's clock is compared with; nothing else uses it. nil: time.Now.
	WallClock func() time.Time
	// Heartbeat is how long a subscription may be silent. 0: 15 s.
	Heartbeat time.Duration
	// Arrival is how long a call's request may be on its way, from its headers to its last byte. 0: 1 min.
	Arrival time.Duration
	// Grace is how long a stop waits for streams to end by themselves. 0: 5 s.
	Grace time.Duration
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.Open == nil {
		problem("open: required")
	}
	if err := validateAddress(c.GRPC); err != nil {
		problem("grpc address: %w", err)
	}
	if err := validateAddress(c.HTTP); err != nil {
		problem("http address: %w", err)
	}
	for _, h := range c.PublicHosts {
		if err := validateHost(h); err != nil {
			problem("public host %q: %w", h, err)
		}
	}
	for _, o := range c.AllowOrigins {
		if err := validateOrigin(o); err != nil {
			problem("allowed origin %q: %w", o, err)
		}
	}
	if c.MaxMessage < 0 || c.MaxMessage > wire.MaxDataCeiling {
		problem("largest message: %d bytes; it may be 1 to %d (16 MiB)", c.MaxMessage, wire.MaxDataCeiling)
	}
	if c.MaxConnections < 0 {
		problem("most connections: %d is negative", c.MaxConnections)
	}
	if c.StreamWindow < 0 || c.StreamWindow > MaxStreamWindow {
		problem("stream window: %d bytes; it may be 0 to %d (16 MiB)", c.StreamWindow, MaxStreamWindow)
	}
	if c.ExerciseTopic != "" {
		if err := broker.ValidateTopic(c.ExerciseTopic); err != nil {
			problem("exercise topic: %w", err)
		}
	}
	if c.Heartbeat < 0 {
		problem("heartbeat: %v is negative", c.Heartbeat)
	}
	if c.Arrival < 0 {
		problem("arrival: %v is negative", c.Arrival)
	}
	if c.Grace < 0 {
		problem("grace: %v is negative", c.Grace)
	}
	return errors.Join(problems...)
}

func (c Config) withDefaults() Config {
	orDefault(&c.GRPC, DefaultGRPC)
	orDefault(&c.HTTP, DefaultHTTP)
	orDefault(&c.ExerciseTopic, DefaultExerciseTopic)
	orDefault(&c.MaxMessage, wire.MaxDataDefault)
	orDefault(&c.MaxConnections, DefaultMaxConnections)
	orDefault(&c.StreamWindow, DefaultStreamWindow)
	orDefault(&c.Heartbeat, DefaultHeartbeat)
	orDefault(&c.Arrival, DefaultArrival)
	orDefault(&c.Grace, DefaultGrace)
	orDefault(&c.Version, "devel")
	orDefault(&c.Program, "linger")
	if c.WallClock == nil {
		c.WallClock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Events == nil {
		c.Events = new(Events)
		c.Logger = slog.New(c.Events.Tee(c.Logger.Handler()))
	}
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func validateAddress(addr string) error {
	if addr == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as localhost:8080", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q: the port is 0 to 65535", addr)
	}
	return nil
}

func validateHost(h string) error {
	if h == "" || strings.ContainsAny(h, "/:@ *") {
		return errors.New("a host name alone, such as linger.example.org")
	}
	return nil
}

func validateOrigin(o string) error {
	u, err := url.Parse(o)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || o != u.Scheme+"://"+u.Host {
		return errors.New("scheme and host alone, such as https://app.example.org")
	}
	return nil
}
