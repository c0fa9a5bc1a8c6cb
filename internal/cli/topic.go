package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
)

const topicHelp = `linger topic NAME [create|set|delete] [flags]

Shows a topic and who subscribes to it, makes it, changes its policy for messages published later, or deletes it with all its messages.

  --ttl-min D      least lifetime (default: the server's, 1ms)
  --ttl-default D  lifetime where none is asked (default: the server's, 10m)
  --ttl-max D      greatest lifetime (default: the server's, 7d)
  --reject         refuse an asked lifetime outside these, instead of granting the nearest; --reject=false undoes it
  --refuse-zero    refuse now or never; --refuse-zero=false undoes it
  --max-messages N retain at most so many messages; 0: any number (default: the server's, any number)
  --max-bytes SIZE retain at most so many bytes of them, like 64MiB; 0: any number (default: the server's, any number)
  --at-limit RULE  what happens at these limits, and at the server's own: reject (refuse to publish), evict-oldest, or
                   evict-soonest (what expires soonest makes room) (default: the server's, reject)
  --durability D   memory or fsynced; with create only (default: the strongest that the store offers)
  --json           as one object
  --server ADDR    the server (default localhost:50074)

set leaves alone what no flag names.

  linger topic orders
  linger topic orders create --ttl-default 1h --ttl-max 1d
  linger topic orders set --ttl-max 7d
  linger topic prices create --max-messages 1000 --at-limit evict-oldest
  linger topic orders delete
`

// topicFlags are the flags of topic.
type topicFlags struct {
	policy     client.TopicPolicy
	durability string
	json       bool
	given      func(name string) bool
}

func newTopic(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	f := topicFlags{given: flags.Changed}
	flags.Var(lifetimeFlag{durationFlag{&f.policy.TTLMin}}, "ttl-min", "")
	flags.Var(lifetimeFlag{durationFlag{&f.policy.TTLDefault}}, "ttl-default", "")
	flags.Var(lifetimeFlag{durationFlag{&f.policy.TTLMax}}, "ttl-max", "")
	flags.BoolVar(&f.policy.Reject, "reject", false, "")
	flags.BoolVar(&f.policy.RefuseZero, "refuse-zero", false, "")
	flags.Var(countLimitFlag{&f.policy.MaxMessages}, "max-messages", "")
	flags.Var(sizeLimitFlag{&f.policy.MaxBytes}, "max-bytes", "")
	flags.Var(ruleFlag{&f.policy.AtLimit}, "at-limit", "")
	flags.StringVar(&f.durability, "durability", "", "")
	flags.BoolVar(&f.json, "json", false, "")
	return func(ctx context.Context, a *app, args []string) error {
		action, err := f.check(args)
		if err != nil {
			return err
		}
		return a.topic(ctx, f, args[0], action)
	}
}

// check returns what to do with the topic; "" is to show it.
func (f *topicFlags) check(args []string) (action string, err error) {
	if len(args) == 0 || len(args) > 2 {
		return "", usage("topic takes a name and at most one of create, set and delete; see linger topic --help")
	}
	if len(args) == 2 {
		action = args[1]
	}
	switch action {
	case "", "create", "set", "delete":
	default:
		return "", usage("there is no %q for a topic; there are create, set and delete", action)
	}
	for _, name := range []string{"ttl-min", "ttl-default", "ttl-max", "reject", "refuse-zero", "max-messages", "max-bytes", "at-limit"} {
		if f.given(name) && action != "create" && action != "set" {
			return "", usage("--%s goes with create or set", name)
		}
	}
	if f.given("durability") && action != "create" {
		return "", usage("--durability goes with create: it is fixed when the topic is made")
	}
	if _, ok := durabilities[f.durability]; !ok {
		return "", usage("--durability: %q is neither memory nor fsynced", f.durability)
	}
	return action, nil
}

var durabilities = map[string]client.Durability{
	"": client.DurabilityDefault, "memory": client.Memory, "fsynced": client.Fsynced,
}

func (a *app) topic(ctx context.Context, f topicFlags, name, action string) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	var t client.Topic
	switch action {
	case "create":
		t, err = c.CreateTopic(ctx, name, f.policy, durabilities[f.durability])
	case "set":
		t, err = setPolicy(ctx, c, name, f)
	case "delete":
		return a.deleteTopic(ctx, c, name)
	default:
		if t, err = c.GetTopic(ctx, name); err == nil && !f.json {
			return a.showTopicAndSubscribers(ctx, c, t)
		}
	}
	if err != nil {
		return err
	}
	if f.json {
		return newJSON(a.Stdout, isTerminal(a.Stdout)).Encode(newJSONTopic(t))
	}
	return a.showTopic(t)
}

// setPolicy changes what flags name. A default that the new bounds exclude is left to the server.
func setPolicy(ctx context.Context, c *client.Client, name string, f topicFlags) (client.Topic, error) {
	now, err := c.GetTopic(ctx, name)
	if err != nil {
		return client.Topic{}, err
	}
	p := now.Policy
	set := func(flag string, to *time.Duration, from time.Duration) {
		if f.given(flag) {
			*to = from
		}
	}
	set("ttl-min", &p.TTLMin, f.policy.TTLMin)
	set("ttl-max", &p.TTLMax, f.policy.TTLMax)
	set("ttl-default", &p.TTLDefault, f.policy.TTLDefault)
	if !f.given("ttl-default") && (p.TTLDefault < p.TTLMin || p.TTLDefault > p.TTLMax) {
		p.TTLDefault = 0
	}
	if f.given("reject") {
		p.Reject = f.policy.Reject
	}
	if f.given("refuse-zero") {
		p.RefuseZero = f.policy.RefuseZero
	}
	if f.given("max-messages") {
		p.MaxMessages = f.policy.MaxMessages
	}
	if f.given("max-bytes") {
		p.MaxBytes = f.policy.MaxBytes
	}
	if f.given("at-limit") {
		p.AtLimit = f.policy.AtLimit
	}
	return c.SetTopicPolicy(ctx, name, p)
}

func (a *app) deleteTopic(ctx context.Context, c *client.Client, name string) error {
	n, err := c.DeleteTopic(ctx, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Stdout, "%s deleted with %s\n", name, counted(n, "message"))
	return err
}

func (a *app) showTopic(t client.Topic) error {
	s, e := t.Stats, t.Stats.Ended
	outside := "the nearest is granted"
	if t.Policy.Reject {
		outside = "refused"
	}
	zero := "allowed"
	if t.Policy.RefuseZero {
		zero = "refused"
	}
	retained := fmt.Sprintf("%s (%s)", grouped(s.Retained), formatSize(s.RetainedBytes))
	if s.Retained > 0 {
		retained += ", next to go in " + nextToGo(t)
	}
	return table(a.Stdout, [][]string{
		{"Topic", t.Name},
		{"Keeps", fmt.Sprintf("%s unless told, %s to %s; outside: %s; now or never: %s", formatDuration(t.Policy.TTLDefault),
			formatDuration(t.Policy.TTLMin), formatDuration(t.Policy.TTLMax), outside, zero)},
		{"Limits", formatLimits(t.Policy)},
		{"Durability", t.Durability.String()},
		{"Published", grouped(s.Published)},
		{"Retained", retained},
		{"Ends", formatForecast(t.Forecast)},
		{"Ended", fmt.Sprintf("%s delivered, %s undelivered, %s expired unknown, %s evicted, %s deleted, %s lost",
			grouped(e.ExpiredDelivered), grouped(e.ExpiredUndelivered), grouped(e.ExpiredUnknown), grouped(e.Evicted),
			grouped(e.Deleted), grouped(e.Lost))},
		{"Subscribers", fmt.Sprintf("%d, worst lag %s", s.Subscriptions, grouped(s.WorstLag))},
		{"Next", fmt.Sprintf("#%d", s.NextSequence)},
	})
}
