package broker

// Run is messages as they are handed out: consecutive, of one topic, with one deadline.
type Run struct {
	Topic       string
	Incarnation uint64
	First       uint64
	Count       int
	PublishTime Instant
	Deadline    Instant // equal to PublishTime for now or never
	Gap         Gap     // what was missed before; First 0: nothing
	Body        []byte  // the frames; stays valid, must not be changed
}

// Budget bounds one delivery.
type Budget struct {
	Bytes    int // of bodies; one message more may be handed out
	Messages int // 0: no bound
}

// Delivery is what Next hands out.
type Delivery struct {
	Now      Instant
	Runs     []Run  // valid until the next call
	Token    []byte // resumes behind this delivery; valid until the next call
	CaughtUp bool   // all that was retained when the subscription began has been handed out; told once
	Reset    *Reset // a topic does not go on where it was
}

// ResetReason tells why a subscription cannot go on where it was.
type ResetReason uint8

// The reasons.
const (
	ResetAnotherStore   ResetReason = iota + 1 // the token is from another store; it begins at everything retained
	ResetTopicDeleted                          // the topic was deleted
	ResetNewIncarnation                        // since the token it was deleted and made again, or a restart began it anew
)

// Reset tells that what follows does not continue what came before.
type Reset struct {
	Reason ResetReason
	Topic  string // "": all
	Gap    Gap    // what ended with the topic and was not handed out
}

// TopicIncarnation names one life of a topic.
type TopicIncarnation struct {
	Topic                     string
	Incarnation, NextSequence uint64
}
