package client_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/client"
	pb "linger/proto/linger/v1"
)

func TestForecast(t *testing.T) {
	told := &pb.Forecast{Intervals: []*pb.ForecastInterval{
		{After: durationpb.New(0), Within: durationpb.New(time.Second), Messages: 3, Bytes: 30},
		{After: durationpb.New(7 * 24 * time.Hour), Messages: 1, Bytes: 10},
	}}
	want := []client.ForecastInterval{
		{Within: time.Second, Messages: 3, Bytes: 30},
		{After: 7 * 24 * time.Hour, Messages: 1, Bytes: 10},
	}
	now := time.UnixMilli(1_790_000_000_000)
	var asked []bool
	f := &fake{
		forecast: func(r *pb.ForecastRequest) (*pb.ForecastResponse, error) {
			if r.Pattern != "a.*" {
				return nil, status.Error(codes.NotFound, "no such topic")
			}
			return &pb.ForecastResponse{Forecast: told, ServerTime: timestamppb.New(now)}, nil
		},
		listTopics: func(r *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
			asked = append(asked, r.Forecast)
			topic := &pb.Topic{Name: "a" + r.PageToken}
			if r.Forecast {
				topic.Forecast = told
			}
			next := ""
			if r.PageToken == "" {
				next = "2"
			}
			return &pb.ListTopicsResponse{Topics: []*pb.Topic{topic}, NextPageToken: next}, nil
		},
	}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		got, err := c.Forecast(t.Context(), "a.*")
		if err != nil || !reflect.DeepEqual(got.Intervals, want) || !got.ServerTime.Equal(now) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := c.Forecast(t.Context(), "b"); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("unknown topic: %v", err)
		}
		topics := c.ListTopicsWithForecast(t.Context(), "")
		for range 2 { // each time from the first page on
			for topic, err := range topics {
				if err != nil || !reflect.DeepEqual(topic.Forecast, want) {
					t.Errorf("%+v, %v", topic, err)
				}
			}
		}
		for topic, err := range c.ListTopics(t.Context(), "") {
			if err != nil || topic.Forecast != nil {
				t.Errorf("%+v, %v", topic, err)
			}
		}
		if want := []bool{true, true, true, true, false, false}; !reflect.DeepEqual(asked, want) {
			t.Errorf("asked %v, want %v", asked, want)
		}
	})
}
