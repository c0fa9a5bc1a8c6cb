package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"linger/client"
)

// importTopic is a topic that messages go to.
type importTopic struct {
	keeps bool   // the numbers that messages had
	next  uint64 // the least that can be kept
	had   uint64 // the next when the import began to go on; 0: it does not go on, or the topic was empty
}

// topic finds out whether a topic lets messages keep their numbers.
func (m *importing) topic(ctx context.Context, name string) (*importTopic, error) {
	if t := m.topics[name]; t != nil {
		return t, nil
	}
	found, err := m.client.GetTopic(ctx, name)
	switch {
	case errors.Is(err, client.ErrNotFound):
		m.topics[name] = &importTopic{keeps: true, next: 1} // the first message makes it
	case err != nil:
		return nil, err
	default:
		m.know(found)
	}
	return m.topics[name], nil
}

// know notes a topic that exists. Numbers that its messages had can be kept as long as it has none; where an import goes on,
// behind those that it has.
func (m *importing) know(t client.Topic) {
	next := t.Stats.NextSequence
	known := &importTopic{keeps: next <= 1, next: next}
	if !known.keeps && m.flags.after > 0 {
		known.keeps, known.had = true, next
	}
	m.topics[t.Name] = known
}

// makeTopic makes a topic of an export, unless it exists.
func (m *importing) makeTopic(ctx context.Context, line []byte) error {
	var exported jsonTopic
	if err := json.Unmarshal(line, &exported); err != nil {
		return fmt.Errorf("it is no topic as linger export writes them: %w", err)
	}
	policy, err := exported.policy()
	if err != nil {
		return err
	}
	existing, err := m.client.GetTopic(ctx, exported.Topic)
	if err == nil {
		if m.topics[exported.Topic] == nil {
			m.know(existing)
			if existing.Policy != policy {
				m.note("%s exists and keeps its own policy", exported.Topic)
			}
		}
		return nil
	}
	if !errors.Is(err, client.ErrNotFound) {
		return err
	}
	create := m.client.CreateTopic
	if exported.AutoCreated {
		create = m.client.CreateAutoTopic
	}
	made, err := create(ctx, exported.Topic, policy, durabilities[exported.Durability])
	var refusal *client.Error
	if errors.As(err, &refusal) && refusal.Reason == "DURABILITY" {
		made, err = create(ctx, exported.Topic, policy, client.DurabilityDefault)
		if err == nil && !m.weaker {
			m.weaker = true // once: it is so for all of them
			m.note("topics were %s; here they are %s, the strongest that the store offers", exported.Durability, made.Durability)
		}
	}
	if err != nil {
		return fmt.Errorf("topic %s cannot be made with its policy: %w (one that exists is left as it is: linger topic %s create)", exported.Topic, err, exported.Topic)
	}
	m.know(made)
	m.report.made()
	return nil
}
