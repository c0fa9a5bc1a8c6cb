package gallery

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	lingerv1 "linger/proto/linger/v1"
	"linger/web"
)

// wireMessage is a message as the API tells it.
func wireMessage(m web.Message) *lingerv1.RetainedMessage {
	attributes := map[string]string{}
	for _, a := range m.Attributes {
		attributes[a.Key] = a.Value
	}
	size := uint64(len(m.Data))
	if m.Size > 0 {
		size = uint64(m.Size)
	}
	w := &lingerv1.RetainedMessage{
		Topic: m.Topic, Sequence: m.Sequence, Incarnation: 1, Deliveries: uint32(m.Deliveries), DataSize: size,
		PublishTime: timestamppb.New(m.Published), ExpireTime: timestamppb.New(m.Expires),
		Message: &lingerv1.Message{Key: m.Key, Attributes: attributes, Data: m.Data},
	}
	if !m.MaxExpires.IsZero() {
		w.MaxExpireTime = timestamppb.New(m.MaxExpires)
	}
	if m.Granted != 0 {
		w.GrantedTtl = durationpb.New(m.Granted)
	}
	return w
}

// wirePolicy is a policy as the API tells it: whole.
func wirePolicy(p web.Policy) *lingerv1.TopicPolicy {
	least, usual, most := p.Min, p.Default, p.Max
	if most == 0 {
		least, usual, most = time.Millisecond, 10*time.Minute, 7*24*time.Hour
	}
	return &lingerv1.TopicPolicy{
		TtlMin: durationpb.New(least), TtlDefault: durationpb.New(usual), TtlMax: durationpb.New(most), RefuseZero: p.RefuseZero,
	}
}

// wireForecast counts what of the cast ends when, from now on.
func wireForecast(c cast, now time.Time) *lingerv1.Forecast {
	passed := now.Sub(c.Page.Now)
	f := &lingerv1.Forecast{}
	for _, e := range c.Forecast {
		if e.Messages > 0 && e.After >= passed {
			f.Intervals = append(f.Intervals, &lingerv1.ForecastInterval{After: durationpb.New(e.After), Messages: e.Messages, Bytes: e.Bytes})
		}
	}
	return f
}

// wireSum are a topic's numbers, or a branch's, as the API tells them.
func wireSum(pattern string, n web.TopicNumbers) *lingerv1.TopicSum {
	stats := &lingerv1.TopicStats{Retained: n.Retained, RetainedBytes: n.Bytes, Subscriptions: uint32(n.Subscriptions), WorstLag: n.WorstLag}
	if !n.NextExpires.IsZero() {
		stats.NextExpireTime = timestamppb.New(n.NextExpires)
	}
	return &lingerv1.TopicSum{Pattern: pattern, Topics: 1, Stats: stats, PublishRate: n.Rate, Recent: n.Recent}
}
