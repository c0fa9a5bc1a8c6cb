package server

import (
	"context"
	"encoding/base64"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
)

const (
	pageSizeDefault = 100
	pageSizeMost    = 1000
)

type topicService struct {
	*service
	lingerv1.UnimplementedTopicServiceServer
}

func (s *topicService) CreateTopic(ctx context.Context, in *lingerv1.CreateTopicRequest) (*lingerv1.CreateTopicResponse, error) {
	if err := named("name", in.GetName()); err != nil {
		return nil, err
	}
	p, err := policy(in.GetPolicy())
	if err != nil {
		return nil, err
	}
	d, err := askedDurability(in.GetDurability())
	if err != nil {
		return nil, err
	}
	create := s.broker.CreateTopic
	if in.GetAutoCreated() {
		create = s.broker.CreateAutoTopic
	}
	t, err := create(ctx, in.GetName(), p, d)
	if err != nil {
		return nil, err
	}
	return &lingerv1.CreateTopicResponse{Topic: s.topic(t), ServerTime: timestamp(s.broker.Now())}, nil
}

func (s *topicService) GetTopic(_ context.Context, in *lingerv1.GetTopicRequest) (*lingerv1.GetTopicResponse, error) {
	if err := named("name", in.GetName()); err != nil {
		return nil, err
	}
	t, err := s.broker.Topic(in.GetName())
	if err != nil {
		return nil, err
	}
	return &lingerv1.GetTopicResponse{Topic: s.topic(t), ServerTime: timestamp(s.broker.Now())}, nil
}

func (s *topicService) ListTopics(_ context.Context, in *lingerv1.ListTopicsRequest) (*lingerv1.ListTopicsResponse, error) {
	size, err := pageSize(in.GetPageSize())
	if err != nil {
		return nil, err
	}
	after, err := readTopicToken(in.GetPageToken())
	if err != nil {
		return nil, err
	}
	// One more than asked tells whether there is another page.
	list := s.broker.Topics
	if in.GetForecast() {
		list = s.broker.TopicsWithForecast
	}
	page, total, err := list(in.GetPattern(), after, size+1)
	if err != nil {
		return nil, err
	}
	out := &lingerv1.ListTopicsResponse{Total: uint32(total), ServerTime: timestamp(s.broker.Now())}
	if len(page) > size {
		page = page[:size]
		out.NextPageToken = topicToken(page[size-1].Name)
	}
	for _, t := range page {
		out.Topics = append(out.Topics, s.topic(t))
	}
	return out, nil
}

func (s *topicService) SumTopics(_ context.Context, in *lingerv1.SumTopicsRequest) (*lingerv1.SumTopicsResponse, error) {
	sums, err := s.broker.SumTopics(in.GetPatterns(), in.GetFilter())
	if err != nil {
		return nil, err
	}
	out := &lingerv1.SumTopicsResponse{ServerTime: timestamp(s.broker.Now())}
	for i := range sums {
		m := topicSum(&sums[i])
		if in.GetRecent() {
			m.Recent = sums[i].Recent
		}
		out.Sums = append(out.Sums, m)
	}
	return out, nil
}

func topicSum(sum *broker.TopicSum) *lingerv1.TopicSum {
	return &lingerv1.TopicSum{Pattern: sum.Pattern, Topics: uint32(sum.Topics), Stats: topicStats(&sum.Totals), PublishRate: sum.PublishRate}
}

func (s *topicService) SetTopicPolicy(ctx context.Context, in *lingerv1.SetTopicPolicyRequest) (*lingerv1.SetTopicPolicyResponse, error) {
	if err := named("name", in.GetName()); err != nil {
		return nil, err
	}
	p, err := policy(in.GetPolicy())
	if err != nil {
		return nil, err
	}
	t, err := s.broker.SetPolicy(ctx, in.GetName(), p)
	if err != nil {
		return nil, err
	}
	return &lingerv1.SetTopicPolicyResponse{Topic: s.topic(t), ServerTime: timestamp(s.broker.Now())}, nil
}

func (s *topicService) DeleteTopic(ctx context.Context, in *lingerv1.DeleteTopicRequest) (*lingerv1.DeleteTopicResponse, error) {
	if err := named("name", in.GetName()); err != nil {
		return nil, err
	}
	n, err := s.broker.DeleteTopic(ctx, in.GetName())
	if err != nil {
		return nil, err
	}
	return &lingerv1.DeleteTopicResponse{Deleted: n, ServerTime: timestamp(s.broker.Now())}, nil
}

func pageSize(asked int32) (int, error) {
	switch {
	case asked == 0:
		return pageSizeDefault, nil
	case asked < 0 || asked > pageSizeMost:
		return 0, invalid("page_size", "%d; it is 1 to %d, or 0 for %d", asked, pageSizeMost, pageSizeDefault)
	}
	return int(asked), nil
}

// A topic list's token is the last name of the page before.

func topicToken(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

func readTopicToken(token string) (string, error) {
	name, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && token != "" {
		err = broker.ValidateTopic(string(name))
	}
	if err != nil {
		return "", invalid("page_token", "not one that this server gave; leave it empty for the first page")
	}
	return string(name), nil
}
