package client

import (
	"context"
	"errors"
	"time"

	pb "linger/proto/linger/v1"
)

// Ack says what the server did with messages that it committed together.
type Ack struct {
	// Topic is where they are.
	Topic string
	// Sequence is the first message's; the others follow without a hole.
	Sequence uint64
	// Count is how many messages were committed.
	Count int
	// PublishTime is when the server took them.
	PublishTime time.Time
	// ExpireTime is their deadline.
	ExpireTime time.Time
	// TTL is the lifetime granted.
	TTL time.Duration
	// Adjustment says why TTL is not what was asked.
	Adjustment Adjustment
	// Durability is what this acknowledgement promises.
	Durability Durability
	// Incarnation is the topic's.
	Incarnation uint64
}

// Publish sends messages for one topic as one batch, committed whole or not at all, and waits for the answer. ttl is
// rounded up to whole milliseconds; zero is now or never, [DefaultTTL] the topic's default. At most 10,000 messages and
// 4 MiB.
//
// An error is an [*Error], or that of ctx. It does not try again: after a lost connection (errors.Is
// [ErrUnreachable]) or an expired ctx the messages may or may not have been published. Use a [Publisher] where that matters.
func (c *Client) Publish(ctx context.Context, topic string, ttl time.Duration, msgs ...Message) (Ack, error) {
	batch := &pb.Batch{Topic: topic, Ttl: protoTTL(ttl), Messages: make([]*pb.Message, len(msgs))}
	for i, m := range msgs {
		if err := m.validate(); err != nil {
			return Ack{}, err
		}
		batch.Messages[i] = protoMessage(m)
	}
	resp, err := c.publish.Publish(ctx, &pb.PublishRequest{Batches: []*pb.Batch{batch}})
	if err != nil {
		err = c.rpcError(err)
		var refused *Error
		if errors.As(err, &refused) {
			withoutBatch(refused)
		}
		return Ack{}, err
	}
	if len(resp.GetResults()) != 1 {
		return Ack{}, &Error{Message: "the server answered without a result"}
	}
	result := resp.GetResults()[0]
	if err := batchError(result.GetError()); err != nil {
		return Ack{}, err
	}
	return newAck(topic, result), nil
}

func newAck(topic string, r *pb.BatchResult) Ack {
	return Ack{
		Topic:       topic,
		Sequence:    r.GetFirstSequence(),
		Count:       int(r.GetCount()),
		PublishTime: goTime(r.GetPublishTime()),
		ExpireTime:  goTime(r.GetExpireTime()),
		TTL:         r.GetTtl().AsDuration(),
		Adjustment:  Adjustment(r.GetAdjustment()),
		Durability:  Durability(r.GetDurability()),
		Incarnation: r.GetIncarnation(),
	}
}
