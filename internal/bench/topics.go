package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"linger/client"
)

// topic is one of the load's.
type topic struct {
	name   string
	handed atomic.Uint64 // messages given to the client
	acked  atomic.Uint64 // messages acknowledged
	before uint64        // messages published before this run
	hold   atomic.Bool   // its slowest reader is too far behind
}

// makeTopics makes the load's topics. One that exists is used if it was named.
func (b *Bench) makeTopics(ctx context.Context, ttl time.Duration, names ...string) ([]*topic, error) {
	topics := make([]*topic, len(names))
	for i, name := range names {
		t, err := b.makeTopic(ctx, name)
		if err != nil {
			return nil, err
		}
		if err := allowed(t, ttl); err != nil {
			return nil, err
		}
		topics[i] = &topic{name: name, before: t.Stats.Published}
	}
	return topics, nil
}

func (b *Bench) makeTopic(ctx context.Context, name string) (client.Topic, error) {
	t, err := b.admin().CreateTopic(ctx, name, client.TopicPolicy{}, b.settings.Durability)
	if err == nil {
		b.made = append(b.made, name)
		return t, nil
	}
	var refused *client.Error
	if b.settings.Topic == "" || !errors.As(err, &refused) || refused.Code != codes.AlreadyExists {
		return t, err
	}
	if t, err = b.admin().GetTopic(ctx, name); err != nil {
		return t, err
	}
	if d := b.settings.Durability; d != client.DurabilityDefault && d != t.Durability {
		return t, fmt.Errorf("%s exists with durability %s, which is fixed; leave --durability out, or name another --topic", name, t.Durability)
	}
	b.note("%s was there before and is left as it is", name)
	return t, nil
}

// allowed says whether a topic's policy grants the lifetime as asked.
func allowed(t client.Topic, ttl time.Duration) error {
	p := t.Policy
	switch {
	case ttl == 0 && p.RefuseZero:
		return fmt.Errorf("--ttl: the policy of %s refuses now or never (0)", t.Name)
	case ttl == 0 || (ttl >= p.TTLMin && ttl <= p.TTLMax):
		return nil
	}
	return fmt.Errorf("--ttl: %s is not granted: the policy of %s allows %s to %s; use one of these, or have the policy allow more "+
		"(linger topic NAME set, linger serve --ttl-max)", short(ttl), t.Name, short(p.TTLMin), short(p.TTLMax))
}

// short is a duration without the zeros that Go ends it with, and whole days as days: 7d, 36h, not 168h0m0s.
func short(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// names are those of n topics.
func (b *Bench) names(n int) []string {
	if n == 1 && b.settings.Topic != "" {
		return []string{b.base}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = b.base + "." + strconv.Itoa(i)
	}
	return names
}

// tidy deletes the topics that were made, after an interrupt too. It returns what there is to say about those that it could not.
func (b *Bench) tidy(ctx context.Context) []string {
	b.phase.begin("deleting the topics", nil, 0)
	within := time.Minute
	if ctx.Err() != nil {
		within = tidyWithin
	}
	tidying, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(tidyWithin, cancel) })
	defer stop()
	for i, name := range b.made {
		if _, err := b.admin().DeleteTopic(tidying, name); err != nil && !errors.Is(err, client.ErrNotFound) {
			return []string{fmt.Sprintf("%d topics were not deleted, from %s on: %v (linger topic NAME delete)", len(b.made)-i, name, err)}
		}
	}
	return nil
}
