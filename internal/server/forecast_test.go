package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	lingerv1 "linger/proto/linger/v1"
	"linger/web"
)

// endsOf writes a forecast as "(after, within]: messages".
func endsOf(f *lingerv1.Forecast) string {
	var all []string
	for _, i := range f.GetIntervals() {
		within := "…"
		if i.Within != nil {
			within = i.Within.AsDuration().String()
		}
		if i.Bytes < 5*i.Messages {
			within += fmt.Sprintf(" in %d bytes", i.Bytes)
		}
		all = append(all, fmt.Sprintf("(%v, %s]: %d", i.After.AsDuration(), within, i.Messages))
	}
	return strings.Join(all, " ")
}

// TestForecastEverywhere compares what calls, the watch and the metrics tell. Lifetimes lie far from the stops, so that the
// time that the test takes does not matter.
func TestForecastEverywhere(t *testing.T) {
	s := start(t, nil)
	s.publish("a.x", 2*time.Hour+30*time.Minute, "one", "two")
	s.publish("a.y", 2*time.Hour+30*time.Minute, "three")
	s.publish("b", 44*time.Minute, "four")
	const (
		x   = "(2h0m0s, 3h0m0s]: 2"
		as  = "(2h0m0s, 3h0m0s]: 3"
		all = "(40m0s, 50m0s]: 1 " + as
	)
	ctx, conn := t.Context(), s.dial()
	retained, topics := lingerv1.NewRetainedServiceClient(conn), lingerv1.NewTopicServiceClient(conn)
	for pattern, want := range map[string]string{"": all, ">": all, "a.*": as, "a.x": x, "c.>": ""} {
		r, err := retained.Forecast(ctx, &lingerv1.ForecastRequest{Pattern: pattern})
		if err != nil || r.ServerTime == nil || endsOf(r.Forecast) != want {
			t.Errorf("forecast of %q: %v, %v, want %s", pattern, r, err, want)
		}
	}
	for pattern, want := range map[string]codes.Code{"nope": codes.NotFound, "a..b": codes.InvalidArgument} {
		if _, err := retained.Forecast(ctx, &lingerv1.ForecastRequest{Pattern: pattern}); status.Code(err) != want {
			t.Errorf("forecast of %q: %v", pattern, err)
		}
	}

	near, err := retained.Forecast(ctx, &lingerv1.ForecastRequest{Pattern: "a.*", Soonest: 2000})
	if err != nil || fmt.Sprint(near.GetSoonest().GetMessages()) != "[2 1]" || near.Soonest.Until != nil {
		t.Errorf("the soonest of a.*: %v, %v", near, err)
	}
	near, err = retained.Forecast(ctx, &lingerv1.ForecastRequest{Soonest: 1})
	if err != nil || fmt.Sprint(near.GetSoonest().GetMessages()) != "[1]" || near.Soonest.Until.AsTime().UnixMilli() <= near.Soonest.ExpireTimesMs[0] {
		t.Errorf("the soonest of all: %v, %v", near, err)
	}
	for _, bad := range []int32{-1, 2001} {
		_, err := retained.Forecast(ctx, &lingerv1.ForecastRequest{Soonest: bad})
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "1 to 2000") {
			t.Errorf("the %d soonest: %v", bad, err)
		}
	}

	one, err := topics.GetTopic(ctx, &lingerv1.GetTopicRequest{Name: "a.x"})
	if err != nil || endsOf(one.Topic.Forecast) != x {
		t.Errorf("topic %v, %v", one, err)
	}
	for _, asked := range []bool{false, true} {
		list, err := topics.ListTopics(ctx, &lingerv1.ListTopicsRequest{Forecast: asked})
		if err != nil || (list.Topics[0].Forecast != nil) != asked || (asked && endsOf(list.Topics[0].Forecast) != x) {
			t.Errorf("list, asked %v: %v, %v", asked, list, err)
		}
	}

	watch, err := lingerv1.NewWatchServiceClient(conn).Watch(ctx, &lingerv1.WatchRequest{Scopes: []string{">", "a.*", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	var frame *lingerv1.WatchResponse
	for len(frame.GetStats()) == 0 {
		if frame, err = watch.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{all, as, "(40m0s, 50m0s]: 1"} {
		if got := endsOf(frame.Stats[i].Forecast); got != want {
			t.Errorf("watched scope %d: %s, want %s", i, got, want)
		}
	}

	for name, want := range map[string]int{
		`linger_forecast_messages{le="1"}`: 0, `linger_forecast_messages{le="2400"}`: 0, `linger_forecast_messages{le="3000"}`: 1,
		`linger_forecast_messages{le="7200"}`: 1, `linger_forecast_messages{le="10800"}`: 4, `linger_forecast_messages{le="604800"}`: 4,
		`linger_forecast_messages{le="+Inf"}`: 4, `linger_forecast_bytes{le="+Inf"}`: s.metric("linger_retained_bytes"),
	} {
		if got := s.metric(name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	_, body := s.get("/metrics")
	if got := strings.Count(body, "\nlinger_forecast_messages{"); got != len(web.Stops()) {
		t.Errorf("%d series, want one for each stop", got)
	}
}
