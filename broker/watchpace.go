package broker

import (
	"slices"
	"time"
)

// pace keeps a scope's previews within their number a second, in whichever second one looks, and evenly spread: what fits
// is shown at once; as soon as there is too much, each frame gets the share of its time.
type pace struct {
	sent      []sent  // in the last second
	at        Instant // of the last frame
	carry     float64 // of a preview, from earlier shares
	busyUntil Instant // a second after something was left out
}

// sent is how many previews were sent when.
type sent struct {
	at    Instant
	count int
}

// allow is how many of the wanted previews may be sent now.
func (p *pace) allow(now Instant, perSecond int, wanted uint64) uint64 {
	left := perSecond
	p.sent = slices.DeleteFunc(p.sent, func(s sent) bool { return s.at <= now.Add(-time.Second) })
	for _, s := range p.sent {
		left -= s.count
	}
	share := max(perSecond/3, 1) // of the first frame that is too much, so that the next ones have some as well
	if busy := now < p.busyUntil; busy {
		p.carry += min(now.Sub(p.at).Seconds(), 1) * float64(perSecond)
		share = int(p.carry)
		p.carry -= float64(share)
	} else if wanted <= uint64(left) {
		share = left
	}
	p.at = now
	allowed := min(wanted, uint64(min(share, left)))
	if allowed < wanted {
		p.busyUntil = now.Add(time.Second)
	}
	return allowed
}

// note counts previews that were sent.
func (p *pace) note(now Instant, count int) {
	if count > 0 {
		p.sent = append(p.sent, sent{now, count})
	}
}
