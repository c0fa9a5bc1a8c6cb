package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

const (
	// The server keeps its last 1,024 answers, so more unanswered requests could not be repeated safely.
	maxUnanswered = 1024
	// Enough to keep a fast connection busy; Publish waits beyond it.
	defaultWindowBytes = 16 << 20
	// What no server accepts, whatever its --max-message.
	maxDataBytes = 16 << 20
)

// PublisherOptions are what a publisher can be told. The zero value is usable.
type PublisherOptions struct {
	// OnBatch is told what became of each batch, in the order in which the messages were handed to Publish. Calls come
	// one at a time from a goroutine of the publisher's and hold it up; OnBatch must not call Publish. May be nil.
	OnBatch func(Outcome)
	// OnLost is told when the connection is lost or cannot be made, and when the next attempt is due. Called like
	// OnBatch. May be nil.
	OnLost func(err error, retryIn time.Duration)
	// WindowBytes bounds the messages that were handed over and not answered; Publish waits for room. 0: 16 MiB.
	WindowBytes int
	// RetryFor is how long an outage may last before the publisher gives up. 0: for ever.
	RetryFor time.Duration
}

// Outcome says what became of one batch.
type Outcome struct {
	// First counts the messages handed to Publish before this batch's first one.
	First int
	// Count is how many messages the batch has.
	Count int
	// Topic is where they were to go.
	Topic string
	// Ack is the server's answer; zero with an error.
	Ack Ack
	// Err is nil when the batch was published. An [*Error] is a refusal; otherwise it is ErrOutcomeUnknown, ErrNotSent or
	// ErrDetailsForgotten, by errors.Is.
	Err error
	// Failed is the index, in the batch, of the message that a refusal is about; -1: none in particular.
	Failed int
}

// Publisher publishes many messages, each once, in the order of the calls. What gathers while a request is on its way
// goes into the next one; there is no timer. Make one with [Client.NewPublisher] and end it with Close.
type Publisher struct {
	client *Client
	opts   PublisherOptions
	queue  *pubQueue
	cancel context.CancelFunc // ends run
	done   chan struct{}      // closed when run has ended

	// Used by run alone.
	id     []byte
	store  string // the one that the last stream was opened with; "": none was
	outage outage
}

// NewPublisher makes a publisher. It connects with the first message.
func (c *Client) NewPublisher(opts PublisherOptions) *Publisher {
	if opts.WindowBytes <= 0 {
		opts.WindowBytes = defaultWindowBytes
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Publisher{
		client: c,
		opts:   opts,
		queue:  newPubQueue(opts.WindowBytes),
		cancel: cancel,
		done:   make(chan struct{}),
		id:     newProducerID(),
		outage: outage{limit: opts.RetryFor},
	}
	go p.run(ctx)
	return p
}

// Publish hands one message over. It returns at once while there is room in the window and otherwise waits for it. The
// message is copied. What becomes of it is told to OnBatch.
//
// An error means that this message will not be sent: an [*Error] when no server would take it, ctx's, [ErrClosed], or why
// the publisher gave up.
func (p *Publisher) Publish(ctx context.Context, topic string, ttl time.Duration, msg Message) error {
	return p.PublishFunc(ctx, topic, ttl, msg, nil)
}

// PublishFunc is Publish with a function that is told what became of this message: an Ack of one message, or an error as
// in [Outcome], [ErrNeighbourRefused] included. It is called once if PublishFunc returned nil, and like OnBatch.
func (p *Publisher) PublishFunc(ctx context.Context, topic string, ttl time.Duration, msg Message, done func(Ack, error)) error {
	return p.add(ctx, topic, asked{ttl: ttl}, &msg, done)
}

// Restored is what a message had elsewhere and is to have again.
type Restored struct {
	// ExpireTime is its deadline, by the clock of the server that it goes to; kept to the millisecond, however long the
	// message is on its way. A time that has passed is refused: [ErrDeadlinePassed].
	ExpireTime time.Time
	// Sequence is its number; 0: the topic's next. One that the topic has come to is refused with the reason "CONFLICT".
	// Numbers that are passed over count as ended.
	Sequence uint64
}

// Restore is [Publisher.Publish] for a message that comes from elsewhere, such as another server, and keeps its deadline and,
// if that is wanted, its number. Consecutive messages with one deadline are published together.
func (p *Publisher) Restore(ctx context.Context, topic string, r Restored, msg Message) error {
	ask := asked{ttl: DefaultTTL, deadline: r.ExpireTime.UnixMilli(), sequence: r.Sequence}
	if ask.deadline == 0 {
		ask.deadline = 1 // as long gone
	}
	return p.add(ctx, topic, ask, &msg, nil)
}

func (p *Publisher) add(ctx context.Context, topic string, ask asked, msg *Message, done func(Ack, error)) error {
	if err := msg.validate(); err != nil {
		return err
	}
	if len(msg.Data) > maxDataBytes {
		return invalid("data", "the data is %d bytes long; no server takes more than %d", len(msg.Data), maxDataBytes)
	}
	return p.queue.add(ctx, topic, ask, msg, done)
}

// Close waits until everything handed over has been answered, and ends the publisher. When ctx ends first, what was sent
// and not answered is reported as [ErrOutcomeUnknown], the rest as [ErrNotSent], and ctx's error is returned. It returns
// nil when all was answered, refusals included; and why, when the publisher had given up.
func (p *Publisher) Close(ctx context.Context) error {
	p.queue.close()
	select {
	case <-p.done:
		return p.queue.gaveUp()
	case <-ctx.Done():
		p.cancel()
		<-p.done
		return ctx.Err()
	}
}

// run owns the connection: one session after the other, until closed or given up.
func (p *Publisher) run(ctx context.Context) {
	defer close(p.done)
	defer p.cancel()
	for p.queue.waitForWork(ctx) {
		err := p.session(ctx)
		if err == nil {
			// Ended while nothing was unanswered: idle or closed. The server may forget the producer now without harm.
			p.id = newProducerID()
			p.queue.renumber(0)
			continue
		}
		p.queue.rewind()
		if permanent(err) {
			p.giveUp(p.client.rpcError(err))
			return
		}
		if err := p.pause(ctx, err); err != nil {
			p.giveUp(err)
			return
		}
	}
	if ctx.Err() != nil {
		p.giveUp(ErrClosed)
	}
}

// pause waits before the next attempt. An error means that there shall be none.
func (p *Publisher) pause(ctx context.Context, cause error) error {
	cause = p.client.rpcError(cause)
	wait, ok := p.outage.next()
	if !ok {
		return fmt.Errorf("%w for %s: %w", ErrUnreachable, p.opts.RetryFor, cause)
	}
	if p.opts.OnLost != nil && ctx.Err() == nil {
		p.opts.OnLost(cause, wait)
	}
	select {
	case <-ctx.Done():
		return ErrClosed
	case <-time.After(wait):
		return nil
	}
}

// giveUp reports everything unanswered, in order, and refuses what is handed over from now on.
func (p *Publisher) giveUp(cause error) {
	for _, r := range p.queue.fail(cause) {
		p.reportAll(r, lostError(r, cause))
	}
}

func lostError(r *pubRequest, cause error) error {
	kind := ErrNotSent
	if r.sends > 0 {
		kind = ErrOutcomeUnknown
	}
	if errors.Is(cause, ErrClosed) {
		return kind
	}
	return fmt.Errorf("%w: %w", kind, cause)
}

// reportAll reports every batch of a request as ended with err.
func (p *Publisher) reportAll(r *pubRequest, err error) {
	for i := range r.batches {
		p.report(&r.batches[i], Outcome{Err: err, Failed: -1})
	}
}

// report tells OnBatch, then the messages' own functions.
func (p *Publisher) report(b *pubBatch, o Outcome) {
	o.First, o.Count, o.Topic = b.first, b.count, b.topic
	if p.opts.OnBatch != nil {
		p.opts.OnBatch(o)
	}
	for i, done := range b.done {
		if done == nil {
			continue
		}
		done(o.message(i))
	}
}

// message returns what became of the batch's i-th message.
func (o *Outcome) message(i int) (Ack, error) {
	if o.Err == nil {
		ack := o.Ack
		ack.Sequence += uint64(i)
		ack.Count = 1
		return ack, nil
	}
	if o.Failed >= 0 && o.Failed != i {
		return Ack{}, fmt.Errorf("%w: %w", ErrNeighbourRefused, o.Err)
	}
	return Ack{}, o.Err
}

func newProducerID() []byte {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return id
}
