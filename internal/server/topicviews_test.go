package server_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	lingerv1 "linger/proto/linger/v1"
)

func TestSubscriptionsOfATopic(t *testing.T) {
	s := start(t, nil)
	topics := lingerv1.NewTopicServiceClient(s.dial())
	s.publish("orders.eu", time.Minute, "a", "b")
	named := s.subscribe(&lingerv1.SubscribeRequest{Patterns: []string{"orders.>"}, ClientName: "billing"})
	named.texts(2)
	s.subscribe(&lingerv1.SubscribeRequest{Patterns: []string{"orders.eu"}, Start: &lingerv1.SubscribeRequest_New{New: &lingerv1.StartNew{}}})
	got, err := topics.ListSubscriptions(t.Context(), &lingerv1.ListSubscriptionsRequest{Topic: "orders.eu"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != 2 || len(got.Subscriptions) != 2 || got.NextSequence != 3 {
		t.Fatalf("%v", got)
	}
	byName := map[string]*lingerv1.TopicSubscription{}
	for _, sub := range got.Subscriptions {
		byName[strings.Split(sub.ClientName, "/")[0]] = sub
	}
	if b := byName["billing"]; b == nil || b.Position != 3 || b.Lag != 0 || b.Patterns[0] != "orders.>" || b.Peer == "" ||
		b.LifeLeft.GetMessages() != 2 || b.LifeLeft.WorstPermille < 900 || b.StartTime == nil {
		t.Errorf("%v", b)
	}
	if g := byName["grpc-go"]; g == nil || g.LifeLeft != nil {
		t.Errorf("the one without a name: %v", got.Subscriptions)
	}
	_, err = topics.ListSubscriptions(t.Context(), &lingerv1.ListSubscriptionsRequest{Topic: "none"})
	wantCode(t, err, codes.NotFound)
	stream, err := lingerv1.NewSubscribeServiceClient(s.dial()).Subscribe(t.Context(),
		&lingerv1.SubscribeRequest{Patterns: []string{"t"}, ClientName: strings.Repeat("x", 129)})
	if err == nil {
		_, err = stream.Recv()
	}
	wantCode(t, err, codes.InvalidArgument)
}

func TestWhatIfOfATopic(t *testing.T) {
	s := start(t, nil)
	topics := lingerv1.NewTopicServiceClient(s.dial())
	r := s.publish("t", time.Hour, "a", "b")
	got, err := topics.WhatIf(t.Context(), &lingerv1.WhatIfRequest{Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Ttl.AsDuration() != 10*time.Minute || got.Published != 2 || got.MostMessages != 2 || got.MostBytes == 0 || !got.Growing ||
		got.Judged != 2 || got.Delivered != 0 || !got.AtLeast || got.Since.AsTime().After(r.PublishTime.AsTime()) {
		t.Errorf("%v", got)
	}
	for _, ttl := range []time.Duration{-time.Second, 11 * 365 * 24 * time.Hour} {
		_, err = topics.WhatIf(t.Context(), &lingerv1.WhatIfRequest{Topic: "t", Ttl: durationpb.New(ttl)})
		wantCode(t, err, codes.InvalidArgument)
	}
}

func TestRecordOfATopic(t *testing.T) {
	s := start(t, nil)
	topics := lingerv1.NewTopicServiceClient(s.dial())
	s.publish("t", time.Hour, "a", "b", "c")
	for sequence := uint64(1); sequence <= 2; sequence++ {
		_, err := lingerv1.NewRetainedServiceClient(s.dial()).DeleteMessage(t.Context(), &lingerv1.DeleteMessageRequest{Topic: "t", Sequence: sequence})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.publish("t", time.Millisecond, "d")
	for s.broker.Stats().Counts.Retained > 1 { // it ends by itself
		time.Sleep(time.Millisecond)
	}
	got, err := topics.GetRecord(t.Context(), &lingerv1.GetRecordRequest{Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	e := got.Topic.Stats.Ended
	if got.Topic.Stats.Published != 4 || got.Topic.Stats.Retained != 1 || e.Deleted != 2 || e.ExpiredUndelivered != 1 || len(got.Intervals) == 0 {
		t.Errorf("%v", got)
	}
	page, err := topics.ListEnds(t.Context(), &lingerv1.ListEndsRequest{Topic: "t", PageSize: 1})
	if err != nil || len(page.Ends) != 1 || page.Ends[0].FirstSequence != 4 || page.NextPageToken == "" {
		t.Fatalf("%v, %v", page, err)
	}
	page, err = topics.ListEnds(t.Context(), &lingerv1.ListEndsRequest{Topic: "t", PageToken: page.NextPageToken})
	if err != nil || len(page.Ends) == 0 || page.Ends[0].LastSequence != 2 || page.NextPageToken != "" {
		t.Errorf("%v, %v", page, err)
	}
	page, err = topics.ListEnds(t.Context(), &lingerv1.ListEndsRequest{Topic: "t", Reasons: []lingerv1.EndReason{lingerv1.EndReason_END_REASON_EVICTED}})
	if err != nil || len(page.Ends) != 0 {
		t.Errorf("%v, %v", page, err)
	}
	for _, in := range []*lingerv1.ListEndsRequest{
		{Topic: "t", PageToken: "x"}, {Topic: "t", PageSize: 1001}, {Topic: "t", Reasons: []lingerv1.EndReason{99}}, {Topic: "a..b"},
	} {
		_, err = topics.ListEnds(t.Context(), in)
		wantCode(t, err, codes.InvalidArgument)
	}
}
