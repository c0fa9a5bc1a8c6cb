package client

import (
	"context"
	"time"

	pb "linger/proto/linger/v1"
)

// Forecast tells what of the messages alive ends when, if no lifetime is changed and nothing is evicted or deleted.
type Forecast struct {
	// Intervals are those in which something ends, soonest first; together they hold exactly the messages alive. Of many
	// messages, one that is nearer to where an interval ends than 64 ms, or than a 48th of the time until then, may be
	// counted in its neighbour.
	Intervals []ForecastInterval
	// ServerTime is the server's clock when this was true.
	ServerTime time.Time
}

// ForecastInterval is what ends in one interval.
type ForecastInterval struct {
	// After and Within bound the time that it has left: more than the one, at most the other. Within 0: any longer.
	After, Within time.Duration
	// Messages is how many end in it.
	Messages uint64
	// Bytes is their encoded size.
	Bytes uint64
}

// Forecast tells what ends when in a topic, in the topics of a pattern, or in all (empty). [ErrNotFound] when pattern is a
// name and no such topic exists.
func (c *Client) Forecast(ctx context.Context, pattern string) (Forecast, error) {
	resp, err := c.retained.Forecast(ctx, &pb.ForecastRequest{Pattern: pattern})
	if err != nil {
		return Forecast{}, c.rpcError(err)
	}
	return Forecast{Intervals: newForecast(resp.GetForecast()), ServerTime: goTime(resp.GetServerTime())}, nil
}

// newForecast reads intervals. nil: they were not asked for.
func newForecast(f *pb.Forecast) []ForecastInterval {
	if f == nil {
		return nil
	}
	all := make([]ForecastInterval, 0, len(f.GetIntervals()))
	for _, i := range f.GetIntervals() {
		all = append(all, ForecastInterval{
			After: i.GetAfter().AsDuration(), Within: i.GetWithin().AsDuration(), Messages: i.GetMessages(), Bytes: i.GetBytes(),
		})
	}
	return all
}
