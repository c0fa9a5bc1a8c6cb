// Package metrics shows a broker and its server to Prometheus. All names begin with linger_, except those of the Go
// runtime and the process.
package metrics

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"linger/broker"
)

// Streams are the streams open now, by kind. Safe for concurrent use.
type Streams struct {
	Publish, Subscribe, Watch, Exercise, Web atomic.Int64
}

// Open counts a stream until the returned function is called.
func Open(n *atomic.Int64) (closed func()) {
	n.Add(1)
	return func() { n.Add(-1) }
}

// Set is what is measured where it happens, and the rest, which is read from the broker when Prometheus asks.
// Safe for concurrent use.
type Set struct {
	Streams   Streams
	Delivered atomic.Uint64 // messages handed to transports, each once for each subscription

	commit   prometheus.Histogram
	registry *prometheus.Registry
}

// New measures b. drift is how far its clock is ahead of the wall clock.
func New(b *broker.Broker, version string, drift func() time.Duration) *Set {
	s := &Set{registry: prometheus.NewRegistry()}
	s.commit = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "linger_commit_seconds",
		Help: "Time from taking a publish request to the log's answer.",
		// From a memory log's tens of microseconds to a disk that stalls.
		Buckets: prometheus.ExponentialBuckets(25e-6, 2, 20),
	})
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "linger_info", Help: "Always 1; the label tells the version.", ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
	clock := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "linger_clock_drift_seconds",
		Help: "How far the server's clock is ahead of the wall clock; more than a second means that the wall clock was set.",
	}, func() float64 { return drift().Seconds() })
	s.registry.MustRegister(s.commit, info, clock, collector{b, s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Committed notes how long one request took.
func (s *Set) Committed(took time.Duration) { s.commit.Observe(took.Seconds()) }

// Handler answers Prometheus.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}
