package server_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	lingerv1 "linger/proto/linger/v1"
)

// Many lifetimes are changed by one request, each as if alone: what is wrong with one is told of that one.
func TestManyLifetimesInOneRequest(t *testing.T) {
	s := start(t, nil)
	c := lingerv1.NewRetainedServiceClient(s.dial())
	const all = 1000
	expires := s.publish("t", time.Hour, make([]string, all)...).ExpireTime
	later := timestamppb.New(expires.AsTime().Add(time.Hour))
	changes := make([]*lingerv1.SetExpireTimeRequest, all)
	for i := range changes {
		changes[i] = &lingerv1.SetExpireTimeRequest{Topic: "t", Sequence: uint64(i + 1), ExpireTime: later, ExpectedExpireTime: expires}
	}
	changes[0].Sequence = all + 1
	changes[1].ExpectedExpireTime = later
	changes[1].ExpireTime = timestamppb.New(later.AsTime().Add(time.Hour))
	changes[2].ExpireTime = nil
	wrong := map[int]codes.Code{0: codes.NotFound, 1: codes.FailedPrecondition, 2: codes.InvalidArgument}

	answer, err := c.SetExpireTimes(t.Context(), &lingerv1.SetExpireTimesRequest{Changes: changes})
	if err != nil || len(answer.Results) != all || answer.ServerTime == nil {
		t.Fatalf("%d results, %v", len(answer.GetResults()), err)
	}
	for i, r := range answer.Results {
		if code := codes.Code(r.GetError().GetCode()); code != wrong[i] {
			t.Errorf("change %d: %v: %s", i, code, r.GetError().GetMessage())
		}
		if wrong[i] == codes.OK && !r.ExpireTime.AsTime().Equal(later.AsTime()) {
			t.Errorf("change %d: until %v", i, r.ExpireTime.AsTime())
		}
	}
	if details := answer.Results[1].GetError().GetDetails(); len(details) == 0 {
		t.Error("a deadline that was another one is told without a reason")
	}
	list, err := c.ListMessages(t.Context(), &lingerv1.ListMessagesRequest{Pattern: "t", PageSize: all, MinExpireTime: later})
	if err != nil || len(list.Messages) != all-len(wrong) {
		t.Errorf("%d have the new deadline, %v", len(list.GetMessages()), err)
	}

	_, err = c.SetExpireTimes(t.Context(), &lingerv1.SetExpireTimesRequest{})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.SetExpireTimes(t.Context(), &lingerv1.SetExpireTimesRequest{Changes: append(changes, changes[5])})
	wantCode(t, err, codes.InvalidArgument)
}
