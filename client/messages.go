package client

import (
	"context"
	"fmt"
	"iter"
	"time"

	"google.golang.org/grpc/codes"

	pb "linger/proto/linger/v1"
)

// Retained is one message as the server keeps it.
type Retained struct {
	Message
	// Topic is where it was published.
	Topic string
	// Sequence is its number in the topic.
	Sequence uint64
	// PublishTime is when the server took it.
	PublishTime time.Time
	// ExpireTime is its deadline now.
	ExpireTime time.Time
	// MaxExpireTime is the latest deadline it may be given.
	MaxExpireTime time.Time
	// GrantedTTL is the lifetime that it was granted when it was published, whatever it was changed to since.
	GrantedTTL time.Duration
	// TimeLeft is what was left of its lifetime when the server answered.
	TimeLeft time.Duration
	// DataSize is the size of the whole data in bytes; a list with previews may cut it.
	DataSize uint64
	// Deliveries is to how many subscriptions it was handed so far.
	Deliveries uint32
	// Incarnation is the topic's.
	Incarnation uint64
}

// ListOptions narrow a list of messages. The zero value lists everything, by sequence.
type ListOptions struct {
	// ByDeadline lists what expires next first, the 10,000 soonest at most.
	ByDeadline bool
	// MinSequence and MaxSequence bound the sequences, both included; 0: no bound. For a topic without wildcards only.
	MinSequence, MaxSequence uint64
	// MinExpireTime and MaxExpireTime bound the deadlines: at or after the one, before the other. Zero: no bound.
	MinExpireTime, MaxExpireTime time.Time
	// PreviewBytes cuts data to this many bytes. 0: whole.
	PreviewBytes uint32
	// Limit is how many messages to list at most. 0: all.
	Limit int
}

// ListMessages hands out the messages alive in a topic, or in the topics of a pattern. It asks for page after page.
// [ErrNotFound] when pattern is a name and no such topic exists.
func (c *Client) ListMessages(ctx context.Context, pattern string, opts ListOptions) iter.Seq2[Retained, error] {
	return func(yield func(Retained, error) bool) {
		req := opts.request(pattern)
		left := opts.Limit
		for {
			if opts.Limit > 0 {
				req.PageSize = int32(min(left, listPage))
			}
			resp, err := c.retained.ListMessages(ctx, req)
			if err != nil {
				yield(Retained{}, c.rpcError(err))
				return
			}
			for _, m := range resp.GetMessages() {
				left--
				if !yield(newRetained(m, goTime(resp.GetServerTime())), nil) || left == 0 {
					return
				}
			}
			if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
				return
			}
		}
	}
}

func (o *ListOptions) request(pattern string) *pb.ListMessagesRequest {
	req := &pb.ListMessagesRequest{
		Pattern: pattern, MinSequence: o.MinSequence, MaxSequence: o.MaxSequence,
		MinExpireTime: protoTime(o.MinExpireTime), MaxExpireTime: protoTime(o.MaxExpireTime),
		PageSize: listPage, PreviewBytes: o.PreviewBytes,
	}
	if o.ByDeadline {
		req.Order = pb.ListOrder_LIST_ORDER_EXPIRE_TIME
	}
	return req
}

func newRetained(m *pb.RetainedMessage, now time.Time) Retained {
	r := Retained{
		Message:       goMessage(m.GetMessage()),
		Topic:         m.GetTopic(),
		Sequence:      m.GetSequence(),
		PublishTime:   goTime(m.GetPublishTime()),
		ExpireTime:    goTime(m.GetExpireTime()),
		MaxExpireTime: goTime(m.GetMaxExpireTime()),
		TimeLeft:      m.GetExpireTime().AsTime().Sub(now),
		DataSize:      m.GetDataSize(),
		Deliveries:    m.GetDeliveries(),
		Incarnation:   m.GetIncarnation(),
	}
	r.GrantedTTL = r.ExpireTime.Sub(r.PublishTime)
	if granted := m.GetGrantedTtl(); granted != nil {
		r.GrantedTTL = granted.AsDuration()
	}
	return r
}

// EndReason tells how a message ended.
type EndReason int

const (
	// EndForgotten is no longer remembered.
	EndForgotten EndReason = EndReason(pb.EndReason_END_REASON_UNSPECIFIED)
	// EndExpiredDelivered reached its deadline after it was handed to at least one subscription.
	EndExpiredDelivered EndReason = EndReason(pb.EndReason_END_REASON_EXPIRED_DELIVERED)
	// EndExpiredUndelivered reached its deadline and had been handed to none.
	EndExpiredUndelivered EndReason = EndReason(pb.EndReason_END_REASON_EXPIRED_UNDELIVERED)
	// EndExpiredUnknown reached its deadline; whether it was delivered was lost in a restart.
	EndExpiredUnknown EndReason = EndReason(pb.EndReason_END_REASON_EXPIRED_UNKNOWN)
	// EndEvicted was removed to stay within a limit.
	EndEvicted EndReason = EndReason(pb.EndReason_END_REASON_EVICTED)
	// EndDeleted was deleted, alone or with its topic.
	EndDeleted EndReason = EndReason(pb.EndReason_END_REASON_DELETED)
	// EndLost was lost in a crash.
	EndLost EndReason = EndReason(pb.EndReason_END_REASON_LOST)
)

// String says it in words.
func (r EndReason) String() string {
	switch r {
	case EndForgotten:
		return "ended, the server no longer remembers how"
	case EndExpiredDelivered:
		return "expired, delivered"
	case EndExpiredUndelivered:
		return "expired, undelivered"
	case EndExpiredUnknown:
		return "expired"
	case EndEvicted:
		return "evicted"
	case EndDeleted:
		return "deleted"
	case EndLost:
		return "lost in a crash"
	}
	return fmt.Sprintf("EndReason(%d)", int(r))
}

// Ended tells how a message ended.
type Ended struct {
	// Topic is where it was published.
	Topic string
	// Sequence is its number in the topic.
	Sequence uint64
	// Reason is how it ended. [EndForgotten]: the fields below are zero.
	Reason EndReason
	// PublishTime is when it was published.
	PublishTime time.Time
	// EndTime is when it ended.
	EndTime time.Time
	// Deliveries is to how many subscriptions it had been handed.
	Deliveries uint32
}

// MessageState is a message that is alive, or how it ended: exactly one of the first two is set.
type MessageState struct {
	// Retained is the message, alive.
	Retained *Retained
	// Ended is how it ended.
	Ended *Ended
	// ServerTime is the server's clock when this was true.
	ServerTime time.Time
}

// GetMessage shows one message whole, or how it ended. [ErrNotFound] when the topic does not exist or has not come to
// that sequence yet.
func (c *Client) GetMessage(ctx context.Context, topic string, seq uint64) (MessageState, error) {
	resp, err := c.retained.GetMessage(ctx, &pb.GetMessageRequest{Topic: topic, Sequence: seq})
	if err != nil {
		return MessageState{}, c.rpcError(err)
	}
	state := MessageState{ServerTime: goTime(resp.GetServerTime())}
	switch s := resp.GetState().(type) {
	case *pb.GetMessageResponse_Retained:
		m := newRetained(s.Retained, state.ServerTime)
		state.Retained = &m
	case *pb.GetMessageResponse_Ended:
		state.Ended = &Ended{
			Topic: s.Ended.GetTopic(), Sequence: s.Ended.GetSequence(), Reason: EndReason(s.Ended.GetReason()),
			PublishTime: goTime(s.Ended.GetPublishTime()), EndTime: goTime(s.Ended.GetEndTime()),
			Deliveries: s.Ended.GetDeliveries(),
		}
	default:
		return MessageState{}, &Error{Code: codes.Internal, Message: "the server answered without a state"}
	}
	return state, nil
}

// Lifetime is what holds after a change of deadline.
type Lifetime struct {
	// ExpireTime is the deadline now.
	ExpireTime time.Time
	// TimeLeft is what is left by the server's clock; zero when the message has ended.
	TimeLeft time.Duration
	// LoweredToMaximum says that more was asked than the topic's policy allowed.
	LoweredToMaximum bool
}

// SetExpireTime changes one message's deadline; now or earlier ends it at once, as expired. A zero expected changes it
// whatever it is; otherwise only if that is the deadline now.
//
// [ErrNotFound] for an unknown topic or sequence; codes.FailedPrecondition when the message has ended or its deadline is
// not the expected one.
func (c *Client) SetExpireTime(ctx context.Context, topic string, seq uint64, deadline, expected time.Time) (Lifetime, error) {
	resp, err := c.retained.SetExpireTime(ctx, &pb.SetExpireTimeRequest{
		Topic: topic, Sequence: seq, ExpireTime: protoTime(deadline), ExpectedExpireTime: protoTime(expected),
	})
	if err != nil {
		return Lifetime{}, c.rpcError(err)
	}
	return Lifetime{
		ExpireTime:       goTime(resp.GetExpireTime()),
		TimeLeft:         resp.GetTimeLeft().AsDuration(),
		LoweredToMaximum: resp.GetLoweredToMaximum(),
	}, nil
}

// Extend makes a message's deadline ttl from now, by the server's clock; shorter than it was, too.
func (c *Client) Extend(ctx context.Context, topic string, seq uint64, ttl time.Duration) (Lifetime, error) {
	state, err := c.GetMessage(ctx, topic, seq)
	if err != nil {
		return Lifetime{}, err
	}
	// What has ended is refused by the server, which says how and when.
	return c.SetExpireTime(ctx, topic, seq, state.ServerTime.Add(ttl), time.Time{})
}

// Expire ends a message at once, as expired.
func (c *Client) Expire(ctx context.Context, topic string, seq uint64) (Lifetime, error) {
	return c.SetExpireTime(ctx, topic, seq, time.Unix(0, 0), time.Time{})
}

// DeleteMessage ends a message as deleted.
func (c *Client) DeleteMessage(ctx context.Context, topic string, seq uint64) error {
	_, err := c.retained.DeleteMessage(ctx, &pb.DeleteMessageRequest{Topic: topic, Sequence: seq})
	return c.rpcError(err)
}
