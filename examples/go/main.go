// Command go publishes a message that lives thirty seconds, then prints what is retained and what comes. Ctrl-C ends it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"linger/client"
)

func main() {
	address := client.DefaultAddress
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(context.Background(), address); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address string) error {
	c, err := client.Dial(address, client.Options{})
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
