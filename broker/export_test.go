package broker

// CoolAll has all that the log can load again go cold, and every chunk of it packed, however few runs it holds.
func (b *Broker) CoolAll() {
	b.coolTo(-1 << 62)
	for _, t := range b.allTopics() {
		t.mu.Lock()
		for _, c := range t.runs.chunks {
			t.runs.packLeast(c, 1)
		}
		t.mu.Unlock()
	}
}

// SealAll seals every chunk that is not for the log to load again, however few runs it holds.
func (b *Broker) SealAll() {
	for _, t := range b.allTopics() {
		t.mu.Lock()
		for _, c := range t.runs.chunks {
			t.runs.sealRuns(c)
		}
		t.mu.Unlock()
	}
}
