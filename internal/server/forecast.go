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
	out := &lingerv1.ForecastResponse{Forecast: forecast(f.Stops, f.Endings), ServerTime: timestamp(f.Now)}
	out.Soonest, err = s.soonest(in)
	return out, err
}

// soonestMost bounds of how many messages the deadlines are told.
const soonestMost = 2000

// soonest tells what ends first. nil: it was not asked for.
func (s *retainedService) soonest(in *lingerv1.ForecastRequest) (*lingerv1.Soonest, error) {
	most := in.GetSoonest()
	switch {
	case most == 0:
		return nil, nil
	case most < 0 || most > soonestMost:
		return nil, invalid("soonest", "%d; it is 1 to %d, or 0 for none", most, soonestMost)
	}
	due, until, err := s.broker.Soonest(in.GetPattern(), int(most))
	if err != nil {
		return nil, err
	}
	m := &lingerv1.Soonest{}
	for _, d := range due {
		m.ExpireTimesMs = append(m.ExpireTimesMs, int64(d.Deadline))
		m.Messages = append(m.Messages, uint32(d.Messages)) // no more than were asked for
	}
	if until != 0 {
		m.Until = timestamp(until)
	}
	return m, nil
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
