// Command go publishes a message that lives thirty seconds, then prints what is retained and what comes. Ctrl-C ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"linger/client"
)

func main() {
	server := flag.String("server", client.DefaultAddress, "`address` of the server")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *server); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, server string) error {
	c, err := client.Dial(server, client.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()

	ack, err := c.Publish(ctx, "hello", 30*time.Second, client.Message{Data: []byte("Hello from Go")})
	if err != nil {
		return err
	}
	fmt.Printf("published #%d, kept until %s\n", ack.Sequence, ack.ExpireTime.Format(time.RFC3339))

	for d, err := range c.Subscribe([]string{"hello"}, client.SubscribeOptions{}).Deliveries(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("#%d %.1f s left: %s\n", d.Sequence, d.TimeLeft.Seconds(), d.Data)
	}
	return nil
}
