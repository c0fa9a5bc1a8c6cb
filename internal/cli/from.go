package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"linger/client"
)

// fromFlag is where sub begins: all, new, last:N, a sequence, a time, or a time ago (-5m).
type fromFlag struct {
	text  string
	start client.Start
	ago   time.Duration // instead of start; 0: not asked
}

func (f *fromFlag) String() string { return f.text }
func (f *fromFlag) Type() string   { return "start" }

func (f *fromFlag) Set(s string) error {
	*f = fromFlag{text: s}
	if s == "all" {
		f.start = client.FromAll()
		return nil
	}
	if s == "new" {
		f.start = client.FromNew()
		return nil
	}
	if n, ok := strings.CutPrefix(s, "last:"); ok {
		return f.setLast(n)
	}
	if ago, ok := strings.CutPrefix(s, "-"); ok {
		return f.setAgo(ago)
	}
	if seq, err := strconv.ParseUint(s, 10, 64); err == nil {
		if seq == 0 {
			return wrongValue("sequences count from 1; all begins at the first")
		}
		f.start = client.FromSequence(seq)
		return nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		f.start = client.FromTime(t)
		return nil
	}
	return wrongValue("%q is no place to begin; write all, new, last:N, a sequence, a time like 2026-01-31T14:00:00Z, or a time ago like -5m", s)
}

func (f *fromFlag) setLast(n string) error {
	count, err := strconv.ParseUint(n, 10, 64)
	if err != nil || count == 0 {
		return wrongValue("%q does not say how many; write last:10 for the last ten", "last:"+n)
	}
	f.start = client.FromLast(count)
	return nil
}

func (f *fromFlag) setAgo(ago string) error {
	d, err := parseDuration(ago)
	if err != nil || d == 0 {
		return wrongValue("%q is not a time ago; write it like -5m or -1h30m", "-"+ago)
	}
	f.ago = d
	return nil
}

// resolve returns the start. A time ago counts back from the server's clock.
func (f *fromFlag) resolve(ctx context.Context, c *client.Client) (client.Start, error) {
	if f.ago == 0 {
		return f.start, nil
	}
	now, err := c.ServerTime(ctx)
	return client.FromTime(now.Add(-f.ago)), err
}
