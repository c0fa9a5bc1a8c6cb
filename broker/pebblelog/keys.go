package pebblelog

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"

	"linger/broker"
)

// The key spaces. A key is its space's byte and what is told here; numbers are big-endian, so that keys sort by number.
const (
	spaceAnswers  = 'a' // position of the group's first commit → the answers to producers in the group
	spaceTallies  = 'c' // topic → how its messages had ended at the last close: tally
	spaceEvicted  = 'e' // topic → the sequence up to which all has been evicted
	spaceGroups   = 'g' // number of the group → what the group was: groupRecord
	spaceIndex    = 'i' // class, first position of a block → the runs in it, without messages: blockIndex
	spaceLive     = 'l' // class, first position of a block → the positions in it that lived when the log was closed
	spaceMeta     = 'm' // name → a fact about the store
	spaceNext     = 'n' // topic → the sequence of its next message, and up to where numbers are reserved
	spaceProducer = 'p' // producer → answers to its last request, once those in spaceAnswers are gone
	spaceRuns     = 'r' // class, position of the first run → runs
	spaceTopics   = 't' // topic → what it was made as; topic, position → what it was changed to: TopicPut
)

// keyOldestGroup names the oldest group whose record is kept.
var keyOldestGroup = []byte{spaceMeta, 'o'}

// changeClass holds changes of messages: they go when the run that they change has gone, whenever that is.
const changeClass = 0xfe

// classOf is the lifetime class of a run: those of one class live within a factor of two as long, and so die in about
// the order in which they were committed.
func classOf(ttl time.Duration) uint8 {
	return uint8(bits.Len64(uint64(ttl.Milliseconds())))
}

func appendKey(b []byte, space byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, space), n)
}

func key(space byte, n uint64) []byte { return appendKey(make([]byte, 0, 9), space, n) }

// runKeySize is the length of a key in spaceRuns.
const runKeySize = 10

func runKey(class uint8, position uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, runKeySize), spaceRuns, class), position)
}

// numberOf reads the number that ends a key; ok is false where it has another length.
func numberOf(k []byte, size int) (n uint64, ok bool) {
	if len(k) != size {
		return 0, false
	}
	return binary.BigEndian.Uint64(k[size-8:]), true
}

// topicKey is where a KindTopicPut stands: the one that made the topic, or a later one.
func topicKey(id broker.TopicID, position uint64) []byte {
	k := key(spaceTopics, uint64(id))
	if position == uint64(id) {
		return k
	}
	return binary.BigEndian.AppendUint64(k, position)
}

// topicKeyOf reads what topicKey made.
func topicKeyOf(k []byte) (id broker.TopicID, position uint64, err error) {
	if len(k) != 9 && len(k) != 17 {
		return 0, 0, errFormat
	}
	position = binary.BigEndian.Uint64(k[len(k)-8:])
	return broker.TopicID(binary.BigEndian.Uint64(k[1:])), position, nil
}

// spaceEnd is the key behind all of a space.
func spaceEnd(space byte) []byte { return []byte{space + 1} }

// describe says for people what stands under a key.
func describe(k []byte) string {
	if len(k) == 0 {
		return "the beginning"
	}
	n, isNumber := numberOf(k, 9)
	switch {
	case k[0] == spaceRuns && len(k) == runKeySize && k[1] == changeClass:
		position, _ := numberOf(k, runKeySize)
		return fmt.Sprintf("the change of a message, commit %d", position)
	case k[0] == spaceRuns && len(k) == runKeySize:
		position, _ := numberOf(k, runKeySize)
		least := time.Millisecond << (max(k[1], 1) - 1)
		return fmt.Sprintf("messages from commit %d on with lifetimes of %v to %v", position, least, 2*least-time.Millisecond)
	case k[0] == spaceIndex && len(k) == runKeySize:
		position, _ := numberOf(k, runKeySize)
		return fmt.Sprintf("the index of class %d from commit %d on", k[1], position)
	case k[0] == spaceLive && len(k) == runKeySize:
		position, _ := numberOf(k, runKeySize)
		return fmt.Sprintf("what lived when the store was closed, of class %d from commit %d on", k[1], position)
	case k[0] == spaceTopics && len(k) == 17:
		id, position, _ := topicKeyOf(k)
		return fmt.Sprintf("a policy of topic %d, commit %d", id, position)
	case k[0] == spaceProducer:
		return fmt.Sprintf("answers to producer %x", k[1:])
	case !isNumber:
		return fmt.Sprintf("key %x", k)
	}
	switch k[0] {
	case spaceTopics:
		return fmt.Sprintf("topic %d", n)
	case spaceNext:
		return fmt.Sprintf("the next sequence of topic %d", n)
	case spaceEvicted:
		return fmt.Sprintf("what topic %d has evicted", n)
	case spaceTallies:
		return fmt.Sprintf("how messages of topic %d ended", n)
	case spaceAnswers:
		return fmt.Sprintf("answers to producers from commit %d on", n)
	case spaceGroups:
		return fmt.Sprintf("group %d of commits", n)
	}
	return fmt.Sprintf("key %x", k)
}
