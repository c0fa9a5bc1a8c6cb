package client

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "linger/proto/linger/v1"
)

// FuzzDecode holds the reading of responses against the generated code: whatever that makes of some bytes, encoded anew,
// is read as the same. Bytes of any kind are an error or a response, and nothing worse.
func FuzzDecode(f *testing.F) {
	at := timestamppb.New(time.Unix(1_700_000_000, 123_000_000))
	for _, r := range []*pb.SubscribeResponse{
		{},
		{ServerTime: at, ResumeToken: []byte("token"), Runs: []*pb.Run{
			{
				Topic: "a.b", FirstSequence: 1 << 40, PublishTime: at, ExpireTime: timestamppb.New(time.Unix(-5, 7)), Incarnation: 1 << 63,
				Gap:      &pb.Gap{FirstSequence: 1, LastSequence: 9, Expired: 8, Lost: 1},
				Messages: []*pb.Message{{Key: "k", Attributes: map[string]string{"a": "1", "b": ""}, Data: []byte("data")}, {}},
			},
			{Topic: "c", Gap: &pb.Gap{Skipped: 3}},
		}},
		{ServerTime: at, Event: &pb.SubscribeResponse_Hello{Hello: &pb.Hello{Store: "s", HeartbeatMs: 15_000}}},
		{Event: &pb.SubscribeResponse_CaughtUp{CaughtUp: &pb.CaughtUp{}}},
	} {
		b, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{6 << 3, 1}) // a field that is not known, and nothing behind it
	f.Add([]byte{})
	borrowed := response{scratch: scratch{again: true}} // holds what was read before
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = new(response).decode(b) // whatever it is
		var want pb.SubscribeResponse
		if proto.Unmarshal(b, &want) != nil {
			return
		}
		canonical, err := proto.Marshal(&want)
		if err != nil {
			t.Fatal(err)
		}
		var got response
		if err := got.decode(canonical); err != nil {
			t.Fatalf("%v of %v", err, &want)
		}
		compare(t, &got, &want)
		borrowed.reset()
		if err := borrowed.decode(canonical); err != nil {
			t.Fatalf("%v of %v, borrowed", err, &want)
		}
		compare(t, &borrowed, &want)
	})
}

func compare(t *testing.T, got *response, want *pb.SubscribeResponse) {
	t.Helper()
	if !got.serverTime.Equal(goTime(want.GetServerTime())) || !bytes.Equal(got.token, want.GetResumeToken()) || len(got.runs) != len(want.GetRuns()) {
		t.Fatalf("%+v\nof %v", got, want)
	}
	rest := proto.Clone(want).(*pb.SubscribeResponse)
	rest.ServerTime, rest.ResumeToken, rest.Runs = nil, nil, nil
	if !proto.Equal(&got.rest, rest) {
		t.Errorf("event %v, want %v", &got.rest, rest)
	}
	for i, run := range got.runs {
		w := want.GetRuns()[i]
		if run.Topic != w.GetTopic() || run.FirstSequence != w.GetFirstSequence() || run.Incarnation != w.GetIncarnation() ||
			!run.PublishTime.Equal(goTime(w.GetPublishTime())) || !run.ExpireTime.Equal(goTime(w.GetExpireTime())) ||
			!proto.Equal(run.gap, w.GetGap()) || len(run.Messages) != len(w.GetMessages()) {
			t.Fatalf("run %+v\nof %v", run, w)
		}
		for j, m := range run.Messages {
			wm := w.GetMessages()[j]
			if m.Key != wm.GetKey() || !bytes.Equal(m.Data, wm.GetData()) || !maps.Equal(m.Attributes, wm.GetAttributes()) {
				t.Errorf("message %+v\nof %v", m, wm)
			}
		}
	}
}
