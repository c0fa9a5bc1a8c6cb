package client_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"linger/client"
)

// Buffers go from an answered request to a later one. Every message must arrive as it was handed over all the same,
// those that are sent again on a second stream included.
func TestPublisherBuffersAreNotSharedByRequests(t *testing.T) {
	t.Run("handed over", func(t *testing.T) { buffersAreNotShared(t, 8<<10, 1500) })
	t.Run("joined", func(t *testing.T) { buffersAreNotShared(t, 100, 50) })
}

// buffersAreNotShared publishes so many messages at a time, and then waits for their answers.
func buffersAreNotShared(t *testing.T, size, atATime int) {
	const messages, lostAfter = 1500, 500
	var sequence, requests uint64 // committed
	streams := 0
	f := &fake{publishStream: func(s publishStream) error {
		streams++
		opened(t, s, requests, true)
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			if streams == 1 && sequence >= lostAfter {
				return errors.New("lost") // with requests on their way
			}
			n := sequence
			for _, b := range r.GetBatches() {
				for _, m := range b.GetMessages() {
					if want := bytes.Repeat([]byte{byte(n), byte(n >> 8)}, size/2); !bytes.Equal(m.GetData(), want) {
						t.Errorf("message %d begins with %x", n, m.GetData()[:4])
					}
					n++
				}
			}
			requests = r.GetRequest()
			if err := s.Send(committed(r, &sequence)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		p := c.NewPublisher(client.PublisherOptions{WindowBytes: 2 << 20})
		for n := range messages {
			data := bytes.Repeat([]byte{byte(n), byte(n >> 8)}, size/2)
			answered := make(chan error, 1)
			err := p.PublishFunc(t.Context(), "t", time.Minute, client.Message{Data: data}, func(_ client.Ack, err error) { answered <- err })
			if err == nil && (n+1)%atATime == 0 {
				err = <-answered
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(t.Context()); err != nil || sequence != messages || streams != 2 {
			t.Errorf("%d of %d messages over %d streams, %v", sequence, messages, streams, err)
		}
	})
}
