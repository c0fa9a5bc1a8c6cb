package server

import (
	"errors"
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
)

// Between the protocol and the domain: into protobuf below, out of it further down.

func timestamp(i broker.Instant) *timestamppb.Timestamp {
	if i == 0 {
		return nil
	}
	return timestamppb.New(i.Time())
}

func timeLeft(deadline, now broker.Instant) *durationpb.Duration {
	return durationpb.New(max(deadline.Sub(now), 0))
}

func durability(d broker.Durability) lingerv1.Durability { return lingerv1.Durability(d) }

// adjustments maps by name, not by number, so that neither side can be renumbered unnoticed.
var adjustments = map[broker.Adjustment]lingerv1.TtlAdjustment{
	broker.AsAsked:          lingerv1.TtlAdjustment_TTL_ADJUSTMENT_UNSPECIFIED,
	broker.Defaulted:        lingerv1.TtlAdjustment_TTL_ADJUSTMENT_DEFAULTED,
	broker.RaisedToMinimum:  lingerv1.TtlAdjustment_TTL_ADJUSTMENT_RAISED_TO_MINIMUM,
	broker.LoweredToMaximum: lingerv1.TtlAdjustment_TTL_ADJUSTMENT_LOWERED_TO_MAXIMUM,
	broker.RoundedUp:        lingerv1.TtlAdjustment_TTL_ADJUSTMENT_ROUNDED_UP,
}

var endReasons = map[broker.EndReason]lingerv1.EndReason{
	broker.NotEnded:           lingerv1.EndReason_END_REASON_UNSPECIFIED,
	broker.ExpiredDelivered:   lingerv1.EndReason_END_REASON_EXPIRED_DELIVERED,
	broker.ExpiredUndelivered: lingerv1.EndReason_END_REASON_EXPIRED_UNDELIVERED,
	broker.ExpiredUnknown:     lingerv1.EndReason_END_REASON_EXPIRED_UNKNOWN,
	broker.Evicted:            lingerv1.EndReason_END_REASON_EVICTED,
	broker.Deleted:            lingerv1.EndReason_END_REASON_DELETED,
	broker.Lost:               lingerv1.EndReason_END_REASON_LOST,
}

func endReason(r broker.EndReason) lingerv1.EndReason { return endReasons[r] }

func (s *service) topic(t broker.TopicInfo) *lingerv1.Topic {
	stats := topicStats(&t.Totals)
	stats.NextSequence = t.NextSequence
	return &lingerv1.Topic{
		Name:        t.Name,
		Incarnation: t.Incarnation,
		CreateTime:  timestamp(t.Created),
		Durability:  durability(t.Durability),
		Policy:      topicPolicy(t.Policy),
		Stats:       stats,
		Forecast:    forecast(s.broker.Stops(), t.Forecast),
		AutoCreated: t.Auto,
	}
}

func topicStats(t *broker.Totals) *lingerv1.TopicStats {
	return &lingerv1.TopicStats{
		Published:       t.Counts.Published,
		Retained:        t.Counts.Retained,
		RetainedBytes:   t.Counts.RetainedBytes,
		Passing:         t.Counts.Passing,
		Ended:           ends(t.Counts.Ended),
		Subscriptions:   uint32(t.Subscriptions),
		WorstLag:        t.WorstLag,
		NextExpireTime:  timestamp(t.NextDeadline),
		LastPublishTime: timestamp(t.LastPublish),
		LastEndTime:     timestamp(t.LastEnd),
	}
}

func ends(e broker.Ends) *lingerv1.Ends {
	return &lingerv1.Ends{
		ExpiredDelivered:   e.ExpiredDelivered,
		ExpiredUndelivered: e.ExpiredUndelivered,
		ExpiredUnknown:     e.ExpiredUnknown,
		Evicted:            e.Evicted,
		Deleted:            e.Deleted,
		Lost:               e.Lost,
	}
}

func topicPolicy(p broker.Policy) *lingerv1.TopicPolicy {
	m := &lingerv1.TopicPolicy{
		TtlMin:     durationpb.New(p.Min),
		TtlDefault: durationpb.New(p.Default),
		TtlMax:     durationpb.New(p.Max),
		RefuseZero: p.RefuseZero,

		MaxMessages: shownLimit(p.MaxMessages),
		MaxBytes:    shownLimit(p.MaxBytes),
		AtLimit:     limitRules[p.AtLimit],
	}
	if p.Reject {
		m.OutOfPolicy = lingerv1.OutOfPolicy_OUT_OF_POLICY_REJECT
	}
	return m
}

var limitRules = map[broker.LimitRule]lingerv1.LimitRule{
	broker.LimitReject:       lingerv1.LimitRule_LIMIT_RULE_REJECT,
	broker.LimitEvictOldest:  lingerv1.LimitRule_LIMIT_RULE_EVICT_OLDEST,
	broker.LimitEvictSoonest: lingerv1.LimitRule_LIMIT_RULE_EVICT_SOONEST,
}

// shownLimit is a policy's limit as it is told: 0 is none.
func shownLimit(n int64) *uint64 {
	shown := uint64(max(n, 0))
	return &shown
}

// askedLimit reads a limit. nil is 0, which in a policy means the server's default.
func askedLimit(field string, n *uint64) (int64, error) {
	switch {
	case n == nil:
		return 0, nil
	case *n == 0:
		return broker.Unlimited, nil
	case *n > math.MaxInt64:
		return 0, invalid(field, "%d is above %d, the most there is; 0 stands for no limit", *n, int64(math.MaxInt64))
	}
	return int64(*n), nil
}

// askedRule reads what happens at a limit.
func askedRule(asked lingerv1.LimitRule) (broker.LimitRule, error) {
	if asked == lingerv1.LimitRule_LIMIT_RULE_UNSPECIFIED {
		return broker.LimitDefault, nil
	}
	for rule, m := range limitRules {
		if m == asked {
			return rule, nil
		}
	}
	return 0, invalid("policy.at_limit", "%d is not a value this server knows", asked)
}

func ended(e broker.Ended, sequence uint64) *lingerv1.EndedMessage {
	m := &lingerv1.EndedMessage{Topic: e.Topic, Sequence: sequence, Reason: endReason(e.Reason)}
	if e.Reason != broker.NotEnded {
		m.PublishTime = timestamp(e.PublishTime)
		m.EndTime = timestamp(e.EndTime)
		m.Deliveries = e.Deliveries
	}
	return m
}

// retained shows a message, its data cut to preview bytes; 0: whole.
func retained(r broker.Retained, preview int) (*lingerv1.RetainedMessage, error) {
	m := &lingerv1.Message{}
	if err := proto.Unmarshal(r.Message, m); err != nil {
		return nil, err // the walk let it in, so this is a bug of ours
	}
	size := len(m.Data)
	if preview > 0 {
		m.Data = cutData(m.Data, preview)
	}
	out := &lingerv1.RetainedMessage{
		Topic:         r.Topic,
		Sequence:      r.Sequence,
		PublishTime:   timestamp(r.PublishTime),
		ExpireTime:    timestamp(r.Deadline),
		Message:       m,
		DataSize:      uint64(size),
		Deliveries:    r.Deliveries,
		Incarnation:   r.Incarnation,
		MaxExpireTime: timestamp(r.MaxDeadline),
	}
	if r.Granted != r.Deadline.Sub(r.PublishTime) {
		out.GrantedTtl = durationpb.New(r.Granted)
	}
	return out, nil
}

func topicIncarnations(list []broker.TopicIncarnation) []*lingerv1.TopicIncarnation {
	out := make([]*lingerv1.TopicIncarnation, len(list))
	for i, t := range list {
		out[i] = &lingerv1.TopicIncarnation{Topic: t.Topic, Incarnation: t.Incarnation, NextSequence: t.NextSequence}
	}
	return out
}

// What comes in. Each names the field when it refuses.

// named checks the name of a topic that should exist, so that one that cannot is not only told to be missing.
func named(field, name string) error { return inField(field, broker.ValidateTopic(name)) }

// selected checks a pattern.
func selected(field, pattern string) error { return inField(field, broker.ValidatePattern(pattern)) }

// inField is err with the name that the request has for the field.
func inField(field string, err error) error {
	var e *broker.Error
	if !errors.As(err, &e) {
		return err
	}
	blamed := *e
	blamed.Field = field
	return &blamed
}

// instant cuts to a whole millisecond. nil is none.
func instant(field string, t *timestamppb.Timestamp) (broker.Instant, error) {
	if t == nil {
		return 0, nil
	}
	if err := t.CheckValid(); err != nil {
		return 0, invalid(field, "not a valid google.protobuf.Timestamp: seconds %d, nanos %d", t.GetSeconds(), t.GetNanos())
	}
	// Times before 1970 are all long gone; 1 ms after it, which is not "none", is too.
	return max(broker.InstantOf(t.AsTime()), 1), nil
}

// span rounds up to a whole millisecond. nil is 0, which in a policy means the server's default.
func span(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if err := d.CheckValid(); err != nil {
		return 0, invalid(field, "not a valid google.protobuf.Duration: seconds %d, nanos %d", d.GetSeconds(), d.GetNanos())
	}
	v := d.AsDuration() // beyond 292 years it stays at that
	if rest := v % time.Millisecond; rest > 0 && v < math.MaxInt64-time.Millisecond {
		v += time.Millisecond - rest
	}
	if v <= 0 {
		return 0, invalid(field, "%v; leave it unset for the server's default, or give at least 1 ms", d.AsDuration())
	}
	return v, nil
}

func policy(m *lingerv1.TopicPolicy) (broker.Policy, error) {
	p := broker.Policy{RefuseZero: m.GetRefuseZero()}
	var err error
	if p.Min, err = span("policy.ttl_min", m.GetTtlMin()); err != nil {
		return p, err
	}
	if p.Default, err = span("policy.ttl_default", m.GetTtlDefault()); err != nil {
		return p, err
	}
	if p.Max, err = span("policy.ttl_max", m.GetTtlMax()); err != nil {
		return p, err
	}
	switch m.GetOutOfPolicy() {
	case lingerv1.OutOfPolicy_OUT_OF_POLICY_UNSPECIFIED:
	case lingerv1.OutOfPolicy_OUT_OF_POLICY_REJECT:
		p.Reject = true
	default:
		return p, invalid("policy.out_of_policy", "%d is not a value this server knows", m.GetOutOfPolicy())
	}
	if m == nil {
		return p, nil
	}
	if p.MaxMessages, err = askedLimit("policy.max_messages", m.MaxMessages); err != nil {
		return p, err
	}
	if p.MaxBytes, err = askedLimit("policy.max_bytes", m.MaxBytes); err != nil {
		return p, err
	}
	p.AtLimit, err = askedRule(m.GetAtLimit())
	return p, err
}

func askedDurability(d lingerv1.Durability) (broker.Durability, error) {
	switch d {
	case lingerv1.Durability_DURABILITY_UNSPECIFIED:
		return broker.DurabilityDefault, nil
	case lingerv1.Durability_DURABILITY_MEMORY:
		return broker.DurabilityMemory, nil
	case lingerv1.Durability_DURABILITY_FSYNCED:
		return broker.DurabilityFsynced, nil
	}
	return 0, invalid("durability", "%d is not a value this server knows", d)
}
