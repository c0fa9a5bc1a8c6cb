package client_test

import (
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/client"
	pb "linger/proto/linger/v1"
)

func TestListMessagesAsksForPageAfterPage(t *testing.T) {
	var sizes []int32
	f := &fake{listMessages: func(r *pb.ListMessagesRequest) (*pb.ListMessagesResponse, error) {
		sizes = append(sizes, r.GetPageSize())
		from, _ := strconv.Atoi(r.GetPageToken())
		resp := &pb.ListMessagesResponse{ServerTime: timestamppb.Now()}
		for i := from; i < from+int(r.GetPageSize()) && i < 2500; i++ {
			resp.Messages = append(resp.Messages, &pb.RetainedMessage{
				Topic: "t", Sequence: uint64(i + 1), ExpireTime: timestamppb.New(time.Now().Add(time.Minute)),
			})
		}
		if next := from + len(resp.GetMessages()); next < 2500 {
			resp.NextPageToken = strconv.Itoa(next)
		}
		return resp, nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		count := func(limit int) (n int) {
			for m, err := range c.ListMessages(t.Context(), "t", client.ListOptions{Limit: limit}) {
				if n++; err != nil || m.Sequence != uint64(n) || m.TimeLeft != time.Minute {
					t.Fatalf("message %d: %+v, %v", n, m, err)
				}
			}
			return n
		}
		if n := count(0); n != 2500 {
			t.Errorf("%d messages, want 2500", n)
		}
		if n := count(1200); n != 1200 {
			t.Errorf("%d messages, want 1200", n)
		}
		if len(sizes) != 5 || sizes[4] != 200 {
			t.Errorf("page sizes %v", sizes)
		}
	})
}

func TestExtendCountsFromTheServersClock(t *testing.T) {
	server := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	f := &fake{
		getMessage: func(*pb.GetMessageRequest) (*pb.GetMessageResponse, error) {
			return &pb.GetMessageResponse{
				ServerTime: timestamppb.New(server),
				State:      &pb.GetMessageResponse_Retained{Retained: &pb.RetainedMessage{Topic: "t", Sequence: 3}},
			}, nil
		},
		setExpireTime: func(r *pb.SetExpireTimeRequest) (*pb.SetExpireTimeResponse, error) {
			return &pb.SetExpireTimeResponse{ExpireTime: r.GetExpireTime(), LoweredToMaximum: true}, nil
		},
	}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		l, err := c.Extend(t.Context(), "t", 3, time.Hour)
		if err != nil || !l.ExpireTime.Equal(server.Add(time.Hour)) || !l.LoweredToMaximum {
			t.Errorf("%+v, %v", l, err)
		}
	})
}
