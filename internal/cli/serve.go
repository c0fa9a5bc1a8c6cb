package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"linger/broker"
	"linger/client"
	"linger/internal/server"
	"linger/web"
)

const serveHelp = `linger [serve] [flags]

Runs the server: gRPC on one address, the dashboard and gRPC-Web on another. Ctrl-C stops it.

  --grpc ADDR          where gRPC is answered (default localhost:50074); port 0 takes a free one
  --http ADDR          where the dashboard is (default localhost:8080); port 0 takes a free one
  --store URL          where messages are kept: file:DIR, a directory that is made if it is not there (default
                       file:linger-data), or memory:, which a restart empties
  --ttl-default D      lifetime where none is asked (default 10m)
  --ttl-min D          least lifetime (default 1ms)
  --ttl-max D          greatest lifetime, up to 3650d (default 7d)
  --topic-messages N   most messages that a topic retains, unless its policy says otherwise (default any number)
  --topic-bytes SIZE   most bytes of these (default any number)
  --at-limit RULE      what happens then, and at --memory and --disk, unless the topic's policy says otherwise: reject,
                       evict-oldest or evict-soonest (default reject)
  --memory SIZE        memory for messages and their index; on disk the newest stay in it and the rest is read from there
                       (default: a quarter of the machine's or container's)
  --disk SIZE          most that the store's directory may take (default 10GiB, or 80 % of what is free, the less)
  --max-message SIZE   largest message, up to 16MiB (default 1MiB)
  --max-topics N       most topics (default 100000)
  --max-connections N  most connections at a time, of gRPC and of HTTP each (default 4096)
  --no-auto-create     refuse to publish to a topic that was not created
  --public-host NAME   another host name under which browsers reach the dashboard; may be repeated
  --allow-origin URL   another web origin that may call the API from a browser; may be repeated
  --demo=false         do not offer the demo on the empty dashboard and under Help
  --console            prompt for lines to send to the topic "console", as linger console does
  --pprof              serve /debug/pprof to this machine
  --log-level LEVEL    debug, info, warn or error (default: warn on a terminal, else info)
  --log-format FORMAT  text or json (default text)

Whoever reaches the addresses can read, publish and delete: there is no authentication. They are this machine's alone
unless told otherwise.

  linger
  linger serve --grpc localhost:50075 --http localhost:8081
  linger serve --ttl-default 1h --memory 512MiB
`

// ServeConfig is what the flags of serve say.
type ServeConfig struct {
	GRPC, HTTP                   string
	Store                        string
	TTLDefault, TTLMin, TTLMax   time.Duration // 0: the decided default
	TopicMessages                int64         // 0: any number
	TopicBytes                   int64         // 0: any number
	AtLimit                      client.LimitRule
	Memory                       int64 // bytes; 0: not given, a quarter of what there is
	Disk                         int64 // bytes; 0: not given, the store's default
	MaxMessage                   int64 // bytes
	MaxTopics, MaxConnections    int
	NoAutoCreate, Console, Pprof bool
	Demo                         bool
	PublicHosts, AllowOrigins    []string
	LogLevel, LogFormat          string
}

func newServe(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	c := ServeConfig{MaxMessage: 1 << 20}
	flags.StringVar(&c.GRPC, "grpc", server.DefaultGRPC, "")
	flags.StringVar(&c.HTTP, "http", server.DefaultHTTP, "")
	flags.StringVar(&c.Store, "store", defaultStore, "")
	flags.Var(lifetimeFlag{durationFlag{&c.TTLDefault}}, "ttl-default", "")
	flags.Var(lifetimeFlag{durationFlag{&c.TTLMin}}, "ttl-min", "")
	flags.Var(lifetimeFlag{durationFlag{&c.TTLMax}}, "ttl-max", "")
	flags.Var(countLimitFlag{&c.TopicMessages}, "topic-messages", "")
	flags.Var(sizeLimitFlag{&c.TopicBytes}, "topic-bytes", "")
	flags.Var(ruleFlag{&c.AtLimit}, "at-limit", "")
	flags.Var(sizeFlag{&c.Memory, leastMemory, ""}, "memory", "")
	flags.Var(sizeFlag{&c.Disk, leastDisk, ", some of which the store needs for itself"}, "disk", "")
	flags.Var(sizeFlag{&c.MaxMessage, 1, ""}, "max-message", "")
	flags.IntVar(&c.MaxTopics, "max-topics", 100_000, "")
	flags.IntVar(&c.MaxConnections, "max-connections", server.DefaultMaxConnections, "")
	flags.BoolVar(&c.NoAutoCreate, "no-auto-create", false, "")
	flags.StringSliceVar(&c.PublicHosts, "public-host", nil, "")
	flags.StringSliceVar(&c.AllowOrigins, "allow-origin", nil, "")
	flags.BoolVar(&c.Demo, "demo", true, "")
	flags.BoolVar(&c.Console, "console", false, "")
	flags.BoolVar(&c.Pprof, "pprof", false, "")
	flags.StringVar(&c.LogLevel, "log-level", "", "")
	flags.StringVar(&c.LogFormat, "log-format", "text", "")
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) > 0 {
			return usage("serve takes no arguments, only flags; see linger serve --help")
		}
		return a.serve(ctx, c)
	}
}

// serve runs the server until ctx ends.
func (a *app) serve(ctx context.Context, c ServeConfig) error {
	log, err := c.logger(a.Stderr)
	if err = errors.Join(a.wrong.err(), err, c.validate(&a.wrong)); err != nil {
		return &usageError{err}
	}
	events := new(server.Events)
	log = slog.New(events.Tee(log.Handler()))
	st := c.store(&a.Machine, log)
	config := c.serverConfig(a.Version, st.open, log)
	config.WallClock, config.Events, config.Commit, config.Store = a.Machine.WallClock, events, commit(), c.Store
	limitHeap(st.config.MemoryLimit)
	config.StreamWindow = streamWindow(st.config.MemoryLimit)
	if st.dir != "" {
		config.Snapshot = st.snapshot
	}
	s, err := server.New(config)
	if err != nil {
		return a.explainStart(ctx, err)
	}
	display, _ := a.Stderr.(*display)
	return (&start{app: a, server: s, store: st, log: log, pace: usualPace, display: display}).run(ctx, c.Console)
}

// validate reports every problem at once, except of what hangs on a flag whose value could not be parsed.
func (c *ServeConfig) validate(wrong *wrongFlags) error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if err := checkStore(c.Store); err != nil {
		problem("%w", err)
	}
	if c.MaxTopics < 1 && !wrong.has("max-topics") {
		problem("--max-topics: %d; at least 1", c.MaxTopics)
	}
	if c.MaxConnections < 1 && !wrong.has("max-connections") {
		problem("--max-connections: %d; at least 1", c.MaxConnections)
	}
	if !wrong.has("ttl-default", "ttl-min", "ttl-max") {
		problems = append(problems, c.policyProblems()...)
	}
	if err := c.serverConfig("", new(store).open, nil).Validate(); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			problem("%s", line)
		}
	}
	return errors.Join(problems...)
}

// brokerRules are the rules as the server takes them.
var brokerRules = map[client.LimitRule]broker.LimitRule{
	client.LimitReject: broker.LimitReject, client.LimitEvictOldest: broker.LimitEvictOldest, client.LimitEvictSoonest: broker.LimitEvictSoonest,
}

func (c *ServeConfig) policyProblems() (problems []error) {
	least, usual, most := orElse(c.TTLMin, broker.DefaultTTLMin), c.TTLDefault, orElse(c.TTLMax, broker.DefaultTTLMax)
	if most > broker.TTLCeiling {
		problems = append(problems, fmt.Errorf("--ttl-max: %s is above %s, the most there is", formatDuration(most), formatDuration(broker.TTLCeiling)))
	}
	if least > most {
		problems = append(problems, fmt.Errorf("--ttl-min: %s is above the maximum of %s", formatDuration(least), formatDuration(most)))
	}
	if usual != 0 && (usual < least || usual > most) {
		problems = append(problems, fmt.Errorf("--ttl-default: %s is not within %s to %s", formatDuration(usual), formatDuration(least), formatDuration(most)))
	}
	return problems
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func (c *ServeConfig) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	switch {
	case c.LogLevel != "":
		if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
			return nil, fmt.Errorf("--log-level: %q is none of debug, info, warn and error", c.LogLevel)
		}
	case isTerminal(w):
		level = slog.LevelWarn
	}
	options := &slog.HandlerOptions{Level: level}
	switch c.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format: %q is neither text nor json", c.LogFormat)
}

func (c *ServeConfig) serverConfig(version string, open server.Opener, log *slog.Logger) server.Config {
	return server.Config{
		Open: open, Logger: log, Version: version, Program: programName(),
		GRPC: c.GRPC, HTTP: c.HTTP, PublicHosts: c.PublicHosts, AllowOrigins: c.AllowOrigins,
		MaxMessage: int(c.MaxMessage), MaxConnections: max(c.MaxConnections, 0), Demo: c.Demo, Pprof: c.Pprof, ExerciseTopic: consoleTopic,
	}
}

// store is the store that is to be opened.
func (c *ServeConfig) store(m *Machine, log *slog.Logger) *store {
	dir, _ := storeDir(c.Store)
	if c.Store == memoryStore {
		dir = ""
	}
	memory := c.Memory
	if memory == 0 {
		memory = int64(availableMemory() / 4)
	}
	return &store{dir: dir, fs: m.FS, diskLimit: c.Disk, log: log, config: broker.Config{
		Clock: broker.NewClock(m.bootClock()),
		Policy: broker.Policy{
			Min: c.TTLMin, Default: c.TTLDefault, Max: c.TTLMax,
			MaxMessages: c.TopicMessages, MaxBytes: c.TopicBytes, AtLimit: brokerRules[c.AtLimit],
		},
		NoAutoCreate: c.NoAutoCreate,
		MaxTopics:    c.MaxTopics,
		MemoryLimit:  memory,
		Stops:        web.Stops(),
	}}
}

// startConsole prompts on the server's own terminal until stopped or the input ends; the server goes on after that.
func (a *app) startConsole(ctx context.Context, addr string) (stop func(), err error) {
	c, err := client.Dial(addr, client.Options{UserAgent: "linger-console"})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p := &prompt{app: a, client: c, topic: consoleTopic, ttl: client.DefaultTTL}
		if err := p.run(ctx); err != nil && !errors.Is(err, errReported) {
			a.note("console: %v", err)
		}
	}()
	return func() {
		cancel()
		<-ended
		_ = c.Close() // only ever refuses a second closing
	}, nil
}
