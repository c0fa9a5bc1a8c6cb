package client

import (
	"context"
	"iter"
	"time"

	pb "linger/proto/linger/v1"
)

// TopicSubscription is a subscription as one of its topics sees it.
type TopicSubscription struct {
	// Client is what it calls itself, or the name of its library. May be empty.
	Client string
	// Peer is the network address from which it came.
	Peer string
	// Patterns are what it subscribed to.
	Patterns []string
	// StartTime is when it did.
	StartTime time.Time
	// Position is the sequence that it will be handed next, or one after it.
	Position uint64
	// Lag is how many messages it has still to be given.
	Lag uint64
	// LifeLeft is what messages had left when they were handed to it.
	LifeLeft LifeLeft
}

// LifeLeft tells what messages had left of their lifetimes when they were handed to a subscription, in the last five to ten
// minutes. Shares are from 0 to 1.
type LifeLeft struct {
	// Messages is how many that is about; 0: none, and the rest means nothing.
	Messages uint64
	// Median is a share that was left of half of them, or more.
	Median float64
	// Worst is the least share that was left of one, rounded down to thousandths.
	Worst float64
	// WorstLeft is what that one had left.
	WorstLeft time.Duration
}

// ListSubscriptions shows who subscribes to a topic, those that lag the most first, at most 1,000 of them; total counts
// all. [ErrNotFound] when the topic does not exist.
func (c *Client) ListSubscriptions(ctx context.Context, topic string) (list []TopicSubscription, total int, err error) {
	resp, err := c.topics.ListSubscriptions(ctx, &pb.ListSubscriptionsRequest{Topic: topic, PageSize: listPage})
	if err != nil {
		return nil, 0, c.rpcError(err)
	}
	for _, s := range resp.GetSubscriptions() {
		l := s.GetLifeLeft()
		list = append(list, TopicSubscription{
			Client: s.GetClientName(), Peer: s.GetPeer(), Patterns: s.GetPatterns(), StartTime: goTime(s.GetStartTime()),
			Position: s.GetPosition(), Lag: s.GetLag(),
			LifeLeft: LifeLeft{
				Messages: l.GetMessages(), Median: float64(l.GetMedianPermille()) / 1000, Worst: float64(l.GetWorstPermille()) / 1000,
				WorstLeft: l.GetWorst().AsDuration(),
			},
		})
	}
	return list, int(resp.GetTotal()), nil
}

// WhatIf tells what a topic would have held, had each of its messages been kept for a certain time. It is about what was
// published in the last ten minutes, or since Since; now or never does not count.
type WhatIf struct {
	// TTL is the lifetime.
	TTL time.Duration
	// Since is from when on it is known what was published.
	Since time.Time
	// Published is how many messages were, PublishedBytes how many encoded bytes.
	Published, PublishedBytes uint64
	// MostMessages would have been retained at the end of any second, MostBytes with the bytes; the lifetime rounded up to
	// whole seconds.
	MostMessages, MostBytes uint64
	// Growing says that the lifetime is longer than the time since Since, so that more would be retained by and by.
	Growing bool
	// Judged are the messages of which it is known whether a subscription would have been handed them before their end,
	// Delivered those that would have been. AtLeast says that there may be more of these.
	Judged, Delivered uint64
	AtLeast           bool
	// ServerTime is the server's clock when this was true.
	ServerTime time.Time
}

// WhatIf tells what a topic would have held of late with a lifetime; 0: with its default. [ErrNotFound] when it does not
// exist.
func (c *Client) WhatIf(ctx context.Context, topic string, ttl time.Duration) (WhatIf, error) {
	w, err := c.topics.WhatIf(ctx, &pb.WhatIfRequest{Topic: topic, Ttl: optionalDuration(ttl)})
	if err != nil {
		return WhatIf{}, c.rpcError(err)
	}
	return WhatIf{
		TTL: w.GetTtl().AsDuration(), Since: goTime(w.GetSince()), Published: w.GetPublished(), PublishedBytes: w.GetPublishedBytes(),
		MostMessages: w.GetMostMessages(), MostBytes: w.GetMostBytes(), Growing: w.GetGrowing(),
		Judged: w.GetJudged(), Delivered: w.GetDelivered(), AtLeast: w.GetAtLeast(), ServerTime: goTime(w.GetServerTime()),
	}, nil
}

// EndsEntry tells how consecutive messages ended that were published together.
type EndsEntry struct {
	// FirstSequence and LastSequence are the messages.
	FirstSequence, LastSequence uint64
	// Reason is how they ended.
	Reason EndReason
	// PublishTime is when they were published, EndTime when they ended.
	PublishTime, EndTime time.Time
	// Deliveries is to how many subscriptions each had been handed.
	Deliveries uint32
}

// ListEnds hands out how messages of a topic ended, the newest messages first, as far as the server remembers: all, or those
// that ended for one of the reasons. [ErrNotFound] when the topic does not exist.
func (c *Client) ListEnds(ctx context.Context, topic string, reasons ...EndReason) iter.Seq2[EndsEntry, error] {
	return func(yield func(EndsEntry, error) bool) {
		req := &pb.ListEndsRequest{Topic: topic, PageSize: listPage}
		for _, r := range reasons {
			req.Reasons = append(req.Reasons, pb.EndReason(r))
		}
		for {
			resp, err := c.topics.ListEnds(ctx, req)
			if err != nil {
				yield(EndsEntry{}, c.rpcError(err))
				return
			}
			for _, e := range resp.GetEnds() {
				entry := EndsEntry{
					FirstSequence: e.GetFirstSequence(), LastSequence: e.GetLastSequence(), Reason: EndReason(e.GetReason()),
					PublishTime: goTime(e.GetPublishTime()), EndTime: goTime(e.GetEndTime()), Deliveries: e.GetDeliveries(),
				}
				if !yield(entry, nil) {
					return
				}
			}
			if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
				return
			}
		}
	}
}
