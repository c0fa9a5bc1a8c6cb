package pebblelog

import (
	"sort"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// A message goes by the policy that it was published under, for as long as it lives. So a policy that was replaced is kept
// until no message is left that was published under it; then it goes off the disk.

// policies are those of a topic. Safe for concurrent use.
type policies struct {
	name     string     // the topic's
	changing sync.Mutex // held by whoever changes which there are
	// In the order in which they came. The first is in what the topic was made as, and stays; the last rules what is published now.
	all atomic.Pointer[[]*ruling]
}

// ruling is a policy in force.
type ruling struct {
	position uint64       // of the KindTopicPut
	runs     atomic.Int64 // that live, of those published under it
}

// add takes a policy that replaces those before.
func (p *policies) add(position uint64) {
	p.changing.Lock()
	defer p.changing.Unlock()
	all := append([]*ruling(nil), p.list()...)
	all = append(all, &ruling{position: position})
	p.all.Store(&all)
}

func (p *policies) list() []*ruling {
	if all := p.all.Load(); all != nil {
		return *all
	}
	return nil
}

// at gives the policy that ruled at a position.
func (p *policies) at(position uint64) (r *ruling, last bool) {
	all := p.list()
	i := len(all) - 1
	if all[i].position > position {
		i = max(0, sort.Search(len(all), func(i int) bool { return all[i].position > position })-1)
	}
	return all[i], i == len(all)-1
}

// published counts a run.
func (p *policies) published(position uint64) {
	r, _ := p.at(position)
	r.runs.Add(1)
}

// released counts a run that has gone, and tells whether a policy may be of no more use.
func (p *policies) released(position uint64) bool {
	r, last := p.at(position)
	return r.runs.Add(-1) == 0 && !last
}

// takeUnused removes the policies that are of no more use, and gives the positions at which they came.
func (p *policies) takeUnused() (positions []uint64) {
	p.changing.Lock()
	defer p.changing.Unlock()
	all := p.list()
	kept := make([]*ruling, 0, len(all))
	for i, r := range all {
		// Nothing is added under one that is not the last.
		if i > 0 && i < len(all)-1 && r.runs.Load() == 0 {
			positions = append(positions, r.position)
			continue
		}
		kept = append(kept, r)
	}
	p.all.Store(&kept)
	return positions
}

// replaced are topics of which a policy may be of no more use. Safe for concurrent use.
type replaced struct {
	mu     sync.Mutex
	topics []broker.TopicID
}

func (r *replaced) note(id broker.TopicID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.topics = append(r.topics, id)
}

func (r *replaced) take() []broker.TopicID {
	r.mu.Lock()
	defer r.mu.Unlock()
	topics := r.topics
	r.topics = nil
	return topics
}

// dropPolicies deletes the policies that are of no more use.
func (l *Log) dropPolicies(b *pebble.Batch) error {
	for _, id := range l.replaced.take() {
		p := l.policiesOf(id)
		if p == nil {
			continue
		}
		for _, position := range p.takeUnused() {
			if err := b.Delete(topicKey(id, position), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// policiesOf gives a topic's policies, nil where there is no such topic.
func (l *Log) policiesOf(id broker.TopicID) *policies {
	if p, ok := l.existing.Load(id); ok {
		return p.(*policies)
	}
	return nil
}

// noteTopic notes which topics there are, and their policies.
func (l *Log) noteTopic(c *broker.Commit, t *topicState) {
	switch c.Kind {
	case broker.KindTopicDeleted:
		l.existing.Delete(c.Topic)
	case broker.KindTopicPut:
		if t.policies == nil {
			t.policies = &policies{name: t.name}
			l.existing.Store(t.id, t.policies)
		}
		t.policies.add(c.Position)
		if c.Position != uint64(t.id) {
			l.replaced.note(t.id)
		}
	}
}
