package server

import (
	"context"
	"sync"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
)

const (
	// mostChanges of lifetimes stand in one request.
	mostChanges = 1000
	// changesAtOnce of them are under way at a time: enough that a log which syncs commits many with one write.
	changesAtOnce = 128
)

func (s *retainedService) SetExpireTime(ctx context.Context, in *lingerv1.SetExpireTimeRequest) (*lingerv1.SetExpireTimeResponse, error) {
	r, err := s.setDeadline(ctx, in)
	if err != nil {
		return nil, err
	}
	now := s.broker.Now()
	return &lingerv1.SetExpireTimeResponse{
		ExpireTime:       timestamp(r.Deadline),
		TimeLeft:         timeLeft(r.Deadline, now),
		LoweredToMaximum: r.LoweredToMaximum,
		ServerTime:       timestamp(now),
	}, nil
}

func (s *retainedService) SetExpireTimes(ctx context.Context, in *lingerv1.SetExpireTimesRequest) (*lingerv1.SetExpireTimesResponse, error) {
	changes := in.GetChanges()
	if len(changes) == 0 || len(changes) > mostChanges {
		return nil, invalid("changes", "%d of them; a request has 1 to %d", len(changes), mostChanges)
	}
	results := make([]*lingerv1.SetExpireTimeResult, len(changes))
	var workers sync.WaitGroup
	for first := range min(changesAtOnce, len(changes)) {
		workers.Go(func() {
			for i := first; i < len(changes) && ctx.Err() == nil; i += changesAtOnce {
				results[i] = s.change(ctx, changes[i])
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, whyEnded(ctx, err)
	}
	return &lingerv1.SetExpireTimesResponse{Results: results, ServerTime: timestamp(s.broker.Now())}, nil
}

// change is one of many: what goes wrong with it is its own.
func (s *retainedService) change(ctx context.Context, in *lingerv1.SetExpireTimeRequest) *lingerv1.SetExpireTimeResult {
	r, err := s.setDeadline(ctx, in)
	if err != nil {
		return &lingerv1.SetExpireTimeResult{Error: s.problems.proto(err)}
	}
	return &lingerv1.SetExpireTimeResult{ExpireTime: timestamp(r.Deadline), LoweredToMaximum: r.LoweredToMaximum}
}

func (s *retainedService) setDeadline(ctx context.Context, in *lingerv1.SetExpireTimeRequest) (broker.SetDeadlineResult, error) {
	if err := needMessage(in.GetTopic(), in.GetSequence()); err != nil {
		return broker.SetDeadlineResult{}, err
	}
	if in.GetExpireTime() == nil {
		return broker.SetDeadlineResult{}, invalid("expire_time", "not set; give the new deadline, or the present time to end the message")
	}
	deadline, err := instant("expire_time", in.GetExpireTime())
	if err != nil {
		return broker.SetDeadlineResult{}, err
	}
	expected, err := instant("expected_expire_time", in.GetExpectedExpireTime())
	if err != nil {
		return broker.SetDeadlineResult{}, err
	}
	return s.broker.SetDeadline(ctx, in.GetTopic(), in.GetSequence(), deadline, expected)
}
