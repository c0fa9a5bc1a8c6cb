package server_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	lingerv1 "linger/proto/linger/v1"
)

func TestLimitsOfATopic(t *testing.T) {
	s := start(t, nil)
	c := lingerv1.NewTopicServiceClient(s.dial())
	limit := func(n uint64) *uint64 { return &n }
	for field, p := range map[string]*lingerv1.TopicPolicy{
		"policy.max_messages": {MaxMessages: limit(1 << 63)},
		"policy.max_bytes":    {MaxBytes: limit(1<<64 - 1)},
		"policy.at_limit":     {AtLimit: 17},
	} {
		_, err := c.CreateTopic(t.Context(), &lingerv1.CreateTopicRequest{Name: "t", Policy: p})
		st := wantCode(t, err, codes.InvalidArgument)
		if violations := details[*errdetails.BadRequest](st); len(violations) != 1 || violations[0].FieldViolations[0].Field != field {
			t.Errorf("%s: %v", field, st.Proto())
		}
	}
	created, err := c.CreateTopic(t.Context(), &lingerv1.CreateTopicRequest{Name: "t"})
	p := created.GetTopic().GetPolicy()
	if err != nil || p.MaxMessages == nil || p.GetMaxMessages() != 0 || p.MaxBytes == nil || p.GetMaxBytes() != 0 || p.GetAtLimit() != lingerv1.LimitRule_LIMIT_RULE_REJECT {
		t.Errorf("%v, %v", p, err)
	}
	set, err := c.SetTopicPolicy(t.Context(), &lingerv1.SetTopicPolicyRequest{Name: "t", Policy: &lingerv1.TopicPolicy{MaxMessages: limit(2), MaxBytes: limit(0)}})
	p = set.GetTopic().GetPolicy()
	if err != nil || p.GetMaxMessages() != 2 || p.GetMaxBytes() != 0 || p.GetAtLimit() != lingerv1.LimitRule_LIMIT_RULE_REJECT {
		t.Errorf("%v, %v", p, err)
	}

	publisher := lingerv1.NewPublishServiceClient(s.dial())
	publish := func(text string) *status.Status {
		t.Helper()
		_, err := publisher.Publish(t.Context(), &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch("t", time.Hour, text)}})
		return status.Convert(err)
	}
	publish("a")
	publish("b")
	st := publish("c")
	retry, info := details[*errdetails.RetryInfo](st), details[*errdetails.ErrorInfo](st)
	if st.Code() != codes.ResourceExhausted || !strings.Contains(st.Message(), "t is full: it retains 2 of 2 messages (max_messages)") ||
		len(info) != 1 || info[0].Reason != "FULL" || len(retry) != 1 {
		t.Errorf("%v", st.Proto())
	} else if d := retry[0].RetryDelay.AsDuration(); d > time.Hour || d < 59*time.Minute {
		t.Errorf("try again in %v", d)
	}

	for _, rule := range []lingerv1.LimitRule{lingerv1.LimitRule_LIMIT_RULE_EVICT_OLDEST, lingerv1.LimitRule_LIMIT_RULE_EVICT_SOONEST} {
		set, err = c.SetTopicPolicy(t.Context(), &lingerv1.SetTopicPolicyRequest{Name: "t", Policy: &lingerv1.TopicPolicy{MaxMessages: limit(2), AtLimit: rule}})
		if err != nil || set.GetTopic().GetPolicy().GetAtLimit() != rule {
			t.Errorf("%v, %v", set, err)
		}
		if st := publish(rule.String()); st.Code() != codes.OK {
			t.Errorf("%v", st.Proto())
		}
	}
	got, err := c.GetTopic(t.Context(), &lingerv1.GetTopicRequest{Name: "t"})
	if stats := got.GetTopic().GetStats(); err != nil || stats.GetRetained() != 2 || stats.GetEnded().GetEvicted() != 2 {
		t.Errorf("%v, %v", got, err)
	}
	page, err := lingerv1.NewRetainedServiceClient(s.dial()).GetMessage(t.Context(), &lingerv1.GetMessageRequest{Topic: "t", Sequence: 1})
	if err != nil || page.GetEnded().GetReason() != lingerv1.EndReason_END_REASON_EVICTED {
		t.Errorf("%v, %v", page, err)
	}
}

// details are those of one kind that an error carries.
func details[D any](st *status.Status) []D {
	var all []D
	for _, d := range st.Details() {
		if one, ok := d.(D); ok {
			all = append(all, one)
		}
	}
	return all
}
