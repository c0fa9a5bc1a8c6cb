package server

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	lingerv1 "linger/proto/linger/v1"
)

// Of many changes none is begun any more when nobody waits for them.
func TestChangesOfACallerWhoLeft(t *testing.T) {
	s, b := inside(t)
	expires := put(t, b, "t").Deadline
	in := &lingerv1.SetExpireTimesRequest{Changes: []*lingerv1.SetExpireTimeRequest{
		{Topic: "t", Sequence: 1, ExpireTime: timestamppb.New(expires.Add(time.Hour).Time())},
	}}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := (&retainedService{service: s.service}).SetExpireTimes(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v", err)
	}
	if m, _, err := b.Get("t", 1); err != nil || m.Deadline != expires {
		t.Errorf("it has the deadline %v, %v", m.Deadline.Time(), err)
	}
}
