package cli

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
	"linger/internal/jsonline"
)

const topicsHelp = `linger topics [PATTERN] [flags]

Lists the topics, or those that match: * stands for one part of a name and a final > for the rest; quote it.

  --json         one object a line, as linger topic NAME --json
  --server ADDR  the server (default localhost:50074)

  linger topics
  linger topics 'orders.>' --json
`

func newTopics(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	asJSON := flags.Bool("json", false, "")
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) > 1 {
			return usage("topics takes at most one pattern; see linger topics --help")
		}
		pattern := ""
		if len(args) == 1 {
			pattern = args[0]
		}
		return a.listTopics(ctx, pattern, *asJSON)
	}
}

func (a *app) listTopics(ctx context.Context, pattern string, asJSON bool) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	encoder := newJSON(a.Stdout, isTerminal(a.Stdout))
	rows := [][]string{{"TOPIC", "RETAINED", "BYTES", "NEXT TO GO", "PUBLISHED", "SUBSCRIBERS", "KEEPS"}}
	list := c.ListTopics
	if asJSON {
		list = c.ListTopicsWithForecast
	}
	for t, err := range list(ctx, pattern) {
		if err != nil {
			return err
		}
		if asJSON {
			if err := encoder.Encode(newJSONTopic(t)); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{
			t.Name, grouped(t.Stats.Retained), formatSize(t.Stats.RetainedBytes), nextToGo(t), grouped(t.Stats.Published),
			strconv.FormatUint(uint64(t.Stats.Subscriptions), 10), formatDuration(t.Policy.TTLDefault),
		})
	}
	switch {
	case asJSON:
		return nil
	case len(rows) == 1:
		a.note("no topics")
		return nil
	}
	return table(a.Stdout, rows)
}

func nextToGo(t client.Topic) string {
	if t.Stats.NextExpireTime.IsZero() {
		return "-"
	}
	return formatLeft(t.Stats.NextExpireTime.Sub(t.ServerTime))
}

// jsonTopic is a topic as --json writes it.
type jsonTopic struct {
	Topic           string       `json:"topic"`
	Incarnation     string       `json:"incarnation"` // hexadecimal: it does not fit a JSON number
	CreateTime      string       `json:"create_time"`
	Durability      string       `json:"durability"`
	AutoCreated     bool         `json:"auto_created"` // it goes by itself
	TTLMinMs        int64        `json:"ttl_min_ms"`
	TTLDefaultMs    int64        `json:"ttl_default_ms"`
	TTLMaxMs        int64        `json:"ttl_max_ms"`
	OutOfPolicy     string       `json:"out_of_policy"` // clamp or reject
	AllowZero       bool         `json:"allow_zero"`
	MaxMessages     uint64       `json:"max_messages"` // 0: any number
	MaxBytes        uint64       `json:"max_bytes"`    // 0: any number
	AtLimit         string       `json:"at_limit"`     // reject, evict-oldest or evict-soonest
	Published       uint64       `json:"published"`
	Retained        uint64       `json:"retained"`
	RetainedBytes   uint64       `json:"retained_bytes"`
	Passing         uint64       `json:"passing"`
	Ended           jsonEnds     `json:"ended"`
	Subscriptions   uint32       `json:"subscriptions"`
	WorstLag        uint64       `json:"worst_lag"`
	NextSequence    uint64       `json:"next_sequence"`
	NextExpireTime  optionalTime `json:"next_expire_time,omitzero"`
	LastPublishTime optionalTime `json:"last_publish_time,omitzero"`
	LastEndTime     optionalTime `json:"last_end_time,omitzero"`
	Forecast        []jsonEnding `json:"forecast,omitzero"` // the intervals in which something ends
}

type jsonEnds struct {
	ExpiredDelivered   uint64 `json:"expired_delivered"`
	ExpiredUndelivered uint64 `json:"expired_undelivered"`
	ExpiredUnknown     uint64 `json:"expired_unknown"`
	Evicted            uint64 `json:"evicted"`
	Deleted            uint64 `json:"deleted"`
	Lost               uint64 `json:"lost"`
}

// optionalTime is left out when zero.
type optionalTime struct{ time.Time }

func (t optionalTime) MarshalText() ([]byte, error) { return []byte(jsonline.Time(t.Time)), nil }
func (t optionalTime) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%q", jsonline.Time(t.Time)), nil
}

// policy is the policy that was written.
func (j *jsonTopic) policy() (client.TopicPolicy, error) {
	p := client.TopicPolicy{
		TTLMin: millis(j.TTLMinMs), TTLDefault: millis(j.TTLDefaultMs), TTLMax: millis(j.TTLMaxMs),
		Reject: j.OutOfPolicy == "reject", RefuseZero: !j.AllowZero,
		MaxMessages: limitOf(int64(min(j.MaxMessages, math.MaxInt64))), MaxBytes: limitOf(int64(min(j.MaxBytes, math.MaxInt64))),
	}
	if rule := j.AtLimit; rule != "" && rule != client.LimitDefault.String() {
		if err := (ruleFlag{&p.AtLimit}).Set(rule); err != nil {
			return p, fmt.Errorf("at_limit: %w", err)
		}
	}
	if j.OutOfPolicy != "reject" && j.OutOfPolicy != "clamp" {
		return p, fmt.Errorf("out_of_policy %q is neither clamp nor reject", j.OutOfPolicy)
	}
	return p, nil
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func newJSONTopic(t client.Topic) jsonTopic {
	outOfPolicy := "clamp"
	if t.Policy.Reject {
		outOfPolicy = "reject"
	}
	return jsonTopic{
		Topic: t.Name, Incarnation: strconv.FormatUint(t.Incarnation, 16), CreateTime: jsonline.Time(t.CreateTime),
		Durability: t.Durability.String(), AutoCreated: t.AutoCreated,
		TTLMinMs: t.Policy.TTLMin.Milliseconds(), TTLDefaultMs: t.Policy.TTLDefault.Milliseconds(),
		TTLMaxMs: t.Policy.TTLMax.Milliseconds(), OutOfPolicy: outOfPolicy, AllowZero: !t.Policy.RefuseZero,
		MaxMessages: jsonLimit(t.Policy.MaxMessages), MaxBytes: jsonLimit(t.Policy.MaxBytes), AtLimit: t.Policy.AtLimit.String(),
		Published: t.Stats.Published, Retained: t.Stats.Retained, RetainedBytes: t.Stats.RetainedBytes, Passing: t.Stats.Passing,
		Ended: jsonEnds(t.Stats.Ended), Subscriptions: t.Stats.Subscriptions, WorstLag: t.Stats.WorstLag,
		NextSequence: t.Stats.NextSequence, NextExpireTime: optionalTime{t.Stats.NextExpireTime},
		LastPublishTime: optionalTime{t.Stats.LastPublishTime}, LastEndTime: optionalTime{t.Stats.LastEndTime},
		Forecast: newJSONForecast(t.Forecast),
	}
}
