package gallery

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	lingerv1 "linger/proto/linger/v1"
	"linger/web"
)

// watches answers the page's stream as the state's plot says.
type watches struct {
	lingerv1.UnimplementedWatchServiceServer
	scene *scene
}

// watch is one stream of a page, and what has happened on it.
type watch struct {
	scene   *scene
	stream  lingerv1.WatchService_WatchServer
	attempt int // 1: the page's own; more: after an interruption

	scopes         []string
	server, store  string
	started        time.Duration // before now
	published      uint64        // since the stream began
	leftOut, extra uint64        // of these, and of messages that came before it
	ended          uint64        // beyond what the cast lost by its deadlines
	rate           float64
	told, moved    int // of what was published on the page, and of what was changed there
}

func (s *watches) Watch(r *lingerv1.WatchRequest, stream lingerv1.WatchService_WatchServer) error {
	w := &watch{scene: s.scene, stream: stream, attempt: s.scene.enter(), scopes: r.Scopes, server: "server-1", store: "store-1", started: 12 * time.Minute}
	plot := s.scene.state.plot
	if plot == nil {
		plot = steadily
	}
	return plot(w)
}

// send sends a frame with the server's clock.
func (w *watch) send(f *lingerv1.WatchResponse) error {
	f.ServerTime = timestamppb.New(w.scene.now())
	return w.stream.Send(f)
}

// begin sends what every watch begins with: who answers, what came last, the numbers.
func (w *watch) begin() error {
	c, now := w.scene.look()
	hello := &lingerv1.WatchHello{
		Server: w.server, Store: w.store, StartTime: timestamppb.New(now.Add(-w.started)), Version: "gallery",
		Durability: lingerv1.Durability_DURABILITY_FSYNCED,
	}
	frame := &lingerv1.WatchResponse{Hello: hello}
	for i := len(c.Live) - 1; i >= 0; i-- {
		w.preview(frame, c.Live[i], 0, true)
	}
	w.numbers(frame)
	return w.send(frame)
}

// preview adds a message to a frame, for every scope.
func (w *watch) preview(f *lingerv1.WatchResponse, m web.Message, leftOut uint64, recent bool) {
	for scope := range w.scopes {
		f.Previews = append(f.Previews, &lingerv1.Preview{Scope: uint32(scope), Message: wireMessage(m), LeftOutBefore: leftOut, Recent: recent})
	}
}

// numbers adds the statistics to a frame.
func (w *watch) numbers(f *lingerv1.WatchResponse) {
	c, now := w.scene.look()
	dead := uint64(c.gone(now))
	t := c.Totals
	stats := &lingerv1.TopicStats{
		Retained: t.Retained - min(dead, t.Retained), RetainedBytes: t.Bytes, Subscriptions: 2,
		Ended: &lingerv1.Ends{ExpiredUndelivered: t.Undelivered, ExpiredDelivered: t.Gone - t.Undelivered + dead + w.ended},
	}
	stats.Published = stats.Retained + t.Gone + dead + w.ended + w.published + w.extra
	if stats.Retained == 0 {
		stats.RetainedBytes = 0
	} else {
		stats.NextExpireTime = timestamppb.New(c.message(int(dead)).Expires)
	}
	for scope := range w.scopes {
		s := &lingerv1.ScopeStats{
			Scope: uint32(scope), Revision: 1 + dead + w.published, Stats: stats, Topics: uint32(c.Topics), PublishedSince: w.published,
			LeftOut: w.leftOut, PublishRate: w.rate, Forecast: wireForecast(c, now),
		}
		for _, chip := range c.Chips[:min(6, len(c.Chips))] {
			s.Busiest = append(s.Busiest, &lingerv1.BusyTopic{Name: chip.Topic, Retained: chip.Retained})
		}
		f.Stats = append(f.Stats, s)
	}
	f.Server = &lingerv1.ServerStats{
		Watchers: 1, Subscriptions: 2, Topics: uint32(c.Topics), Exposed: c.Exposed, ClockDriftMs: c.Drift.Milliseconds(),
		Store: w.scene.store(),
	}
}

// store is how the store is, as the API tells it.
func (s *scene) store() *lingerv1.StoreStats {
	if t := s.state.store; t != nil {
		return &lingerv1.StoreStats{State: t.state, Problem: t.english, Values: t.values}
	}
	return &lingerv1.StoreStats{State: lingerv1.StoreState_STORE_STATE_SOUND}
}

// goOn sends the numbers twice a second until the page goes, and each frame what more adds to it.
func (w *watch) goOn(every time.Duration, more func(*lingerv1.WatchResponse)) error {
	for n := time.Duration(0); ; n += every {
		if !w.wait(every) {
			return nil
		}
		frame := &lingerv1.WatchResponse{}
		w.doneHere(frame)
		more(frame)
		if n%(500*time.Millisecond) == 0 {
			w.numbers(frame)
		}
		if err := w.send(frame); err != nil {
			return err
		}
	}
}

// doneHere adds to a frame what was done on the page.
func (w *watch) doneHere(f *lingerv1.WatchResponse) {
	published, changed := w.scene.happened(w.told, w.moved)
	for _, m := range published {
		w.preview(f, m, 0, false)
	}
	f.Changes = append(f.Changes, changed...)
	w.told, w.moved = w.told+len(published), w.moved+len(changed)
}

// wait is false when the page went away meanwhile.
func (w *watch) wait(d time.Duration) bool {
	select {
	case <-w.stream.Context().Done():
		return false
	case <-time.After(d):
		return true
	}
}

// silence lasts until the page gives up.
func (w *watch) silence() error {
	<-w.stream.Context().Done()
	return nil
}

// fresh is a message that comes now.
func (w *watch) fresh(topic string, ttl time.Duration) web.Message {
	w.published++
	_, now := w.scene.look()
	return web.Message{
		Topic: topic, Sequence: 500_000 + w.published, Published: now, Expires: now.Add(ttl), MaxExpires: now.Add(7 * 24 * time.Hour),
		Data: fmt.Appendf(nil, `{"reading":%d,"unit":"hPa"}`, 1000+w.published%40),
	}
}

// retained answers what the page reads: the list, and single messages.
type retained struct {
	lingerv1.UnimplementedRetainedServiceServer
	scene *scene
}

func (s *retained) ListMessages(_ context.Context, r *lingerv1.ListMessagesRequest) (*lingerv1.ListMessagesResponse, error) {
	c, now := s.scene.look()
	from := c.gone(now)
	if r.MinExpireTime != nil {
		for from < c.total && c.message(from).Expires.Before(r.MinExpireTime.AsTime()) {
			from++
		}
	}
	if r.PageToken != "" {
		if _, err := fmt.Sscan(r.PageToken, &from); err != nil {
			return nil, status.Error(codes.InvalidArgument, "page_token: not one of ours")
		}
	}
	page := int(r.PageSize)
	if page == 0 {
		page = 100
	}
	answer := &lingerv1.ListMessagesResponse{ServerTime: timestamppb.New(now), Retained: uint64(c.total), RetainedBytes: c.Totals.Bytes}
	total := c.total
	if r.MaxExpireTime != nil {
		for total = from; total < c.total && c.message(total).Expires.Before(r.MaxExpireTime.AsTime()); {
			total++
		}
	}
	to := min(total, from+page)
	for i := from; i < to; i++ {
		answer.Messages = append(answer.Messages, wireMessage(c.message(i)))
	}
	if to < total {
		answer.NextPageToken = fmt.Sprint(to)
	}
	return answer, nil
}

func (s *retained) GetMessage(_ context.Context, r *lingerv1.GetMessageRequest) (*lingerv1.GetMessageResponse, error) {
	c, now := s.scene.look()
	for _, m := range c.Retained {
		if m.Topic == r.Topic && m.Sequence == r.Sequence && m.Expires.After(now) {
			return &lingerv1.GetMessageResponse{ServerTime: timestamppb.New(now), State: &lingerv1.GetMessageResponse_Retained{Retained: wireMessage(m)}}, nil
		}
	}
	return nil, status.Error(codes.NotFound, "the gallery has no such message")
}

// SetExpireTime moves a message of the page.
func (s *retained) SetExpireTime(_ context.Context, r *lingerv1.SetExpireTimeRequest) (*lingerv1.SetExpireTimeResponse, error) {
	if err := s.scene.state.answer; err != nil {
		return nil, err
	}
	if !s.scene.move(r.Topic, r.Sequence, r.ExpireTime) {
		return nil, status.Error(codes.NotFound, "the gallery has no such message")
	}
	return &lingerv1.SetExpireTimeResponse{ExpireTime: r.ExpireTime, ServerTime: timestamppb.New(s.scene.now())}, nil
}

// SetExpireTimes moves several.
func (s *retained) SetExpireTimes(ctx context.Context, r *lingerv1.SetExpireTimesRequest) (*lingerv1.SetExpireTimesResponse, error) {
	answer := &lingerv1.SetExpireTimesResponse{}
	for _, change := range r.Changes {
		result := &lingerv1.SetExpireTimeResult{ExpireTime: change.ExpireTime}
		if _, err := s.SetExpireTime(ctx, change); err != nil {
			result = &lingerv1.SetExpireTimeResult{Error: status.Convert(err).Proto()}
		}
		answer.Results = append(answer.Results, result)
	}
	answer.ServerTime = timestamppb.New(s.scene.now())
	return answer, nil
}
