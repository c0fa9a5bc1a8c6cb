package pebblelog

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"linger/broker"
)

// Where the record of what a topic was made as is lost, its messages need not be: they name their topic by number, and that
// its next sequence is there tells that it was not deleted. The record of a later policy tells the name; otherwise the
// topic gets one of which everybody sees where it comes from.

// readTopics reads which topics are there, and the next sequences of those and others.
func (r *rebuilder) readTopics() error {
	err := eachOf(r.db, spaceTopics, func(k, v []byte) error {
		c, err := decodeTopic(k, v)
		if err != nil {
			return err
		}
		r.position = max(r.position, c.Position)
		if len(k) == 9 {
			r.topics[c.Topic] = true
			r.taken[c.Put.Name] = true
		} else {
			r.policies[c.Topic] = append(r.policies[c.Topic], c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return eachOf(r.db, spaceNext, func(k, v []byte) error {
		id, err := idOf(k)
		if err != nil {
			return err
		}
		next, reserved, err := decodeNext(k, v)
		r.next[id] = max(next, reserved)
		return err
	})
}

// rescue makes the topics again whose record is lost, and gives up those of which nothing is left.
func (r *rebuilder) rescue(s *salvage) error {
	for _, id := range slices.Sorted(maps.Keys(r.next)) {
		if r.topics[id] {
			continue
		}
		if (r.ends[id] == 0 && len(r.policies[id]) == 0) || s.deleted(key(spaceTopics, uint64(id))) {
			r.report.add("", fmt.Sprint(uint64(id)), "what it was is lost, and no message of it is left")
			if err := r.put(key(spaceNext, uint64(id)), nil); err != nil {
				return err
			}
			continue
		}
		if err := r.remake(id); err != nil {
			return err
		}
	}
	for id, policies := range r.policies {
		for i := range policies {
			if r.topics[id] {
				continue
			}
			if err := r.put(topicKey(id, policies[i].Position), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// remake makes a topic again: as its last policy says, or with the decided policy under a name that is made up.
func (r *rebuilder) remake(id broker.TopicID) error {
	c := broker.Commit{Proposal: broker.Proposal{Kind: broker.KindTopicPut, Topic: id}, Position: uint64(id), Time: r.time, First: 1}
	policies := r.policies[id]
	switch {
	case len(policies) > 0 && !r.taken[policies[len(policies)-1].Put.Name]:
		c.Put = policies[len(policies)-1].Put
		r.report.add("", c.Put.Name, "what it was made as is lost; it is made again as its last policy says")
	default:
		var incarnation [8]byte
		_, _ = rand.Read(incarnation[:]) // never fails
		c.Put = broker.TopicPut{
			Name: r.nameFor(id), Incarnation: binary.LittleEndian.Uint64(incarnation[:]) | 1, Created: r.time, Durability: broker.DurabilityFsynced,
			Policy: broker.Policy{
				Min: broker.DefaultTTLMin, Default: broker.DefaultTTL, Max: broker.DefaultTTLMax,
				MaxMessages: broker.Unlimited, MaxBytes: broker.Unlimited, AtLimit: broker.LimitReject,
			},
		}
		r.report.add("", c.Put.Name, "the name and policy of topic number %d are lost; its messages are kept under this name", id)
	}
	r.topics[id], r.taken[c.Put.Name] = true, true
	r.names[fmt.Sprint(uint64(id))] = c.Put.Name
	k := topicKey(id, uint64(id))
	return r.put(k, encodeTopic(k, &c))
}

// nameFor is a name that no topic has.
func (r *rebuilder) nameFor(id broker.TopicID) string {
	name := fmt.Sprintf("recovered.topic-%d", id)
	for n := 2; r.taken[name]; n++ {
		name = fmt.Sprintf("recovered.topic-%d-%d", id, n)
	}
	return name
}

// deleted tells whether a range that was deleted covers a key. What was written there later is read, if it can be.
func (s *salvage) deleted(k []byte) bool {
	return slices.ContainsFunc(s.holes, func(h hole) bool { return bytes.Compare(h.from, k) <= 0 && bytes.Compare(k, h.to) < 0 })
}
