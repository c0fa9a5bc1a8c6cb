package broker

import (
	"errors"
	"time"
)

// What can go wrong. Calls return these wrapped in an *[Error], which names the field and the way out.
var (
	// ErrInvalid is returned when an argument is malformed: a name, a pattern, a policy, a bound.
	ErrInvalid = errors.New("invalid argument")
	// ErrTTLRejected is returned when a TTL is outside a policy that rejects, negative, or beyond what may be granted.
	ErrTTLRejected = errors.New("lifetime not allowed")
	// ErrTopicNotFound is returned when a topic does not exist and is not to be made.
	ErrTopicNotFound = errors.New("no such topic")
	// ErrTopicExists is returned when a topic to be made exists.
	ErrTopicExists = errors.New("the topic exists")
	// ErrTooManyTopics is returned when a topic would exceed the server's limit of topics.
	ErrTooManyTopics = errors.New("too many topics")
	// ErrDurability is returned when a topic asks for more durability than the store offers.
	ErrDurability = errors.New("the store does not offer that durability")
	// ErrNoMessage is returned when a topic has not come to a sequence yet.
	ErrNoMessage = errors.New("no such message yet")
	// ErrEnded is returned when a message to be changed has ended; Error.Ended says how.
	ErrEnded = errors.New("the message has ended")
	// ErrConflict is returned when a deadline is not the one that a change was to replace, or a topic has come to a
	// sequence that a publish was to have.
	ErrConflict = errors.New("it has changed meanwhile")
	// ErrDeadlinePassed is returned when a message is to be published with a deadline that is not to come any more.
	ErrDeadlinePassed = errors.New("the deadline has passed")
	// ErrFull is returned when a publish would exceed a limit; Error.RetryAfter says when space comes free.
	ErrFull = errors.New("full")
	// ErrOutOfOrder is returned when a producer's request skips numbers.
	ErrOutOfOrder = errors.New("request number skips ahead")
	// ErrUnknownOutcome is returned when the log cannot tell whether it committed: it may still appear.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrTooSlow is returned to a subscription that asked to be disconnected when it falls behind.
	ErrTooSlow = errors.New("fell behind what is retained")
	// ErrClosed is returned by a subscription that was closed.
	ErrClosed = errors.New("the subscription was closed")
	// ErrBadToken is returned when a resume token cannot be read or was made for other patterns.
	ErrBadToken = errors.New("unreadable resume token")
	// ErrReadOnly is returned when the disk has failed: what is stored can be read, and nothing can be written.
	ErrReadOnly = errors.New("the store is read-only")
	// ErrStopped is returned when the broker is closing.
	ErrStopped = errors.New("the broker has stopped")
)

// Error is what calls return: one of the errors above, with what a person needs to go on.
type Error struct {
	Err        error         // one of the package's errors
	Field      string        // the API's name of the field to blame, or ""
	Detail     string        // a sentence: what is wrong, the limit, the way out
	RetryAfter time.Duration // with ErrFull: when space comes free; 0 where that is unknown
	Ended      *Ended        // with ErrEnded: how; nil where that is no longer remembered
	// Values are what is particular in Detail, by name ("limit", "position"), for whoever puts it into other words. Lifetimes
	// are in milliseconds. Only common errors have them.
	Values map[string]string
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Err.Error()
	}
	if e.Field == "" {
		return e.Detail
	}
	return e.Field + ": " + e.Detail
}

// Unwrap gives the package's error, for errors.Is.
func (e *Error) Unwrap() error { return e.Err }
