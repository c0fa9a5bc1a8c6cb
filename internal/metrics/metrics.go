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

	ready    atomic.Int32
	commit   prometheus.Histogram
	registry *prometheus.Registry
}

// New makes the set of a server that has no broker yet.
func New(version string) *Set {
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
	ready := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "linger_ready", Help: "1 once the server has recovered and serves; until then only 0, and no numbers of its messages.",
	}, func() float64 { return float64(s.ready.Load()) })
	s.registry.MustRegister(s.commit, info, ready,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Observe measures b from now on. drift is how far its clock is ahead of the wall clock. Called once.
func (s *Set) Observe(b *broker.Broker, drift func() time.Duration) {
	clock := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "linger_clock_drift_seconds",
		Help: "How far the server's clock is ahead of the wall clock; more than a second means that the wall clock was set.",
	}, func() float64 { return drift().Seconds() })
	s.registry.MustRegister(clock, collector{b, s})
	s.ready.Store(1)
}

// Committed notes how long one request took.
func (s *Set) Committed(took time.Duration) { s.commit.Observe(took.Seconds()) }

// Handler answers Prometheus.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}
