// Package broker is Linger's domain: topics, messages that each say how long they are kept, subscriptions, and the live
// view. It does no I/O and knows neither protobuf nor HTTP nor disks; it takes the clock as a value and order and
// durability from a [Log]. What it promises is the contract below. Each numbered sentence has tests that name it.
//
// # The contract
//
// 1. Topics are dot-separated tokens of letters and digits of any script, "_" and "-" (compared as bytes, at most 255 of
// them; names not in NFC are refused, naming the NFC form; a first token that begins with "_" is reserved). Subscribers
// may use "*" for one token and a final ">" for the rest. A topic exists from its first publish (unless auto-creation is
// off) or its creation. Subscribing to one that does not exist yet waits for it.
//
// 2. Sequence. Messages of one incarnation of a topic are numbered in strictly increasing order from 1. A number is never
// used twice in an incarnation, not even after a crash or after everything expired. A publish may ask for a number above
// the next one, so that messages keep those they had in another store; the numbers passed over count as ended. A topic
// made again after deletion, and every memory topic after a restart, is a new incarnation with a new id, told in the
// subscription's hello and in every run.
//
// 3. Lifetime. A publisher asks for a TTL in milliseconds or more; the topic's policy has a minimum, a default and a
// maximum and either clamps or rejects. Unset means the default. Asked as an absolute deadline, a lifetime ends at that
// millisecond, however long the way to its commit; only the maximum bounds it. The answer names first sequence, publish
// time, expire time, granted TTL and why it differs from the asked one, durability, and the server's clock. Zero means now
// or never: offered to the subscriptions that exist when it commits, each getting it if it reads that far within
// [PassingTime], bounded in bytes per topic by [PassingBytes]; never listed, never given to later subscriptions, never
// written to disk; who misses it sees it in the gap as expired; with no subscription at all it ends at once, undelivered. A
// negative TTL is an error.
//
// 4. Deadline. A message is alive while now < deadline; deadlines are whole milliseconds. One past its deadline is never
// handed to a transport, listed or counted, whatever the state of clean-up: delivery compares, clean-up only reclaims.
// Within a second of the deadline, without any subscriber or poll, it is gone from every count and limit; retained memory,
// as the broker accounts and reports it, never exceeds twice the live bytes, [RunOverhead] counted with each run, plus
// [TopicOverhead] per topic and [ReaderOverhead] per reader; a reader of messages that are only in the log has up to
// [AheadBytes] and a run besides, and what happened of late takes up to [HistoryBytes] in all. A short TTL never waits behind a long one.
//
// 5. Clock. Server time is anchored to the wall clock at start, then advances with the clock it was given, and never runs
// backwards: commits store it, an idle broker with live messages stores it each second, and a start takes the later of
// wall clock and stored time. What expired while the server was down stays dead. Publish times never decrease within a
// topic.
//
// 6. Order. A subscriber sees a topic's messages in sequence order: first what is retained and asked for (all, from a
// sequence, from a time, last N, or only new), then live, without gap or repeat between the two; the stream says when it
// has caught up. A pattern promises order within each topic, none across topics; includes topics that appear later, from
// their first message; with it, last N and a time hold per topic, a sequence is refused, and overlapping patterns deliver
// once. Every delivery carries the server's clock and an opaque resume token; resuming with it gives each later message
// once. A token that no longer fits (another store, a new incarnation) is answered by a reset that says why. Every
// delivery carries its deadline.
//
// 7. Slow readers cost only their own lag. A publisher never waits for a subscriber. A reader who falls behind what is
// retained is told before the next message how many it missed, and how many of them expired, were evicted, deleted, lost
// in a crash, or ended for reasons no longer remembered; the total is always exact. It may choose instead to be
// disconnected, or to skip to the newest. Reading all of a topic never begins with a gap.
//
// 8. Change of lifetime. The request names an absolute expire time, and optionally the one it replaces (compare and set).
// Same sequence, idempotent, survives a restart, announced to whoever watches. Nothing outlives publish time + the
// policy's maximum. An extension holds the message alive from the moment it is accepted and is acknowledged when
// committed; a shortening takes effect when committed; a change to a dead message is refused with how and when it ended.
// Policy changes apply to later messages only.
//
// 9. Limits. A topic may limit the messages and bytes that it retains, the server its memory and disk. The topic says what
// happens at a limit: reject (the default: an error that says when space comes free), evict the oldest, or evict what
// expires soonest. At a server limit the publishing topic's own rule applies, to its own messages. What makes room goes
// before what it is made for. Only where more is on its way at once than a topic may hold does it hold more, until that is
// committed and the rest has followed. A publish that is refused has evicted nothing, but to get a disk that is full below
// its limit. Now or never counts against no limit of its topic's.
//
// 10. Ends are told. Each message ends for one reason: expired (delivered, undelivered, or unknown after a crash; expiring
// by request is expiry), evicted, deleted (message or topic), lost. Delivered means handed to the transport of at least
// one subscription; watching and listing do not count. Watchers see ends, in bulk as sequence ranges; counters add up
// exactly, per incarnation: published = retained + passing + ended. To how many subscriptions a message was delivered is
// counted from their read positions, never per delivery.
//
// 11. Durability is fixed per topic when it is created, and named in every answer: memory or fsynced; the default is the
// strongest that the store offers. A memory topic beside a store that keeps more costs that store nothing but what the topic
// is: after a restart it is there again, empty.
//
// 12. Publishing once. A producer numbers its requests from 1. They are committed in that order, those to memory topics
// beside a store that keeps more in an order of their own. A repeated number gets its first answer and is not published
// again (the last [AnswersKept] answers are kept, of large ones [AnswerBytesKept]; an older one is answered as committed,
// details forgotten); one that skips ahead is refused. Producer state is stored in the same commits as the messages and as
// durably, and forgotten [ProducerIdle] after last use; a client that returns later, or after a restart when it had
// published to memory topics, is told so. A batch commits whole or not at all; a failed one ends neither the request nor
// the other batches.
//
// # Concurrency
//
// Every method of [Broker] may be called from any goroutine; a [Subscription] or a [Watcher] belongs to one at a time. What
// is committed is applied by one goroutine at a time in each lane, the store's and that of memory topics: by one of the
// log's, or a publisher's own (see [Combiner]).
// Locks are taken in this order, and none is held while sending, waiting, or calling the log, but for its Release:
//
//	Broker.reclaimMu (one slice of a clean-up at a time) → Broker.mu (which topics and subscriptions exist)
//	→ topic.mu (a topic's runs, ends, cursors) → Subscription.mu, history.mu, wheel, hot chunks, forecast of all topics
//
// The lock of turns, in which readers are served, is held while taking no other.
//
// A producer's lock is taken before Broker.mu, and never together with a topic's.
package broker
