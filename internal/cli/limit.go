package cli

import (
	"fmt"
	"math"
	"strconv"

	"linger/client"
)

// countLimitFlag is the most messages that a topic retains, as a flag's value.
type countLimitFlag struct{ n *int64 }

func (f countLimitFlag) String() string { return writeLimit(f.n) }

// Set reads a number of messages; 0 and none are no limit.
func (f countLimitFlag) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if s != "none" && (err != nil || n < 0) {
		return wrongValue("%q is not a number of messages; write it like 1000, or 0 for any number", s)
	}
	*f.n = limitOf(n)
	return nil
}

// Type implements pflag.Value.
func (countLimitFlag) Type() string { return "count" }

// sizeLimitFlag is the most bytes that a topic retains, as a flag's value.
type sizeLimitFlag struct{ n *int64 }

func (f sizeLimitFlag) String() string { return writeLimit(f.n) }

// Set reads a number of bytes; 0 and none are no limit.
func (f sizeLimitFlag) Set(s string) error {
	var n int64
	var err error
	if s != "none" {
		n, err = parseSize(s)
	}
	*f.n = limitOf(n)
	return err
}

// Type implements pflag.Value.
func (sizeLimitFlag) Type() string { return "size" }

func limitOf(n int64) int64 {
	if n == 0 {
		return client.Unlimited
	}
	return n
}

func writeLimit(n *int64) string {
	if n == nil || *n == 0 {
		return ""
	}
	return strconv.FormatInt(max(*n, 0), 10)
}

// ruleFlag is what happens at a limit, as a flag's value.
type ruleFlag struct{ rule *client.LimitRule }

func (f ruleFlag) String() string {
	if f.rule == nil || *f.rule == client.LimitDefault {
		return ""
	}
	return f.rule.String()
}

// Set reads a rule by its name.
func (f ruleFlag) Set(s string) error {
	for _, rule := range []client.LimitRule{client.LimitReject, client.LimitEvictOldest, client.LimitEvictSoonest} {
		if s == rule.String() {
			*f.rule = rule
			return nil
		}
	}
	return wrongValue("%q is none of reject, evict-oldest and evict-soonest", s)
}

// Type implements pflag.Value.
func (ruleFlag) Type() string { return "rule" }

// formatLimits writes a policy's limits for people.
func formatLimits(p client.TopicPolicy) string {
	limits := "none of its own"
	switch messages, bytes := counted(uint64(max(p.MaxMessages, 0)), "message"), formatSize(uint64(max(p.MaxBytes, 0))); {
	case p.MaxMessages > 0 && p.MaxBytes > 0:
		limits = messages + " and " + bytes
	case p.MaxMessages > 0:
		limits = messages
	case p.MaxBytes > 0:
		limits = bytes
	}
	return fmt.Sprintf("%s; at a limit: %s", limits, p.AtLimit)
}

// jsonLimit is a limit as --json writes it: 0 is none.
func jsonLimit(n int64) uint64 { return uint64(min(max(n, 0), math.MaxInt64)) }
