package gallery

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	lingerv1 "linger/proto/linger/v1"
	"linger/web"
)

// topicService answers what the form asks of its topic, and the page of topics of all.
type topicService struct {
	lingerv1.UnimplementedTopicServiceServer
	scene *scene
}

func (s *topicService) GetTopic(_ context.Context, r *lingerv1.GetTopicRequest) (*lingerv1.GetTopicResponse, error) {
	c, now := s.scene.look()
	if c.Topic == nil || !c.Topic.Known || c.Topic.Name != r.Name {
		return nil, status.Error(codes.NotFound, "the gallery has no such topic")
	}
	t := &lingerv1.Topic{Name: r.Name, Incarnation: 1, Policy: wirePolicy(c.Topic.Policy), Stats: &lingerv1.TopicStats{
		Subscriptions: uint32(c.Topic.Subscriptions), Retained: c.Totals.Retained, RetainedBytes: c.Totals.Bytes,
	}}
	if limits := s.scene.state.limits; limits != nil {
		proto.Merge(t.Policy, limits)
	}
	if gone := c.gone(now); gone < c.total {
		t.Stats.NextExpireTime = timestamppb.New(c.message(gone).Expires)
	}
	return &lingerv1.GetTopicResponse{Topic: t, ServerTime: timestamppb.New(now)}, nil
}

func (s *topicService) ListTopics(context.Context, *lingerv1.ListTopicsRequest) (*lingerv1.ListTopicsResponse, error) {
	c, now := s.scene.look()
	answer := &lingerv1.ListTopicsResponse{ServerTime: timestamppb.New(now), Total: uint32(c.Topics)}
	for _, chip := range c.Chips {
		answer.Topics = append(answer.Topics, &lingerv1.Topic{Name: chip.Topic, Policy: wirePolicy(web.Policy{})})
	}
	return answer, nil
}

// SumTopics tells the numbers that the page of topics has.
func (s *topicService) SumTopics(_ context.Context, r *lingerv1.SumTopicsRequest) (*lingerv1.SumTopicsResponse, error) {
	now := s.scene.now()
	shown := numbersByPattern(web.Page{Now: now})
	answer := &lingerv1.SumTopicsResponse{ServerTime: timestamppb.New(now)}
	for _, pattern := range r.Patterns {
		answer.Sums = append(answer.Sums, wireSum(pattern, shown[pattern]))
	}
	return answer, nil
}

// publisher takes what is published on the page.
type publisher struct {
	lingerv1.UnimplementedPublishServiceServer
	scene *scene
}

func (s *publisher) Publish(ctx context.Context, r *lingerv1.PublishRequest) (*lingerv1.PublishResponse, error) {
	if err := s.scene.state.answer; err != nil {
		if errors.Is(err, errSilent) {
			<-ctx.Done()
		}
		return nil, err
	}
	_, now := s.scene.look()
	answer := &lingerv1.PublishResponse{ServerTime: timestamppb.New(now)}
	for _, b := range r.Batches {
		first := uint64(0)
		for i, message := range b.Messages {
			m := s.scene.take(web.Message{Topic: b.Topic, Published: now, Expires: now.Add(b.Ttl.AsDuration()), Data: message.Data})
			if i == 0 {
				first = m.Sequence
			}
		}
		answer.Results = append(answer.Results, &lingerv1.BatchResult{
			FirstSequence: first, Count: uint32(len(b.Messages)), Durability: lingerv1.Durability_DURABILITY_FSYNCED,
			PublishTime: timestamppb.New(now), ExpireTime: timestamppb.New(now.Add(b.Ttl.AsDuration())),
		})
	}
	return answer, nil
}
