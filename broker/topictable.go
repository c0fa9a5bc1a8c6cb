package broker

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// TopicOrder is by what a table of topics is sorted. Topics that are equal stand in the order of their names.
type TopicOrder int

// What a table is sorted by.
const (
	ByActivity TopicOrder = iota // published to most of late, first
	ByName
	ByRetained      // messages alive, most first
	ByBytes         // their bytes, most first
	ByNextDeadline  // next to go, first; topics without messages last
	BySubscriptions // most first
	ByLag           // the slowest reader's, greatest first
	ByDefaultTTL    // what the policy keeps, longest first
)

// TopicQuery says which topics to show, and in which order.
type TopicQuery struct {
	// Filter is a pattern if it has a wildcard; otherwise a part of the name, in capitals or not. "": all.
	Filter  string
	Order   TopicOrder
	Reverse bool // but topics of equal rank still stand in the order of their names
	Offset  int  // so many of them are left out
	Limit   int  // at most so many; 0: all
}

// QueryTopics shows topics in an order. total counts all that the filter lets through. Errors: [ErrInvalid].
func (b *Broker) QueryTopics(q TopicQuery) (page []TopicInfo, total int, err error) {
	matching, err := b.filtered(q.Filter)
	if err != nil {
		return nil, 0, err
	}
	now := b.reclaimed()
	type ranked struct {
		*topic
		rank float64
	}
	all := make([]ranked, len(matching))
	for i, t := range matching {
		all[i] = ranked{t, t.rank(q.Order, now)}
	}
	direction := 1
	if q.Reverse {
		direction = -1
	}
	slices.SortFunc(all, func(x, y ranked) int {
		byName := cmp.Compare(x.name, y.name)
		if q.Order == ByName {
			return direction * byName
		}
		return cmp.Or(direction*cmp.Compare(x.rank, y.rank), byName)
	})
	total = len(all)
	all = all[min(max(q.Offset, 0), total):]
	if q.Limit > 0 {
		all = all[:min(q.Limit, len(all))]
	}
	for _, t := range all {
		page = append(page, t.info(now))
	}
	return page, total, nil
}

// TopicNames are the names that a [TopicQuery]'s filter lets through, in their order. Errors: [ErrInvalid].
func (b *Broker) TopicNames(filter string) ([]string, error) {
	matching, err := b.filtered(filter)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(matching))
	for i, t := range matching {
		names[i] = t.name
	}
	slices.Sort(names)
	return names, nil
}

// filter lets topics through by their names: by a pattern, or by a part of them.
type filter struct {
	pattern pattern
	part    string // in small letters; "": the pattern decides
}

func readFilter(text string) (f filter, err error) {
	if text == "" {
		text = everything
	}
	if !strings.ContainsAny(text, "*>") {
		return filter{part: strings.ToLower(text)}, nil
	}
	f.pattern, err = parsePattern(text)
	return f, err
}

func (f *filter) match(name string) bool {
	if f.part != "" {
		return strings.Contains(strings.ToLower(name), f.part)
	}
	return f.pattern.match(name)
}

// filtered gives the topics that a filter lets through, in no order.
func (b *Broker) filtered(text string) ([]*topic, error) {
	f, err := readFilter(text)
	switch {
	case err != nil:
		return nil, err
	case f.part == "":
		return b.selected(f.pattern), nil
	}
	return slices.DeleteFunc(b.allTopics(), func(t *topic) bool { return !f.match(t.name) }), nil
}

// rank is less the further up a topic stands.
func (t *topic) rank(by TopicOrder, now Instant) float64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	switch by {
	case ByActivity:
		return -t.activity.value(now)
	case ByRetained:
		return -float64(t.counts.Retained)
	case ByBytes:
		return -float64(t.counts.RetainedBytes)
	case ByNextDeadline:
		if next := t.nextDeadlineLocked(now); next != 0 {
			return float64(next)
		}
		return math.Inf(1)
	case BySubscriptions:
		return -float64(len(t.cursors))
	case ByLag:
		return -float64(t.lagLocked())
	case ByDefaultTTL:
		return -float64(t.policyLocked().Default)
	}
	return 0
}

// Bounds of [Broker.SumTopics].
const (
	MaxSums      = 500       // patterns of one call
	MaxSumTopics = 1_000_000 // topics that these select in all, each as often as it is selected
)

// TopicSum adds up the topics that a name or pattern selects.
type TopicSum struct {
	Totals
	Pattern     string
	Topics      int
	PublishRate float64 // messages a second, of late: what came a minute ago counts half
	// Recent is how many messages were published in each of the last RecentSeconds whole seconds, oldest first, without
	// "now or never". Nil: there was no room to note it.
	Recent []uint32
}

// RecentSeconds is how far back a [TopicSum]'s Recent looks.
const RecentSeconds = 60

// SumTopics adds up topics, in the order of the patterns, of those alone that a [TopicQuery]'s filter lets through; a name
// without a topic is an empty sum. Errors: [ErrInvalid].
func (b *Broker) SumTopics(patterns []string, filter string) ([]TopicSum, error) {
	if len(patterns) > MaxSums {
		return nil, &Error{Err: ErrInvalid, Field: "patterns", Detail: fmt.Sprintf("%d of them; at most %d at once.", len(patterns), MaxSums)}
	}
	through, err := readFilter(filter)
	if err != nil {
		return nil, err
	}
	now := b.reclaimed()
	sums := make([]TopicSum, len(patterns))
	selected := 0
	for i, text := range patterns {
		p, err := parsePattern(text)
		if err != nil {
			return nil, err
		}
		topics := b.selected(p)
		if selected += len(topics); selected > MaxSumTopics {
			return nil, &Error{Err: ErrInvalid, Field: "patterns", Detail: fmt.Sprintf("they select more than %d topics; ask for fewer at once.", MaxSumTopics)}
		}
		sums[i].Pattern, sums[i].Recent = text, make([]uint32, RecentSeconds)
		for _, t := range topics {
			if through.match(t.name) {
				sums[i].addTopic(t, now)
			}
		}
	}
	return sums, nil
}

func (s *TopicSum) addTopic(t *topic, now Instant) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s.Topics++
	totals := t.totalsLocked(now)
	s.add(&totals)
	s.PublishRate += t.activity.rate(now)
	s.addRecentLocked(t, now)
}

// addRecentLocked adds what was published in the seconds before the one that has not ended.
func (s *TopicSum) addRecentLocked(t *topic, now Instant) {
	first := slotOf(now, arrivalStep) - RecentSeconds
	switch {
	case s.Recent == nil || t.lastPublish < slotStart(first, arrivalStep):
	case t.history == nil || t.history.since > slotStart(first, arrivalStep) && t.history.since > t.created:
		s.Recent = nil
	default:
		for _, cell := range t.history.arrivals.from(first) {
			if i := cell.slot - first; i < RecentSeconds {
				s.Recent[i] += cell.value.messages
			}
		}
	}
}
