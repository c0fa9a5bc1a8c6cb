package broker

import (
	"math"
	"time"
)

// activity is how many messages were published of late: each counts half as much with every minute that passes.
type activity struct {
	messages float64
	at       Instant
}

func (a *activity) add(messages uint64, now Instant) {
	if now != a.at { // of many in one millisecond the first does the reckoning
		a.messages, a.at = a.value(now), now
	}
	a.messages += float64(messages)
}

func (a *activity) value(now Instant) float64 {
	return a.messages * math.Exp2(-now.Sub(a.at).Minutes())
}

// rate is the messages a second at which a steady stream would have this activity.
func (a *activity) rate(now Instant) float64 {
	return a.value(now) * math.Ln2 / time.Minute.Seconds()
}
