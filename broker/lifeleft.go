package broker

import (
	"slices"
	"time"
)

// LifeLeft tells what messages had left of their lifetimes when a subscription was handed them, in the last five to ten
// minutes. Shares are of the whole lifetime, in thousandths. What only passes is not counted.
type LifeLeft struct {
	Messages  uint64
	Median    int           // at least so much was left of one half of them, or more; told as one of [LifeLeftBounds]
	Worst     int           // exact, but rounded down
	WorstLeft time.Duration // what that message had left
}

// LifeLeftBounds are the shares that the median is told by, in thousandths.
func LifeLeftBounds() []int { return slices.Clone(lifeBounds[:]) }

// lifeBounds are narrow where it matters: shortly before death, and for those who read at once.
var lifeBounds = [...]int{0, 10, 20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 990}

// lifeSpan is how long is counted before beginning anew. What was counted before is kept for as long again.
const lifeSpan = 5 * time.Minute

// lifeCounts count deliveries of lifeSpan, or of what of it has passed.
type lifeCounts struct {
	until         Instant // when it is over; 0: nothing was counted
	worst         float64 // the least share
	left, granted time.Duration
	bins          [len(lifeBounds)]uint32
}

// lifeTally belongs to a cursor and is made when it is first handed something. Its memory is within [ReaderOverhead].
type lifeTally struct {
	now, before lifeCounts
}

// add counts messages that were handed out with so much left of what they had. The caller shares topic.mu, and is the
// cursor's only reader.
func (l *lifeTally) add(now Instant, left, granted time.Duration, count uint32) {
	if now >= l.now.until {
		l.before, l.now = l.now, lifeCounts{until: slotStart(slotOf(now, lifeSpan)+1, lifeSpan), worst: 2}
	}
	share := float64(left) / float64(granted) // cheaper than in whole numbers, and done for each delivery
	bin := len(lifeBounds) - 1
	if share < 0.99 {
		bin = lifeBin(left, granted)
	}
	l.now.bins[bin] += count
	if share < l.now.worst {
		l.now.worst, l.now.left, l.now.granted = share, left, granted
	}
}

// lifeBin is where a share is counted.
func lifeBin(left, granted time.Duration) int {
	bin, exact := slices.BinarySearch(lifeBounds[:], permille(left, granted))
	if !exact {
		bin--
	}
	return bin
}

// permille is a share in thousandths, rounded down. Lifetimes of ten years do not overflow.
func permille(left, granted time.Duration) int {
	return int(1000 * left.Milliseconds() / granted.Milliseconds())
}

// value tells what was counted. The caller holds topic.mu alone.
func (l *lifeTally) value(now Instant) (v LifeLeft) {
	if l == nil {
		return v
	}
	worst := 2.0
	var bins [len(lifeBounds)]uint64
	for _, c := range []*lifeCounts{&l.now, &l.before} {
		if c.until == 0 || c.until.Add(lifeSpan) <= now {
			continue // too long ago
		}
		for i, n := range c.bins {
			bins[i] += uint64(n)
			v.Messages += uint64(n)
		}
		if c.worst < worst {
			worst, v.Worst, v.WorstLeft = c.worst, permille(c.left, c.granted), c.left
		}
	}
	if v.Messages == 0 {
		return LifeLeft{}
	}
	below := uint64(0)
	for i, n := range bins {
		if below += n; 2*below > v.Messages {
			v.Median = lifeBounds[i]
			break
		}
	}
	return v
}
