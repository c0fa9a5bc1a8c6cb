// Package pebblelog is a broker.Log on disk, on Pebble. What it acknowledges has been synced. This page argues why that
// holds when the power goes at any moment; docs/durability.md says the same for operators, with figures.
//
// # What is written
//
// Proposals are ordered in groups: all that has gathered becomes one, and gets positions, sequences and one time
// together. What has to last of a group is one batch of Pebble's, synced once; the next group forms meanwhile. A group is
// handed to the broker after its sync, in order: Pebble would show a batch to readers before.
//
// A batch holds, each value with a checksum over itself and its key:
//
//	r class position → runs     messages, by lifetime class (a factor of two) and position; see record.go
//	n topic          → sequence of its next message, and up to where numbers are reserved
//	e topic          → sequence up to which all has been evicted
//	t topic          → name, incarnation, durability, policy
//	a position       → what producers were answered
//	g group          → first and last position, time, reserved positions
//
// In class 254 stand changes of messages. Besides there are:
//
//	i class position → which runs are in a block, without their messages; see index.go
//	c topic          → at a close: how its messages had ended so far; see tallies.go
//	l class position → at a close: what lives of a block of which not all does; see released.go
//	p producer       → what it was answered last, once that has gone from a; see answers.go
//	m name           → which group is the oldest whose record is kept
//
// Runs of a class die in about the order in which they were written. They are kept track of in blocks of 1 MiB; dead
// blocks are deleted as ranges, and a block of which less than a quarter lives is written again with that alone. So a
// message that was extended holds no more than itself. What is dead in one piece, 8 MiB or more, is cut out of Pebble's
// tables once its deletion is in tables as well; see graves.go.
//
// A start reads the index of the blocks, and of what came behind the last of them the records. Nothing else depends on the
// index: what of it is missing or damaged is told, made up for by reading the records, and written again.
//
// Messages that are now or never are not written. They use sequences and positions that were reserved before: a group
// that says so is synced before the first of them is handed out. What their producer was told is written, when it numbers
// its requests: asked again it is told the same, and that is all that is left of them.
//
// # What a crash leaves
//
// Proposed, not yet written: nothing is on disk. It was not acknowledged.
//
// Written, not synced: the WAL holds the batch whole, in part or not at all. Pebble takes it whole or not at all, by the
// checksum of its WAL record. It was not acknowledged, and appears or not; a producer asks again and is told which.
//
// Synced, not handed to the broker: it is there. It appears, as above.
//
// Handed to the broker: it is there, with position, sequence, time and lifetime, as all of them stand in that batch.
// The next sequence of each topic stands in the same batch, so no number is given twice; after an unclean stop, topics
// with messages that were now or never go on above what was reserved for these.
//
// Released: the deletion is written without a sync. If a crash undoes it, recovery finds the run dead by its deadline or
// by a change that was committed, and releases it again. A change is deleted from disk only after the run that it
// changes, and the WAL is a sequence, so no crash brings back a message without its deletion or its shorter life. For the
// same reason a block's index, which is written after its records and deleted with them, never outlives them.
//
// Deleted, cut out of the tables: the cut stands in the MANIFEST, synced, and the deletion was in tables before. Nothing
// but the space that is used tells whether it was done.
//
// While a block is written again, deletion and new copy are one batch.
//
// At the start, before anything is let go for being dead, the time as of which it is dead is synced. So a clock that is
// set back before the next start brings nothing back.
//
// # What Pebble does not tell
//
// A MANIFEST is read up to the first record that is damaged, and tables that are not named by then are deleted. A WAL
// that is cut short ends there. So there is a fence:
//
//   - Groups are numbered without holes, and the oldest whose record is kept is stored. Records are dropped only when
//     they are older than the last two flushes, so that a MANIFEST that has lost its end leaves a hole in them.
//   - The file FENCE says which group is known to be synced; it is replaced each second in which something was. After a
//     clean stop it says which group is the last, and all of it is in tables.
//   - Open reads FENCE, opens the store for reading only, counts the groups and compares, before it opens it in a way
//     that can delete anything.
//   - FormatNewest is required of Pebble: with it a damaged record in the middle of a WAL is told from its end.
//
// What cannot be told: after an unclean stop, a WAL that lost groups of the last second before the stop, at its very
// end, looks as if they had never been synced. A disk that does as it says does not lose them.
//
// # Disks that fail
//
// Below Pebble stands a guard (fs.go). A full disk is waited out: operations are tried again until there is room, while
// new messages are refused from a reserve on. Any other failed write or sync stops all changes to the directory for good:
// whether what was synced before is on the disk is no longer known to the kernel either. What was on its way is answered
// with ErrUnknownOutcome, later proposals with ErrReadOnly; Load and Health go on. Pebble itself is never told, as it
// would end the process.
//
// # Concurrency
//
// queue.mu, underWay.mu, space.mu and producers.mu guard what their types hold. None is held while calling Pebble. Whoever
// has the queue's turn owns state and writer. Goroutines: a few run commitAll, each of which takes a group from the queue
// to its answers (group.go); tend makes room and looks after disk and fence.
package pebblelog
