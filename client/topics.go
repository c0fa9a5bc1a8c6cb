package client

import (
	"context"
	"iter"
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "linger/proto/linger/v1"
)

// listPage is how many topics or messages a list asks for at a time: the server's maximum.
const listPage = 1000

// TopicPolicy rules the lifetimes of a topic's messages, and how many it retains. In requests a zero field means the
// server's default.
type TopicPolicy struct {
	// TTLMin is the least lifetime, at least 1 ms.
	TTLMin time.Duration
	// TTLDefault is the lifetime where none is asked.
	TTLDefault time.Duration
	// TTLMax is the greatest lifetime, at most the server's maximum.
	TTLMax time.Duration
	// Reject refuses an asked lifetime outside minimum and maximum, instead of granting the nearest.
	Reject bool
	// RefuseZero refuses now or never.
	RefuseZero bool
	// MaxMessages is how many messages are retained at most; [Unlimited]: any number. Now or never does not count.
	MaxMessages int64
	// MaxBytes is how many encoded bytes these may have, as RetainedBytes counts them; [Unlimited]: any number.
	MaxBytes int64
	// AtLimit is what happens to a publish beyond these limits, or beyond the server's own of memory and disk.
	AtLimit LimitRule
}

// Unlimited, as a limit in a [TopicPolicy], is none.
const Unlimited = -1

// LimitRule is what happens to a publish that finds no room in its topic, or on the server.
type LimitRule int32

const (
	// LimitDefault is the server's rule.
	LimitDefault LimitRule = LimitRule(pb.LimitRule_LIMIT_RULE_UNSPECIFIED)
	// LimitReject refuses it and says when space comes free; see [Error.RetryAfter].
	LimitReject LimitRule = LimitRule(pb.LimitRule_LIMIT_RULE_REJECT)
	// LimitEvictOldest has the topic's oldest messages make room.
	LimitEvictOldest LimitRule = LimitRule(pb.LimitRule_LIMIT_RULE_EVICT_OLDEST)
	// LimitEvictSoonest has those of the topic's messages make room that expire soonest.
	LimitEvictSoonest LimitRule = LimitRule(pb.LimitRule_LIMIT_RULE_EVICT_SOONEST)
)

// String returns "reject", "evict-oldest", "evict-soonest" or "default".
func (r LimitRule) String() string {
	switch r {
	case LimitReject:
		return "reject"
	case LimitEvictOldest:
		return "evict-oldest"
	case LimitEvictSoonest:
		return "evict-soonest"
	}
	return "default"
}

// Topic is a topic as it stands.
type Topic struct {
	// Name is its name.
	Name string
	// Incarnation is another number whenever its sequences begin anew.
	Incarnation uint64
	// CreateTime is when this incarnation was made.
	CreateTime time.Time
	// Durability was fixed when the topic was made.
	Durability Durability
	// AutoCreated says that it goes by itself after a day without messages and subscriptions: a publish made it, and it was
	// given no policy since.
	AutoCreated bool
	// Policy is in force for what is published now.
	Policy TopicPolicy
	// Stats are its numbers.
	Stats TopicStats
	// Forecast is what of its messages ends when, as in [Forecast]. nil where it was not asked for.
	Forecast []ForecastInterval
	// ServerTime is the server's clock when all this was true.
	ServerTime time.Time
}

// TopicStats are counted from the beginning of the incarnation: Published = Retained + Passing + Ended.
type TopicStats struct {
	// Published is how many messages ever were.
	Published uint64
	// Retained is how many are alive.
	Retained uint64
	// RetainedBytes is their encoded size.
	RetainedBytes uint64
	// Passing is how many now-or-never messages may still be on their way.
	Passing uint64
	// Ended is how many ended, by how.
	Ended Ends
	// Subscriptions is how many match at this moment.
	Subscriptions uint32
	// WorstLag is the greatest number of messages that one of these has still to be given.
	WorstLag uint64
	// NextExpireTime is the earliest deadline. Zero: nothing is alive.
	NextExpireTime time.Time
	// NextSequence is what the next message will have.
	NextSequence uint64
	// LastPublishTime is when the last message was published. Zero: never.
	LastPublishTime time.Time
	// LastEndTime is when the last message that ended did so. Zero: none, or no longer remembered.
	LastEndTime time.Time
}

// Ends counts messages by how they ended.
type Ends struct {
	// ExpiredDelivered, ExpiredUndelivered and ExpiredUnknown reached their deadline: delivered to at least one
	// subscription, to none, or a restart lost which.
	ExpiredDelivered, ExpiredUndelivered, ExpiredUnknown uint64
	// Evicted were removed to stay within a limit.
	Evicted uint64
	// Deleted were deleted.
	Deleted uint64
	// Lost were lost in a crash.
	Lost uint64
}

// Total is how many messages ended.
func (e Ends) Total() uint64 {
	return e.ExpiredDelivered + e.ExpiredUndelivered + e.ExpiredUnknown + e.Evicted + e.Deleted + e.Lost
}

// CreateTopic makes a topic. The zero policy and durability are the server's defaults.
func (c *Client) CreateTopic(ctx context.Context, name string, policy TopicPolicy, durability Durability) (Topic, error) {
	return c.create(ctx, &pb.CreateTopicRequest{Name: name, Policy: protoPolicy(policy), Durability: pb.Durability(durability)})
}

// CreateAutoTopic makes a topic that goes by itself when it has long been empty, as one that a publish makes, but with a policy and
// a durability. It is for topics that a publish had made on another server.
func (c *Client) CreateAutoTopic(ctx context.Context, name string, policy TopicPolicy, durability Durability) (Topic, error) {
	return c.create(ctx, &pb.CreateTopicRequest{
		Name: name, Policy: protoPolicy(policy), Durability: pb.Durability(durability), AutoCreated: true,
	})
}

func (c *Client) create(ctx context.Context, q *pb.CreateTopicRequest) (Topic, error) {
	resp, err := c.topics.CreateTopic(ctx, q)
	if err != nil {
		return Topic{}, c.rpcError(err)
	}
	return newTopic(resp.GetTopic(), goTime(resp.GetServerTime())), nil
}

// GetTopic shows one topic, with what ends when in it. [ErrNotFound] when it does not exist.
func (c *Client) GetTopic(ctx context.Context, name string) (Topic, error) {
	resp, err := c.topics.GetTopic(ctx, &pb.GetTopicRequest{Name: name})
	if err != nil {
		return Topic{}, c.rpcError(err)
	}
	return newTopic(resp.GetTopic(), goTime(resp.GetServerTime())), nil
}

// ListTopics hands out the topics that match a name or pattern (empty: all), in the order of their names.
func (c *Client) ListTopics(ctx context.Context, pattern string) iter.Seq2[Topic, error] {
	return c.listTopics(ctx, &pb.ListTopicsRequest{Pattern: pattern, PageSize: listPage})
}

// ListTopicsWithForecast is ListTopics with what ends when in each.
func (c *Client) ListTopicsWithForecast(ctx context.Context, pattern string) iter.Seq2[Topic, error] {
	return c.listTopics(ctx, &pb.ListTopicsRequest{Pattern: pattern, PageSize: listPage, Forecast: true})
}

func (c *Client) listTopics(ctx context.Context, req *pb.ListTopicsRequest) iter.Seq2[Topic, error] {
	return func(yield func(Topic, error) bool) {
		req := proto.CloneOf(req) // whoever goes through it again begins anew
		for {
			resp, err := c.topics.ListTopics(ctx, req)
			if err != nil {
				yield(Topic{}, c.rpcError(err))
				return
			}
			for _, t := range resp.GetTopics() {
				if !yield(newTopic(t, goTime(resp.GetServerTime())), nil) {
					return
				}
			}
			if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
				return
			}
		}
	}
}

// SetTopicPolicy replaces a topic's policy, whole, for messages published later. [ErrNotFound] when it does not exist.
func (c *Client) SetTopicPolicy(ctx context.Context, name string, policy TopicPolicy) (Topic, error) {
	resp, err := c.topics.SetTopicPolicy(ctx, &pb.SetTopicPolicyRequest{Name: name, Policy: protoPolicy(policy)})
	if err != nil {
		return Topic{}, c.rpcError(err)
	}
	return newTopic(resp.GetTopic(), goTime(resp.GetServerTime())), nil
}

// DeleteTopic ends all of a topic's messages and the topic, and returns how many messages were alive. [ErrNotFound]
// when it does not exist.
func (c *Client) DeleteTopic(ctx context.Context, name string) (deleted uint64, err error) {
	resp, err := c.topics.DeleteTopic(ctx, &pb.DeleteTopicRequest{Name: name})
	if err != nil {
		return 0, c.rpcError(err)
	}
	return resp.GetDeleted(), nil
}

func protoPolicy(p TopicPolicy) *pb.TopicPolicy {
	policy := &pb.TopicPolicy{
		TtlMin: optionalDuration(p.TTLMin), TtlDefault: optionalDuration(p.TTLDefault), TtlMax: optionalDuration(p.TTLMax),
		RefuseZero: p.RefuseZero, MaxMessages: protoLimit(p.MaxMessages), MaxBytes: protoLimit(p.MaxBytes),
		AtLimit: pb.LimitRule(p.AtLimit),
	}
	if p.Reject {
		policy.OutOfPolicy = pb.OutOfPolicy_OUT_OF_POLICY_REJECT
	}
	return policy
}

// protoLimit is a limit as it is asked for: unset is the server's, 0 is none.
func protoLimit(n int64) *uint64 {
	if n == 0 {
		return nil
	}
	asked := uint64(max(n, 0))
	return &asked
}

// goLimit is the limit that the server tells.
func goLimit(n uint64) int64 {
	if n == 0 {
		return Unlimited
	}
	return int64(min(n, math.MaxInt64))
}

func optionalDuration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func newTopic(t *pb.Topic, now time.Time) Topic {
	p, s, e := t.GetPolicy(), t.GetStats(), t.GetStats().GetEnded()
	return Topic{
		Name:        t.GetName(),
		Incarnation: t.GetIncarnation(),
		CreateTime:  goTime(t.GetCreateTime()),
		Durability:  Durability(t.GetDurability()),
		AutoCreated: t.GetAutoCreated(),
		ServerTime:  now,
		Forecast:    newForecast(t.GetForecast()),
		Policy: TopicPolicy{
			TTLMin: p.GetTtlMin().AsDuration(), TTLDefault: p.GetTtlDefault().AsDuration(), TTLMax: p.GetTtlMax().AsDuration(),
			Reject: p.GetOutOfPolicy() == pb.OutOfPolicy_OUT_OF_POLICY_REJECT, RefuseZero: p.GetRefuseZero(),
			MaxMessages: goLimit(p.GetMaxMessages()), MaxBytes: goLimit(p.GetMaxBytes()), AtLimit: LimitRule(p.GetAtLimit()),
		},
		Stats: TopicStats{
			Published: s.GetPublished(), Retained: s.GetRetained(), RetainedBytes: s.GetRetainedBytes(), Passing: s.GetPassing(),
			Subscriptions: s.GetSubscriptions(), WorstLag: s.GetWorstLag(), NextSequence: s.GetNextSequence(),
			NextExpireTime: goTime(s.GetNextExpireTime()), LastPublishTime: goTime(s.GetLastPublishTime()),
			LastEndTime: goTime(s.GetLastEndTime()),
			Ended: Ends{
				ExpiredDelivered: e.GetExpiredDelivered(), ExpiredUndelivered: e.GetExpiredUndelivered(),
				ExpiredUnknown: e.GetExpiredUnknown(), Evicted: e.GetEvicted(), Deleted: e.GetDeleted(), Lost: e.GetLost(),
			},
		},
	}
}

// ServerTime returns the server's clock as it was a moment ago.
func (c *Client) ServerTime(ctx context.Context) (time.Time, error) {
	resp, err := c.topics.ListTopics(ctx, &pb.ListTopicsRequest{PageSize: 1})
	if err != nil {
		return time.Time{}, c.rpcError(err)
	}
	return goTime(resp.GetServerTime()), nil
}
