package client

import (
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/keepalive"

	pb "linger/proto/linger/v1"
)

const (
	// DefaultAddress is where a server listens unless told otherwise.
	DefaultAddress = "localhost:" + defaultPort
	defaultPort    = "50074"
)

const (
	// The server sends responses of at most 256 KiB, one message of at most 16 MiB, and headers of less than 2 MiB, so this never refuses one.
	maxReceiveBytes = 20 << 20
	// A reader that stalls stops the server after this much, and holds as much. A reader of large messages that is 50 ms
	// behind has a MiB or two on their way: with a window of one the server waited for it in between.
	streamWindowBytes = 4 << 20
	connWindowBytes   = 16 << 20
	// The server allows a ping each 10 s. Shorter than what NAT boxes forget idle connections after.
	pingEvery   = 20 * time.Second
	pingTimeout = 10 * time.Second
	// Reconnecting begins with firstRetry and doubles up to lastRetry.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
	// The connection itself is tried this often meanwhile, so that it is there when a pause ends. (Telling gRPC to try at
	// once, with ResetConnectBackoff, races with its own making of connections: grpc-go 1.85 walks a map unlocked.)
	connectRetry = 500 * time.Millisecond
)

// Options are what a connection can be told. The zero value is right for a server on this machine.
type Options struct {
	// TransportCredentials secure the connection. Nil: plain text, as a server on loopback speaks it.
	TransportCredentials credentials.TransportCredentials
	// UserAgent names the program to the server. Empty: "linger".
	UserAgent string
	// DialOptions are added last, for tests and for what is not foreseen here.
	DialOptions []grpc.DialOption
}

// Client is a connection to a server. All calls, publishers and subscriptions of a client share it.
type Client struct {
	addr     string
	conn     *grpc.ClientConn
	publish  pb.PublishServiceClient
	sub      pb.SubscribeServiceClient
	topics   pb.TopicServiceClient
	retained pb.RetainedServiceClient
	store    pb.StoreServiceClient
}

// Dial prepares a connection to the server at addr ("host:port"; empty: [DefaultAddress]). It does not wait for it: an
// unreachable server shows in the first call. The error is for an address that cannot be one.
func Dial(addr string, opts Options) (*Client, error) {
	if addr == "" {
		addr = DefaultAddress
	}
	to, err := target(addr)
	if err != nil {
		return nil, fmt.Errorf("server address %q: %w", addr, err)
	}
	creds := opts.TransportCredentials
	if creds == nil {
		creds = insecure.NewCredentials()
	}
	agent := opts.UserAgent
	if agent == "" {
		agent = "linger"
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithUserAgent(agent),
		// Otherwise gRPC asks a name server for one before it connects, even to localhost, and waits for seconds where none answers.
		grpc.WithDisableServiceConfig(),
		experimental.WithBufferPool(frames),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReceiveBytes)),
		grpc.WithInitialWindowSize(streamWindowBytes),
		grpc.WithInitialConnWindowSize(connWindowBytes),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstRetry, Multiplier: 2, Jitter: 0.2, MaxDelay: connectRetry},
			MinConnectTimeout: lastRetry,
		}),
	}
	conn, err := grpc.NewClient(to, append(dial, opts.DialOptions...)...)
	if err != nil {
		return nil, fmt.Errorf("server address %q: %w", addr, err)
	}
	return &Client{
		addr:     addr,
		conn:     conn,
		publish:  pb.NewPublishServiceClient(conn),
		sub:      pb.NewSubscribeServiceClient(conn),
		topics:   pb.NewTopicServiceClient(conn),
		retained: pb.NewRetainedServiceClient(conn),
		store:    pb.NewStoreServiceClient(conn),
	}, nil
}

// Address returns the address that was dialled.
func (c *Client) Address() string { return c.addr }

// Conn returns the connection, for services that this package does not cover (health, reflection).
func (c *Client) Conn() *grpc.ClientConn { return c.conn }

// Close ends the connection and every call on it. Close publishers first: what they have not had answered is otherwise
// of unknown outcome.
func (c *Client) Close() error { return c.conn.Close() }
