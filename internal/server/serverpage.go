package server

import (
	"log/slog"
	"net/http"
	"runtime"
	"slices"

	"linger/broker"
	"linger/web"
)

// server shows how the server is: what it holds and how much more it may, what passes, who is connected, what it told
// its log of late.
func (p *pages) server(w http.ResponseWriter, r *http.Request) {
	sums, err := p.broker.SumTopics([]string{">"}, "")
	if err != nil {
		p.fail(w, r, err)
		return
	}
	st := p.broker.Stats()
	v := web.Server{
		Page: p.page(r), Version: p.config.Version, Commit: p.config.Commit, Go: runtime.Version(),
		Started: timeOf(p.started), Ahead: p.drift.ahead(),
		Memory: web.Memory{
			Messages: st.MemoryUsed - st.MemoryReaders, Readers: st.MemoryReaders, History: st.MemoryHistory, Limit: st.MemoryLimit,
		},
		StoreURL: p.config.Store, Topics: st.Topics, Subscriptions: st.Subscriptions, Watchers: st.Watchers,
		Totals: totals(st.Counts), WorstLag: st.WorstLag,
		Published: web.Flow{Total: st.Counts.Published, Recent: sums[0].Recent},
		Delivered: web.Flow{Total: p.metrics.Delivered.Load(), Recent: p.delivered.recent()},
		Streams:   p.streamsView(), Browser: p.browsers.connections(r),
	}
	if log := p.broker.StoreStats(); log.Durability == broker.DurabilityFsynced {
		v.Disk = &web.Disk{Used: log.Bytes, Limit: log.Limit, Free: log.Free}
	}
	for _, room := range p.rooms {
		open, most := room.taken()
		v.Ports = append(v.Ports, web.Port{Service: room.service, Addr: room.addr, Open: open, Most: most})
	}
	for _, e := range p.config.Events.newest() {
		v.Events = append(v.Events, web.Event{At: e.at, Severity: severityOf(e.level), Text: e.text, Times: e.times})
	}
	p.render(w, r, http.StatusOK, web.ServerPage(v))
}

func severityOf(level slog.Level) web.Severity {
	switch {
	case level >= slog.LevelError:
		return web.SeverityError
	case level >= slog.LevelWarn:
		return web.SeverityWarning
	}
	return web.SeverityNote
}

// streamsView are the kinds of stream of which some are open. What comes from browsers is among them.
func (s *service) streamsView() []web.Streams {
	open := &s.metrics.Streams
	return slices.DeleteFunc([]web.Streams{
		{Kind: web.StreamsPublish, Open: open.Publish.Load()},
		{Kind: web.StreamsSubscribe, Open: open.Subscribe.Load()},
		{Kind: web.StreamsWatch, Open: open.Watch.Load()},
		{Kind: web.StreamsExercise, Open: open.Exercise.Load()},
	}, func(one web.Streams) bool { return one.Open == 0 })
}
