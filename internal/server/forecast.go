package server

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
)

func (s *retainedService) Forecast(_ context.Context, in *lingerv1.ForecastRequest) (*lingerv1.ForecastResponse, error) {
	f, err := s.broker.Forecast(in.GetPattern())
	if err != nil {
		return nil, err
	}
	return &lingerv1.ForecastResponse{Forecast: forecast(f.Stops, f.Endings), ServerTime: timestamp(f.Now)}, nil
}

// forecast leaves out the intervals in which nothing ends. nil: it was not asked for.
func forecast(stops []time.Duration, endings []broker.Ending) *lingerv1.Forecast {
	if endings == nil {
		return nil
	}
	m := &lingerv1.Forecast{}
	for i, e := range endings {
		if e.Messages == 0 {
			continue
		}
		interval := &lingerv1.ForecastInterval{After: durationpb.New(stops[i]), Messages: e.Messages, Bytes: e.Bytes}
		if i+1 < len(stops) {
			interval.Within = durationpb.New(stops[i+1])
		}
		m.Intervals = append(m.Intervals, interval)
	}
	return m
}
