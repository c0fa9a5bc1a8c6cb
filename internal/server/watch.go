package server

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"linger/broker"
	"linger/internal/metrics"
	lingerv1 "linger/proto/linger/v1"
)

const (
	watchScopesMost   = 16
	watchPreviewsMost = 30
	watchPreviewBytes = 1 << 10
	watchRecentMost   = 100
)

type watchService struct {
	*service
	lingerv1.UnimplementedWatchServiceServer

	exposed bool
}

func (s *watchService) Watch(in *lingerv1.WatchRequest, stream grpc.ServerStreamingServer[lingerv1.WatchResponse]) error {
	defer metrics.Open(&s.metrics.Streams.Watch)()
	options, cut, err := watchOptions(in)
	if err != nil {
		return err
	}
	watcher, err := s.broker.Watch(options)
	if err != nil {
		return err
	}
	defer watcher.Close()
	if err := stream.Send(&lingerv1.WatchResponse{ServerTime: timestamp(s.broker.Now()), Hello: s.hello()}); err != nil {
		return err
	}
	return s.frames(stream.Context(), watcher, stream, cut)
}

func (s *watchService) frames(ctx context.Context, w *broker.Watcher, stream grpc.ServerStreamingServer[lingerv1.WatchResponse], cut int) error {
	for {
		f, err := w.Next(ctx)
		if err != nil {
			return err
		}
		m, err := watchFrame(f, cut, s.broker.Stops())
		if err != nil {
			return err
		}
		if f.Stats != nil {
			m.Server = s.serverStats()
		}
		if err := stream.Send(m); err != nil {
			return err
		}
	}
}

func (s *watchService) hello() *lingerv1.WatchHello {
	return &lingerv1.WatchHello{
		Store:      s.broker.StoreID(),
		Server:     s.run,
		StartTime:  timestamp(s.started),
		Version:    s.config.Version,
		Durability: durability(s.broker.Durability()),
		Watchers:   uint32(s.broker.Stats().Watchers),
	}
}

func (s *watchService) serverStats() *lingerv1.ServerStats {
	st := s.broker.Stats()
	return &lingerv1.ServerStats{
		MemoryUsed:    uint64(st.MemoryUsed),
		MemoryLimit:   uint64(st.MemoryLimit),
		Subscriptions: uint32(st.Subscriptions),
		Watchers:      uint32(st.Watchers),
		Topics:        uint32(st.Topics),
		ClockDriftMs:  s.drift.ahead().Milliseconds(),
		Exposed:       s.exposed,
		Store:         storeStats(s.broker.StoreStats()),
	}
}

func watchOptions(in *lingerv1.WatchRequest) (o broker.WatchOptions, cut int, err error) {
	switch {
	case len(in.GetScopes()) > watchScopesMost:
		return o, 0, invalid("scopes", "%d; a watch has at most %d", len(in.GetScopes()), watchScopesMost)
	case in.GetPreviewsPerSecond() > watchPreviewsMost:
		return o, 0, invalid("previews_per_second", "%d; it is 1 to %d, or 0 for %[2]d", in.GetPreviewsPerSecond(), watchPreviewsMost)
	case in.GetPreviewBytes() > watchPreviewBytes:
		return o, 0, invalid("preview_bytes", "%d; it is 1 to %d, or 0 for %[2]d", in.GetPreviewBytes(), watchPreviewBytes)
	case in.GetRecent() > watchRecentMost:
		return o, 0, invalid("recent", "%d; it is at most %d", in.GetRecent(), watchRecentMost)
	}
	for i, scope := range in.GetScopes() {
		if err := selected(fmt.Sprintf("scopes[%d]", i), scope); err != nil {
			return o, 0, err
		}
	}
	cut = int(in.GetPreviewBytes())
	if cut == 0 {
		cut = watchPreviewBytes
	}
	o = broker.WatchOptions{Scopes: in.GetScopes(), PreviewsPerSecond: int(in.GetPreviewsPerSecond()), Recent: int(in.GetRecent())}
	return o, cut, nil
}

func watchFrame(f broker.WatchFrame, cut int, stops []time.Duration) (*lingerv1.WatchResponse, error) {
	m := &lingerv1.WatchResponse{ServerTime: timestamp(f.Now), Incomplete: f.Incomplete}
	for _, p := range f.Previews {
		message, err := retained(p.Message, cut)
		if err != nil {
			return nil, err
		}
		m.Previews = append(m.Previews, &lingerv1.Preview{
			Scope: uint32(p.Scope), Message: message, LeftOutBefore: p.LeftOutBefore, Recent: p.Recent,
		})
	}
	for _, e := range f.Ended {
		m.Ended = append(m.Ended, &lingerv1.EndedRange{
			Topic: e.Topic, Incarnation: e.Incarnation, FirstSequence: e.First, LastSequence: e.Last,
			Reason: endReason(e.Reason), EndTime: timestamp(e.EndTime), Deliveries: e.Deliveries,
		})
	}
	for _, c := range f.Changes {
		m.Changes = append(m.Changes, &lingerv1.LifetimeChange{
			Topic: c.Topic, Incarnation: c.Incarnation, Sequence: c.Sequence,
			ExpireTime: timestamp(c.Deadline), PreviousExpireTime: timestamp(c.Previous),
		})
	}
	for i, st := range f.Stats {
		m.Stats = append(m.Stats, scopeStats(i, st, stops))
	}
	return m, nil
}

func scopeStats(index int, st broker.ScopeStats, stops []time.Duration) *lingerv1.ScopeStats {
	m := &lingerv1.ScopeStats{
		Scope: uint32(index), Revision: st.Revision, Stats: topicStats(&st.Totals), Topics: uint32(st.Topics),
		PublishedSince: st.PublishedSince, LeftOut: st.LeftOut, PublishRate: st.PublishRate,
		Forecast: forecast(stops, st.Forecast),
	}
	for _, b := range st.Busiest {
		m.Busiest = append(m.Busiest, &lingerv1.BusyTopic{Name: b.Name, Retained: b.Retained})
	}
	return m
}
