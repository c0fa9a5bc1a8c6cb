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
	b.phase.begin("making the topics", nil, 0)
	topics := make([]*topic, len(names))
	var found atomic.Int64
	// An interrupt waits for what it does not know yet: a topic of which nobody knew would not be deleted.
	asking, release := outlasting(ctx, answersWithin)
	defer release()
	err := atOnce(ctx, len(names), func(_ context.Context, i int) error {
		t, existed, err := b.makeTopic(asking, names[i])
		if err != nil {
			return err
		}
		if existed {
			found.Add(1)
		}
		topics[i] = &topic{name: names[i], before: t.Stats.Published}
		return allowed(t, ttl)
	})
	switch n := found.Load(); {
	case n == 1 && len(names) == 1:
		b.note("%s was there before and is left as it is", names[0])
	case n > 0:
		b.note("%d of the topics were there before and are left as they are", n)
	}
	return topics, err
}

// makeTopic makes a topic, or finds one that was named and exists.
func (b *Bench) makeTopic(ctx context.Context, name string) (t client.Topic, existed bool, err error) {
	t, err = b.admin().CreateTopic(ctx, name, client.TopicPolicy{}, b.settings.Durability)
	if err == nil {
		b.mu.Lock()
		b.made = append(b.made, name)
		b.mu.Unlock()
		return t, false, nil
	}
	var refused *client.Error
	if b.settings.Topic == "" || !errors.As(err, &refused) || refused.Code != codes.AlreadyExists {
		return t, false, err
	}
	if t, err = b.admin().GetTopic(ctx, name); err != nil {
		return t, true, err
	}
	if d := b.settings.Durability; d != client.DurabilityDefault && d != t.Durability {
		return t, true, fmt.Errorf("%s exists with durability %s, which is fixed; leave --durability out, or name another --topic", name, t.Durability)
	}
	return t, true, nil
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
	many := time.Duration(len(b.made)) * tidyEach
	tidying, release := outlasting(ctx, tidyWithin+many)
	defer release()
	tidying, cancel := context.WithTimeout(tidying, time.Minute+many)
	defer cancel()
	deleted := make([]bool, len(b.made))
	err := atOnce(tidying, len(b.made), func(ctx context.Context, i int) error {
		_, err := b.admin().DeleteTopic(ctx, b.made[i])
		if errors.Is(err, client.ErrNotFound) {
			err = nil
		}
		deleted[i] = err == nil
		return err
	})
	if err == nil {
		return nil
	}
	var left []string
	for i, name := range b.made {
		if !deleted[i] {
			left = append(left, name)
		}
	}
	what := "topics are"
	if len(left) == 1 {
		what = "topic is"
	}
	return []string{fmt.Sprintf("%d %s not deleted, %s first: %v (linger topic NAME delete)", len(left), what, left[0], err)}
}
