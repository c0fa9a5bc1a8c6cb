package cli

import (
	"time"

	"linger/internal/bench"
	"linger/internal/jsonline"
)

// jsonBench is what bench writes with --json. Names are stable; others may be added. Times are microseconds, unless their
// name says otherwise.
type jsonBench struct {
	Server    string         `json:"server"`
	Workloads []jsonWorkload `json:"workloads"`
}

type jsonWorkload struct {
	Workload    string        `json:"workload"`
	StartTime   string        `json:"start_time"`
	Seconds     float64       `json:"seconds"` // of load
	Interrupted bool          `json:"interrupted"`
	Durability  string        `json:"durability"`
	Settings    jsonSettings  `json:"settings"`
	Measured    []jsonRow     `json:"measured"`
	Counts      jsonBenchEnds `json:"counts"`
	Expiry      *jsonDeaths   `json:"expiry,omitempty"`
	Notes       []string      `json:"notes"`
	Error       string        `json:"error,omitempty"`
}

type jsonSettings struct {
	Messages    int    `json:"messages"`
	DurationMs  int64  `json:"duration_ms"`
	Size        int    `json:"size"`
	TTLMs       int64  `json:"ttl_ms"`
	Publishers  int    `json:"publishers"`
	Subscribers int    `json:"subscribers"`
	Topics      int    `json:"topics"`
	Topic       string `json:"topic"`
	Rate        int    `json:"rate"`
	Batch       int    `json:"batch"`
	Window      int    `json:"window"`
	LagMs       int64  `json:"lag_ms"`
	Durability  string `json:"durability"` // asked for; empty: the strongest
}

type jsonRow struct {
	Name           string     `json:"name"` // sent, ack, delivery, slowest_reader, replay, first_message, caught_up, ordinary_seconds, death_second, next_second, told
	Messages       uint64     `json:"messages"`
	Bytes          uint64     `json:"bytes"`
	PerSecond      float64    `json:"per_second"`       // 0: has no rate
	BytesPerSecond float64    `json:"bytes_per_second"` // of data
	LatencyUs      *jsonTimes `json:"latency_us,omitempty"`
}

type jsonTimes struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99_9"`
	Max   float64 `json:"max"`
}

// jsonBenchEnds are what became of the messages, those of readers summed over all of them.
type jsonBenchEnds struct {
	Published     uint64 `json:"published"`
	Refused       uint64 `json:"refused"`
	Unknown       uint64 `json:"unknown"`
	Delivered     uint64 `json:"delivered"`
	Lost          uint64 `json:"lost"`
	Doubled       uint64 `json:"doubled"`
	OutOfOrder    uint64 `json:"out_of_order"`
	Damaged       uint64 `json:"damaged"`
	DeadOnArrival uint64 `json:"dead_on_arrival"`
	Expired       uint64 `json:"expired"`
	Evicted       uint64 `json:"evicted"`
	Deleted       uint64 `json:"deleted"`
	Forgotten     uint64 `json:"forgotten"`
	Foreign       uint64 `json:"foreign"`
	Outages       int    `json:"outages"`
}

// jsonDeaths are the messages that died at one instant. What never happened is -1.
type jsonDeaths struct {
	Messages         uint64  `json:"messages"`
	OrdinaryP99Us    float64 `json:"ordinary_p99_us"`
	WorstOrdinaryUs  float64 `json:"worst_ordinary_p99_us"`
	DeathP99Us       float64 `json:"death_p99_us"`
	GoneFromCountsMs float64 `json:"gone_from_counts_ms"`
	GoneIntoEndsMs   float64 `json:"gone_into_ends_ms"`
	GoneFromMemoryMs float64 `json:"gone_from_memory_ms"`
	MemoryBefore     uint64  `json:"memory_before"`
	MemoryFull       uint64  `json:"memory_full"`
	Early            uint64  `json:"early"`
	Late             uint64  `json:"late"`
	WatchIncomplete  bool    `json:"watch_incomplete"`
}

func newJSONWorkload(r *bench.Result, err error) jsonWorkload {
	s := r.Settings
	j := jsonWorkload{
		Workload: string(s.Workload), StartTime: jsonline.Time(r.Started), Seconds: r.Took.Seconds(), Interrupted: r.Interrupted,
		Durability: r.Durability.String(), Measured: []jsonRow{}, Counts: jsonBenchEnds(r.Counts), Notes: []string{},
		Settings: jsonSettings{
			Messages: s.Messages, DurationMs: s.Duration.Milliseconds(), Size: s.Size, TTLMs: s.TTL.Milliseconds(), Publishers: s.Publishers,
			Subscribers: s.Subscribers, Topics: s.Topics, Topic: s.Topic, Rate: s.Rate, Batch: s.Batch, Window: s.Window,
			LagMs: s.Lag.Milliseconds(), Durability: s.Durability.String(),
		},
	}
	for i := range r.Rows {
		j.Measured = append(j.Measured, newJSONRow(&r.Rows[i]))
	}
	j.Notes = append(j.Notes, r.Notes...)
	if d := r.Expiry; d != nil {
		j.Expiry = &jsonDeaths{
			Messages: d.Messages, OrdinaryP99Us: micros(d.OrdinaryP99), WorstOrdinaryUs: micros(d.WorstOrdinaryP99), DeathP99Us: micros(d.DeathP99),
			GoneFromCountsMs: millisOrNever(d.GoneFromCounts), GoneIntoEndsMs: millisOrNever(d.GoneIntoEnds),
			GoneFromMemoryMs: millisOrNever(d.GoneFromMemory), MemoryBefore: d.MemoryBefore, MemoryFull: d.MemoryFull,
			Early: d.Early, Late: d.Late, WatchIncomplete: d.Untold,
		}
	}
	if err != nil {
		j.Error = err.Error()
	}
	return j
}

func newJSONRow(r *bench.Row) jsonRow {
	j := jsonRow{Name: r.Name, Messages: r.Messages, Bytes: r.Bytes, PerSecond: r.Rate()}
	if r.Over > 0 {
		j.BytesPerSecond = float64(r.Bytes) / r.Over.Seconds()
	}
	if t := r.Times; t.Count > 0 {
		j.LatencyUs = &jsonTimes{t.Count, micros(t.P50), micros(t.P90), micros(t.P99), micros(t.P999), micros(t.Max)}
	}
	return j
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func millisOrNever(d time.Duration) float64 {
	if d < 0 {
		return -1
	}
	return float64(d) / float64(time.Millisecond)
}
