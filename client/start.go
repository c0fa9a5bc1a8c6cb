package client

import (
	"time"

	pb "linger/proto/linger/v1"
)

// Start is where a subscription begins. The zero value is [FromAll].
type Start struct {
	set func(*pb.SubscribeRequest)
}

// FromAll begins at everything retained.
func FromAll() Start { return Start{} }

// FromNew begins at what is published from now on.
func FromNew() Start {
	return Start{func(r *pb.SubscribeRequest) {
		r.Start = &pb.SubscribeRequest_New{New: &pb.StartNew{}}
	}}
}

// FromLast begins at the last n retained messages of each topic; 1 or more.
func FromLast(n uint64) Start {
	return Start{func(r *pb.SubscribeRequest) { r.Start = &pb.SubscribeRequest_Last{Last: n} }}
}

// FromSequence begins at a sequence; for a single topic without wildcards only.
func FromSequence(seq uint64) Start {
	return Start{func(r *pb.SubscribeRequest) { r.Start = &pb.SubscribeRequest_Sequence{Sequence: seq} }}
}

// FromTime begins at what was published at t, by the server's clock, or later.
func FromTime(t time.Time) Start {
	return Start{func(r *pb.SubscribeRequest) {
		r.Start = &pb.SubscribeRequest_Time{Time: protoTime(t)}
	}}
}

// FromToken goes on after what an earlier subscription to the same patterns was handed; see [Subscription.Token].
func FromToken(token []byte) Start {
	return Start{func(r *pb.SubscribeRequest) {
		r.Start = &pb.SubscribeRequest_ResumeToken{ResumeToken: token}
	}}
}

func (s Start) apply(r *pb.SubscribeRequest) {
	if s.set != nil {
		s.set(r)
		return
	}
	r.Start = &pb.SubscribeRequest_All{All: &pb.StartAll{}}
}

// SlowPolicy is what happens to a subscription that falls behind what is retained.
type SlowPolicy int

const (
	// SlowTold is told what it missed and goes on.
	SlowTold SlowPolicy = SlowPolicy(pb.SlowPolicy_SLOW_POLICY_UNSPECIFIED)
	// SlowDisconnect ends the subscription with an error that names what it missed.
	SlowDisconnect SlowPolicy = SlowPolicy(pb.SlowPolicy_SLOW_POLICY_DISCONNECT)
	// SlowSkipToNewest is told what it missed and goes on with the newest message.
	SlowSkipToNewest SlowPolicy = SlowPolicy(pb.SlowPolicy_SLOW_POLICY_SKIP_TO_NEWEST)
)
