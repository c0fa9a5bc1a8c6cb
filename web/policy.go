package web

import (
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// Policy bounds what lifetime a message may ask for. The zero value stands for the server's defaults: 1 ms, 10 min, 7 d.
type Policy struct {
	Min, Default, Max time.Duration
	// RefuseZero forbids "now or never".
	RefuseZero bool
	// Rejects says that a lifetime out of bounds is refused rather than moved to the nearest bound.
	Rejects bool
}

// filled puts the server's defaults where the policy says nothing.
func (p Policy) filled() Policy {
	if p.Min <= 0 {
		p.Min = time.Millisecond
	}
	if p.Max <= 0 {
		p.Max = week
	}
	if p.Default <= 0 {
		p.Default = 10 * time.Minute
	}
	return p
}

// keeps says in a few words how long a topic keeps: "10 min, up to 7 d".
func (p Policy) keeps(on Page) string {
	p = p.filled()
	if p.Min <= time.Millisecond {
		return on.t("policy.upTo", "default", on.short(p.Default), "max", on.short(p.Max))
	}
	return on.t("policy.between", "default", on.short(p.Default), "min", on.short(p.Min), "max", on.short(p.Max))
}

// data are the policy's bounds as the script reads them: those of the form's topic as "ttl", the server's own as "standard".
func (p Policy) data(whose string) templ.OrderedAttributes {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	p = p.filled()
	a := templ.OrderedAttributes{
		{Key: "data-" + whose + "-min", Value: ms(p.Min)},
		{Key: "data-" + whose + "-default", Value: ms(p.Default)},
		{Key: "data-" + whose + "-max", Value: ms(p.Max)},
	}
	if p.RefuseZero {
		a = append(a, templ.KeyValue[string, any]{Key: "data-" + whose + "-refuse-zero", Value: true})
	}
	return a
}
