// Package client publishes to and subscribes at a Linger server.
//
//	c, err := client.Dial("localhost:50074", client.Options{})
//	ack, err := c.Publish(ctx, "orders", 30*time.Second, client.Message{Data: []byte("hello")})
//
// A lifetime is a [time.Duration]: how long the server keeps a message, in whole milliseconds (a fraction counts as one
// more). Zero means now or never: for those listening at that moment. [DefaultTTL] leaves it to the topic. The answer
// tells what was granted.
//
// # Publishing
//
// [Client.Publish] sends one request and waits for it. A [Publisher] is for many messages: it sends without waiting,
// packs what gathers while a request is on its way into the next one, and publishes each message once, across lost
// connections. When it cannot know whether the server took a message, it says so ([ErrOutcomeUnknown]) and never sends
// it again by itself.
//
// # Subscribing
//
// A [Subscription] hands out what is retained, then what comes, in sequence order within each topic. It reconnects and
// resumes by itself, without loss or repeat. What it could not be given is told as a [Gap]; a topic or store that began
// anew, as a [Reset]. Messages whose deadline passed on the way are not handed out; they are counted ([Expired]).
// Those who read faster than memory is made borrow what they are handed ([SubscribeOptions.Borrow]).
//
// # Times
//
// All times are the server's clock. Do not compare them with the local one: [Delivery.TimeLeft] does it right.
//
// A [Client] and a [Publisher] may be used by several goroutines at once; a [Subscription] by one at a time.
package client
