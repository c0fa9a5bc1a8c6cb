package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"linger/client"
	lingerv1 "linger/proto/linger/v1"
)

const healthHelp = `linger health [flags]

Asks a server whether it serves: exit status 0 if so, else 1 and why: it recovers, it stops, or its disk has failed and it
takes nothing more. For a container's HEALTHCHECK.

  --server ADDR  the server (default localhost:50074)
`

const healthWithin = 3 * time.Second

func newHealth(*pflag.FlagSet) func(context.Context, *app, []string) error {
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) > 0 {
			return usage("health takes no arguments; see linger health --help")
		}
		return a.health(ctx)
	}
}

func (a *app) health(ctx context.Context) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	resp, err := grpc_health_v1.NewHealthClient(c.Conn()).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	switch {
	case status.Code(err) == codes.DeadlineExceeded:
		return fmt.Errorf("%s does not answer within %s", a.server, healthWithin)
	case err != nil:
		return c.Explain(err)
	case resp.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
		return whyNotServing(ctx, c)
	}
	_, err = fmt.Fprintln(a.Stdout, "serving")
	return err
}

// whyNotServing asks a server that says that it does not serve: whoever looks on is told.
func whyNotServing(ctx context.Context, c *client.Client) error {
	stream, err := lingerv1.NewWatchServiceClient(c.Conn()).Watch(ctx, &lingerv1.WatchRequest{})
	for err == nil {
		var m *lingerv1.WatchResponse
		if m, err = stream.Recv(); m.GetServer() != nil {
			return errors.New(cmp.Or(m.GetServer().GetStore().GetProblem(), "the server has only just begun to serve"))
		}
	}
	return c.Explain(err)
}
