package server

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
	"linger/web"
)

// From the domain to the pages' view models.

func timeOf(i broker.Instant) time.Time {
	if i == 0 {
		return time.Time{}
	}
	return i.Time()
}

func policyView(p broker.Policy) web.Policy {
	return web.Policy{Min: p.Min, Default: p.Default, Max: p.Max, RefuseZero: p.RefuseZero, Rejects: p.Reject}
}

func totals(c broker.Counts) web.Totals {
	e := c.Ended
	return web.Totals{
		Retained: c.Retained, Bytes: c.RetainedBytes,
		Gone:        e.ExpiredDelivered + e.ExpiredUndelivered + e.ExpiredUnknown + e.Evicted + e.Deleted + e.Lost,
		Undelivered: e.ExpiredUndelivered,
	}
}

// endingViews shows a forecast, without the intervals in which nothing ends.
func endingViews(stops []time.Duration, endings []broker.Ending) (views []web.Ending) {
	for i, e := range endings {
		if e.Messages > 0 {
			views = append(views, web.Ending{After: stops[i], Messages: e.Messages, Bytes: e.Bytes})
		}
	}
	return views
}

// messageViews shows messages in a list, their data cut.
func messageViews(list []broker.Retained) ([]web.Message, error) {
	views := make([]web.Message, len(list))
	for i, r := range list {
		var err error
		if views[i], err = messageView(r, pagePreview); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// messageView shows a message, its data cut to preview bytes; 0: whole.
func messageView(r broker.Retained, preview int) (web.Message, error) {
	m := &lingerv1.Message{}
	if err := proto.Unmarshal(r.Message, m); err != nil {
		return web.Message{}, err // the walk let it in, so this is a bug of ours
	}
	v := web.Message{
		Topic: r.Topic, Sequence: r.Sequence, Published: timeOf(r.PublishTime), Expires: timeOf(r.Deadline),
		MaxExpires: timeOf(r.MaxDeadline), Granted: r.Granted, Key: m.GetKey(), Data: m.GetData(), Size: int64(len(m.GetData())),
		Deliveries: int(r.Deliveries),
	}
	if preview > 0 {
		v.Data = cutData(v.Data, preview)
	}
	for _, key := range slices.Sorted(maps.Keys(m.GetAttributes())) {
		v.Attributes = append(v.Attributes, web.Attribute{Key: key, Value: m.GetAttributes()[key]})
	}
	return v, nil
}

var endViews = map[broker.EndReason]web.EndReason{
	broker.NotEnded:           web.EndForgotten,
	broker.ExpiredDelivered:   web.EndExpired,
	broker.ExpiredUndelivered: web.EndExpired,
	broker.ExpiredUnknown:     web.EndExpiredUnknown,
	broker.Evicted:            web.EndEvicted,
	broker.Deleted:            web.EndDeleted,
	broker.Lost:               web.EndLost,
}

func endView(e broker.Ended, sequence uint64) *web.End {
	return &web.End{
		Sequence: sequence, Reason: endViews[e.Reason],
		Published: timeOf(e.PublishTime), At: timeOf(e.EndTime), Deliveries: int(e.Deliveries),
	}
}
