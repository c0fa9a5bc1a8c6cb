package broker

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// Decided values of contract 3.
const (
	DefaultTTLMin = time.Millisecond
	DefaultTTL    = 10 * time.Minute
	DefaultTTLMax = 7 * 24 * time.Hour
	TTLCeiling    = 10 * 365 * 24 * time.Hour // the greatest maximum an operator may set
)

// decidedPolicy is what a server's own policy leaves open.
var decidedPolicy = Policy{
	Min: DefaultTTLMin, Default: DefaultTTL, Max: DefaultTTLMax,
	MaxMessages: Unlimited, MaxBytes: Unlimited, AtLimit: LimitReject,
}

// Policy rules the lifetimes of a topic's messages, and how many it retains. A zero field stands for the server's own
// value.
type Policy struct {
	Min, Default, Max time.Duration
	Reject            bool // refuse what is outside instead of clamping it
	RefuseZero        bool // refuse "now or never", which is otherwise allowed whatever the minimum

	MaxMessages int64     // retained at most; [Unlimited]: any number
	MaxBytes    int64     // of these, as [Counts.RetainedBytes] counts them; [Unlimited]: any number
	AtLimit     LimitRule // what happens to a publish beyond these, or beyond a limit of the server's
}

// Unlimited, as a limit of a [Policy], is none.
const Unlimited = -1

// LimitRule is what happens to a publish that finds no room (contract 9).
type LimitRule uint8

// The rules.
const (
	LimitDefault      LimitRule = iota // the server's own
	LimitReject                        // it is refused and told when space comes free
	LimitEvictOldest                   // the topic's oldest messages make room
	LimitEvictSoonest                  // those of the topic's messages that expire soonest make room
)

func (r LimitRule) String() string {
	switch r {
	case LimitReject:
		return "reject"
	case LimitEvictOldest:
		return "evict-oldest"
	case LimitEvictSoonest:
		return "evict-soonest"
	}
	return "default"
}

// evicts tells whether messages make room for others.
func (r LimitRule) evicts() bool { return r == LimitEvictOldest || r == LimitEvictSoonest }

// limited tells whether the policy bounds what is retained.
func (p *Policy) limited() bool { return p.MaxMessages > 0 || p.MaxBytes > 0 }

// Adjustment says why a granted lifetime differs from the asked one.
type Adjustment uint8

// The reasons to adjust a lifetime.
const (
	AsAsked          Adjustment = iota
	Defaulted                   // none was asked
	RaisedToMinimum             // asked for less than the minimum
	LoweredToMaximum            // asked for more than the maximum
	RoundedUp                   // to a whole millisecond
)

// withDefaults fills what p leaves open from the server's policy. An explicit bound moves the defaulted ones that
// would contradict it: a maximum of 1 s alone means a default of 1 s, not an error.
func (p Policy) withDefaults(server Policy) Policy {
	if p.Min == 0 {
		p.Min = server.Min
		if p.Max != 0 {
			p.Min = min(p.Min, p.Max)
		}
	}
	if p.Max == 0 {
		p.Max = max(server.Max, p.Min)
	}
	if p.Default == 0 {
		p.Default = min(max(server.Default, p.Min), p.Max)
	}
	p.MaxMessages = cmp.Or(p.MaxMessages, server.MaxMessages)
	p.MaxBytes = cmp.Or(p.MaxBytes, server.MaxBytes)
	p.AtLimit = cmp.Or(p.AtLimit, server.AtLimit)
	return p
}

// validate checks a policy without open fields against the greatest maximum allowed.
func (p Policy) validate(ceiling time.Duration) error {
	switch {
	case p.Min < time.Millisecond:
		return policyError("ttl_min", "%v is below 1ms, the least lifetime there is.", p.Min)
	case p.Min%time.Millisecond != 0 || p.Default%time.Millisecond != 0 || p.Max%time.Millisecond != 0:
		return policyError("ttl_default", "lifetimes are whole milliseconds.")
	case p.Max > ceiling:
		e := policyError("ttl_max", "%v is above %v, the server's maximum; its operator can raise that with --ttl-max.", p.Max, ceiling)
		e.Values = map[string]string{"max": milliseconds(p.Max), "ceiling": milliseconds(ceiling)}
		return e
	case p.Min > p.Max:
		e := policyError("ttl_min", "%v is above the maximum of %v.", p.Min, p.Max)
		e.Values = map[string]string{"min": milliseconds(p.Min), "max": milliseconds(p.Max)}
		return e
	case p.Default < p.Min || p.Default > p.Max:
		e := policyError("ttl_default", "%v is not within %v to %v.", p.Default, p.Min, p.Max)
		e.Values = map[string]string{"default": milliseconds(p.Default), "min": milliseconds(p.Min), "max": milliseconds(p.Max)}
		return e
	case p.MaxMessages < Unlimited:
		return policyError("max_messages", "%d is no number of messages. Name 1 or more, or 0 for no limit.", p.MaxMessages)
	case p.MaxBytes < Unlimited:
		return policyError("max_bytes", "%d is no number of bytes. Name 1 or more, or 0 for no limit.", p.MaxBytes)
	case p.AtLimit > LimitEvictSoonest:
		return policyError("at_limit", "%d is none of reject, evict-oldest and evict-soonest.", p.AtLimit)
	}
	return nil
}

func policyError(field, format string, args ...any) *Error {
	return &Error{Err: ErrInvalid, Field: "policy." + field, Detail: fmt.Sprintf(format, args...)}
}

// grantUntil decides the lifetime of a publish that asked for a deadline. As with a change of lifetime the minimum has no
// say: it rules what is asked as a TTL.
func (p Policy) grantUntil(to *Proposal, topic string, deadline, now Instant) error {
	latest := now.Add(p.Max)
	switch {
	case deadline <= now:
		return deadlinePassed(topic, deadline)
	case deadline <= latest:
		to.Deadline, to.TTL = deadline, deadline.Sub(now) // the log, whose time it is, has the last word
	case p.Reject:
		return &Error{
			Err: ErrTTLRejected, Field: "expire_time", Detail: fmt.Sprintf(
				"%s keeps messages %v at most; published now, one can be kept until %s.", topic, p.Max, latest.Time().Format(detailTime)),
			Values: map[string]string{"topic": topic, "max": milliseconds(p.Max), "latest": decimal(latest)},
		}
	default:
		to.TTL, to.Adjustment = p.Max, LoweredToMaximum
	}
	return nil
}

// detailTime is how errors write a time.
const detailTime = "2006-01-02T15:04:05.000Z07:00"

func deadlinePassed(topic string, deadline Instant) error {
	return &Error{
		Err: ErrDeadlinePassed, Field: "expire_time", Detail: fmt.Sprintf(
			"%s has passed; a message for %s would be dead on arrival.", deadline.Time().Format(detailTime), topic),
		Values: map[string]string{"topic": topic, "expires": decimal(deadline)},
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// decimal is how an error's values write a number.
func decimal[N int | int64 | uint64 | Instant](n N) string { return fmt.Sprint(n) }

// grant decides the lifetime of a publish that asked for ttl, or for none.
func (p Policy) grant(topic string, ttl time.Duration, asked bool) (time.Duration, Adjustment, error) {
	reject := func(format string, args ...any) (time.Duration, Adjustment, error) {
		return 0, 0, &Error{Err: ErrTTLRejected, Field: "ttl", Detail: topic + " " + fmt.Sprintf(format, args...), Values: map[string]string{
			"topic": topic, "min": milliseconds(p.Min), "max": milliseconds(p.Max), "asked": milliseconds(ttl),
		}}
	}
	switch {
	case !asked:
		return p.Default, Defaulted, nil
	case ttl < 0:
		return 0, 0, &Error{
			Err: ErrTTLRejected, Field: "ttl", Detail: fmt.Sprintf(
				"%v is negative. Ask for 1ms or more, 0 for now or never, or nothing for the default of %v.", ttl, p.Default),
			Values: map[string]string{"topic": topic, "asked": milliseconds(ttl), "default": milliseconds(p.Default)},
		}
	case ttl == 0 && p.RefuseZero:
		return reject("does not allow now or never; ask for %v to %v.", p.Min, p.Max)
	case ttl == 0:
		return 0, AsAsked, nil
	case ttl < p.Min && p.Reject:
		return reject("keeps %v to %v; %v is below.", p.Min, p.Max, ttl)
	case ttl < p.Min:
		return p.Min, RaisedToMinimum, nil
	case ttl > p.Max && p.Reject:
		return reject("keeps %v to %v; %v is above.", p.Min, p.Max, ttl)
	case ttl > p.Max:
		return p.Max, LoweredToMaximum, nil
	}
	if rounded := (ttl + time.Millisecond - 1).Truncate(time.Millisecond); rounded != ttl {
		return rounded, RoundedUp, nil
	}
	return ttl, AsAsked, nil
}
