package server

import (
	"context"
	"strconv"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/durationpb"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
)

// What a topic tells beside its messages: who subscribes, what another lifetime would have meant, how messages ended.

func (s *topicService) ListSubscriptions(_ context.Context, in *lingerv1.ListSubscriptionsRequest) (*lingerv1.ListSubscriptionsResponse, error) {
	if err := named("topic", in.GetTopic()); err != nil {
		return nil, err
	}
	size, err := pageSize(in.GetPageSize())
	if err != nil {
		return nil, err
	}
	readers, total, err := s.broker.TopicReaders(in.GetTopic(), size)
	if err != nil {
		return nil, err
	}
	t, err := s.broker.Topic(in.GetTopic())
	if err != nil {
		return nil, err
	}
	out := &lingerv1.ListSubscriptionsResponse{Total: uint32(total), NextSequence: t.NextSequence, ServerTime: timestamp(s.broker.Now())}
	for i := range readers {
		out.Subscriptions = append(out.Subscriptions, subscription(&readers[i]))
	}
	return out, nil
}

func subscription(r *broker.TopicReader) *lingerv1.TopicSubscription {
	m := &lingerv1.TopicSubscription{
		ClientName: r.Client, Peer: r.Peer, Patterns: r.Patterns, StartTime: timestamp(r.Since), Position: r.Position, Lag: r.Lag,
	}
	if l := r.LifeLeft; l.Messages > 0 {
		m.LifeLeft = &lingerv1.LifeLeft{
			Messages: l.Messages, MedianPermille: uint32(l.Median), WorstPermille: uint32(l.Worst), Worst: durationpb.New(l.WorstLeft),
		}
	}
	return m
}

func (s *topicService) WhatIf(_ context.Context, in *lingerv1.WhatIfRequest) (*lingerv1.WhatIfResponse, error) {
	if err := named("topic", in.GetTopic()); err != nil {
		return nil, err
	}
	ttl, err := span("ttl", in.GetTtl())
	if err != nil {
		return nil, err
	}
	if ttl == 0 {
		t, err := s.broker.Topic(in.GetTopic())
		if err != nil {
			return nil, err
		}
		ttl = t.Policy.Default
	}
	w, err := s.broker.WhatIf(in.GetTopic(), ttl)
	if err != nil {
		return nil, err
	}
	return &lingerv1.WhatIfResponse{
		Ttl: durationpb.New(w.TTL), Since: timestamp(w.Since), Published: w.Published, PublishedBytes: w.PublishedBytes,
		MostMessages: w.Most, MostBytes: w.MostBytes, Growing: w.Growing,
		Judged: w.Judged, Delivered: w.Delivered, AtLeast: w.AtLeast, ServerTime: timestamp(w.Now),
	}, nil
}

func (s *topicService) GetRecord(_ context.Context, in *lingerv1.GetRecordRequest) (*lingerv1.GetRecordResponse, error) {
	if err := named("topic", in.GetTopic()); err != nil {
		return nil, err
	}
	r, err := s.broker.Record(in.GetTopic())
	if err != nil {
		return nil, err
	}
	out := &lingerv1.GetRecordResponse{Topic: s.topic(r.Topic), Remembered: uint32(r.Remembered), ServerTime: timestamp(r.Now)}
	for _, m := range r.Minutes {
		out.Intervals = append(out.Intervals, &lingerv1.EndsInterval{StartTime: timestamp(m.Start), Ended: ends(m.Ended)})
	}
	return out, nil
}

func (s *topicService) ListEnds(_ context.Context, in *lingerv1.ListEndsRequest) (*lingerv1.ListEndsResponse, error) {
	if err := named("topic", in.GetTopic()); err != nil {
		return nil, err
	}
	size, err := pageSize(in.GetPageSize())
	if err != nil {
		return nil, err
	}
	o := broker.LedgerOptions{Limit: size}
	if o.Reasons, err = askedReasons(in.GetReasons()); err != nil {
		return nil, err
	}
	// A page's token is the first sequence of the one before.
	if token := in.GetPageToken(); token != "" {
		if o.Before, err = strconv.ParseUint(token, 10, 64); err != nil || o.Before == 0 {
			return nil, invalid("page_token", "not one that this server gave; leave it empty for the first page")
		}
	}
	page, more, err := s.broker.Ledger(in.GetTopic(), o)
	if err != nil {
		return nil, err
	}
	out := &lingerv1.ListEndsResponse{ServerTime: timestamp(s.broker.Now())}
	for _, e := range page {
		out.Ends = append(out.Ends, &lingerv1.EndsEntry{
			FirstSequence: e.First, LastSequence: e.Last, Reason: endReason(e.Reason),
			PublishTime: timestamp(e.PublishTime), EndTime: timestamp(e.EndTime), Deliveries: e.Deliveries,
		})
	}
	if more {
		out.NextPageToken = strconv.FormatUint(page[len(page)-1].First, 10)
	}
	return out, nil
}

func askedReasons(asked []lingerv1.EndReason) (all []broker.EndReason, err error) {
next:
	for _, reason := range asked {
		for r, m := range endReasons {
			if m == reason && r != broker.NotEnded {
				all = append(all, r)
				continue next
			}
		}
		return nil, invalid("reasons", "%d is no reason that this server knows", reason)
	}
	return all, nil
}

// clientNameMost is the longest name that a subscription may give itself, in bytes.
const clientNameMost = 128

// caller says who calls, and from where.
func caller(ctx context.Context, name string) (client, address string, err error) {
	if len(name) > clientNameMost {
		return "", "", invalid("client_name", "%d bytes; at most %d", len(name), clientNameMost)
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		address = p.Addr.String()
	}
	if md, ok := metadata.FromIncomingContext(ctx); ok && name == "" {
		if agents := md.Get("user-agent"); len(agents) > 0 {
			name = strings.ToValidUTF8(agents[0][:min(len(agents[0]), clientNameMost)], "\uFFFD")
		}
	}
	return name, address, nil
}
