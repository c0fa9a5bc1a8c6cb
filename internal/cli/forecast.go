package cli

import (
	"strings"
	"time"

	"linger/client"
)

// forecastBounds are the times left that a line of text names; each is a stop of the server's.
var forecastBounds = []time.Duration{
	time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// formatForecast says how much ends within some times, as far as that is more each time: "3 within 1m, 41 within 10m".
func formatForecast(intervals []client.ForecastInterval) string {
	var parts []string
	sum, told := uint64(0), uint64(0)
	for _, bound := range forecastBounds {
		for len(intervals) > 0 && intervals[0].Within != 0 && intervals[0].Within <= bound {
			sum += intervals[0].Messages
			intervals = intervals[1:]
		}
		if sum > told {
			parts = append(parts, grouped(sum)+" within "+formatDuration(bound))
			told = sum
		}
	}
	for _, later := range intervals {
		sum += later.Messages
	}
	if sum > told {
		parts = append(parts, grouped(sum)+" in all")
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// jsonEnding is an interval of a forecast as --json writes it.
type jsonEnding struct {
	AfterMs  int64  `json:"after_ms"`
	WithinMs int64  `json:"within_ms,omitempty"` // absent: any longer
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

func newJSONForecast(intervals []client.ForecastInterval) []jsonEnding {
	if intervals == nil {
		return nil
	}
	all := make([]jsonEnding, 0, len(intervals))
	for _, i := range intervals {
		all = append(all, jsonEnding{i.After.Milliseconds(), i.Within.Milliseconds(), i.Messages, i.Bytes})
	}
	return all
}
