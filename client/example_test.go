package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"linger/client"
)

func Example() {
	ctx := context.Background()
	c, err := client.Dial("localhost:50074", client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	ack, err := c.Publish(ctx, "orders.eu", 30*time.Second, client.Message{Data: []byte("hello")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("#%d is kept until %s\n", ack.Sequence, ack.ExpireTime)

	sub := c.Subscribe([]string{"orders.>"}, client.SubscribeOptions{Start: client.FromLast(10)})
	for d, err := range sub.Deliveries(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s #%d, %s left: %s\n", d.Topic, d.Sequence, d.TimeLeft, d.Data)
	}
}

func ExamplePublisher() {
	ctx := context.Background()
	c, err := client.Dial(client.DefaultAddress, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	p := c.NewPublisher(client.PublisherOptions{
		RetryFor: 30 * time.Second,
		OnBatch: func(o client.Outcome) {
			if o.Err != nil {
				log.Printf("%d messages from the %dth on: %v", o.Count, o.First+1, o.Err)
			}
		},
	})
	for i := range 1_000_000 {
		if err := p.Publish(ctx, "numbers", 5*time.Minute, client.Message{Data: fmt.Append(nil, i)}); err != nil {
			log.Print(err)
			break
		}
	}
	if err := p.Close(ctx); err != nil { // waits until all are answered
		log.Fatal(err)
	}
}
