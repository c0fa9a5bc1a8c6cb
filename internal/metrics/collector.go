package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"linger/broker"
)

// collector reads the broker's numbers when it is asked, all at one moment.
type collector struct {
	broker *broker.Broker
	set    *Set
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	memoryUsed     = desc("linger_memory_bytes", "Retained memory as the broker accounts it.")
	memoryLimit    = desc("linger_memory_limit_bytes", "Its limit; 0: none.")
	topics         = desc("linger_topics", "Topics.")
	subscriptions  = desc("linger_subscriptions", "Subscriptions open.")
	watchers       = desc("linger_watchers", "Watchers, pages and dashboards among them.")
	pending        = desc("linger_commits_pending", "Proposals that the log has not answered yet.")
	worstLag       = desc("linger_slowest_reader_lag_messages", "Messages that the slowest reader has still to be given.")
	retained       = desc("linger_retained_messages", "Messages alive.")
	retainedBytes  = desc("linger_retained_bytes", "Encoded bytes of the messages alive.")
	passing        = desc("linger_passing_messages", "Now-or-never messages that may still be on their way.")
	published      = desc("linger_published_messages_total", "Messages published. Equals retained + passing + ended.")
	delivered      = desc("linger_delivered_messages_total", "Messages handed to a transport, counted for each subscription.")
	ended          = desc("linger_ended_messages_total", "Messages ended, by reason.", "reason")
	storeBytes     = desc("linger_store_bytes", "What the store takes on disk; 0 for one in memory.")
	storeLimit     = desc("linger_store_limit_bytes", "Beyond which publishes are refused; 0: no limit.")
	storeProblem   = desc("linger_store_problem", "1 while that is wrong with the store, else 0.", "problem")
	streamsDesc    = desc("linger_streams", "Streams open, by kind. A stream through gRPC-Web counts as web too.", "kind")
	allDescription = []*prometheus.Desc{
		memoryUsed, memoryLimit, topics, subscriptions, watchers, pending, worstLag,
		retained, retainedBytes, passing, published, delivered, ended, storeBytes, storeLimit, storeProblem, streamsDesc,
		forecastMessages, forecastBytes,
	}
)

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range allDescription {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	s := c.broker.Stats()
	gauge(memoryUsed, float64(s.MemoryUsed))
	gauge(memoryLimit, float64(s.MemoryLimit))
	gauge(topics, float64(s.Topics))
	gauge(subscriptions, float64(s.Subscriptions))
	gauge(watchers, float64(s.Watchers))
	gauge(pending, float64(s.Pending))
	gauge(worstLag, float64(s.WorstLag))
	gauge(retained, float64(s.Counts.Retained))
	gauge(retainedBytes, float64(s.Counts.RetainedBytes))
	gauge(passing, float64(s.Counts.Passing))
	count(published, s.Counts.Published)
	count(delivered, c.set.Delivered.Load())
	c.forecast(gauge)

	e := s.Counts.Ended
	count(ended, e.ExpiredDelivered, "expired_delivered")
	count(ended, e.ExpiredUndelivered, "expired_undelivered")
	count(ended, e.ExpiredUnknown, "expired_unknown")
	count(ended, e.Evicted, "evicted")
	count(ended, e.Deleted, "deleted")
	count(ended, e.Lost, "lost")

	store := c.broker.StoreStats()
	gauge(storeBytes, float64(store.Bytes))
	gauge(storeLimit, float64(store.Limit))
	full, readOnly := errors.Is(store.Health, broker.ErrFull), errors.Is(store.Health, broker.ErrReadOnly)
	gauge(storeProblem, oneIf(store.NearlyFull()), "nearly_full")
	gauge(storeProblem, oneIf(full), "full")
	gauge(storeProblem, oneIf(readOnly), "read_only")
	gauge(storeProblem, oneIf(store.Health != nil && !full && !readOnly), "damaged")

	streams := &c.set.Streams
	gauge(streamsDesc, float64(streams.Publish.Load()), "publish")
	gauge(streamsDesc, float64(streams.Subscribe.Load()), "subscribe")
	gauge(streamsDesc, float64(streams.Watch.Load()), "watch")
	gauge(streamsDesc, float64(streams.Exercise.Load()), "exercise")
	gauge(streamsDesc, float64(streams.Web.Load()), "web")
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
