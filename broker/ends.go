package broker

// An EndReason is why a message ended: each has exactly one (contract 10).
type EndReason uint8

const (
	// NotEnded is no reason: the message lives, or how it ended is no longer remembered.
	NotEnded EndReason = iota
	// ExpiredDelivered is the end of a message whose time came, or was made to come by request, and that was handed to
	// the transport of at least one subscription.
	ExpiredDelivered
	// ExpiredUndelivered is the same for one that was handed to none.
	ExpiredUndelivered
	// ExpiredUnknown is the same for one of which a restart has made this unknown.
	ExpiredUnknown
	// Evicted made room for others.
	Evicted
	// Deleted by request, alone or with its topic.
	Deleted
	// Lost in a crash, which only happens where durability did not promise otherwise.
	Lost
)

// expired is true when the message's time came, whoever had been handed it.
func (r EndReason) expired() bool {
	return r == ExpiredDelivered || r == ExpiredUndelivered || r == ExpiredUnknown
}

// Ends counts messages by how they ended.
type Ends struct {
	ExpiredDelivered, ExpiredUndelivered, ExpiredUnknown, Evicted, Deleted, Lost uint64
}

// add counts n more messages. NotEnded counts nowhere.
func (e *Ends) add(r EndReason, n uint64) {
	switch r {
	case ExpiredDelivered:
		e.ExpiredDelivered += n
	case ExpiredUndelivered:
		e.ExpiredUndelivered += n
	case ExpiredUnknown:
		e.ExpiredUnknown += n
	case Evicted:
		e.Evicted += n
	case Deleted:
		e.Deleted += n
	case Lost:
		e.Lost += n
	}
}

// Total is how many messages ended.
func (e Ends) Total() uint64 {
	return e.ExpiredDelivered + e.ExpiredUndelivered + e.ExpiredUnknown + e.Evicted + e.Deleted + e.Lost
}

// Ended says how the messages First to Last of a topic's incarnation ended, all in the same way.
type Ended struct {
	Topic                string
	Incarnation          uint64
	First, Last          uint64
	Reason               EndReason // NotEnded: no longer remembered
	PublishTime, EndTime Instant
	Deliveries           uint32 // to how many subscriptions each was handed
}
