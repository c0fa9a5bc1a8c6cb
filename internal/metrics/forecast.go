package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"linger/broker"
)

// What ends when is told as histograms are: the label le is a time left in seconds, and what ends within that time is
// counted. They are gauges, since what is retained comes and goes.
var (
	forecastMessages = desc("linger_forecast_messages", "Messages alive that end within le seconds, if nothing changes.", "le")
	forecastBytes    = desc("linger_forecast_bytes", "Encoded bytes of the messages alive that end within le seconds, if nothing changes.", "le")
)

// forecast sends two gauges for each stop, and two for all.
func (c collector) forecast(gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	f, err := c.broker.Forecast("")
	if err != nil {
		return // all can always be asked for
	}
	var sum broker.Ending
	for i, e := range f.Endings {
		sum.Messages += e.Messages
		sum.Bytes += e.Bytes
		le := "+Inf"
		if i+1 < len(f.Stops) {
			le = strconv.FormatFloat(f.Stops[i+1].Seconds(), 'f', -1, 64)
		}
		gauge(forecastMessages, float64(sum.Messages), le)
		gauge(forecastBytes, float64(sum.Bytes), le)
	}
}
