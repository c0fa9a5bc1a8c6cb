package client

import "time"

// outage paces attempts to reconnect: 100 ms doubling to 5 s, from the first failure on until ended.
type outage struct {
	limit time.Duration // give up after this long; 0: never
	since time.Time     // zero: connected, or never tried
	wait  time.Duration
}

// next returns how long to wait before the next attempt; false: the outage has lasted as long as was allowed.
func (o *outage) next() (time.Duration, bool) {
	now := time.Now()
	if o.since.IsZero() {
		o.since, o.wait = now, firstRetry
	} else {
		o.wait = min(2*o.wait, lastRetry)
	}
	if o.limit <= 0 {
		return o.wait, true
	}
	left := o.limit - now.Sub(o.since)
	return min(o.wait, left), left > 0
}

// end notes that the server answered.
func (o *outage) end() { o.since = time.Time{} }

// lasted returns how long it has been since the first failure; zero when connected.
func (o *outage) lasted() time.Duration {
	if o.since.IsZero() {
		return 0
	}
	return time.Since(o.since)
}
