package broker

// cursorSet is the cursors in a topic, in no order. Mostly they are none or one, and then it is next to nothing. topic.mu
// guards it and the slots of its cursors.
type cursorSet []*cursor

func (s *cursorSet) add(c *cursor) {
	c.slot = len(*s)
	*s = append(*s, c)
}

// has tells whether the cursor is there.
func (s cursorSet) has(c *cursor) bool { return c.slot < len(s) && s[c.slot] == c }

// remove takes out a cursor, if it is there. The last one takes its place.
func (s *cursorSet) remove(c *cursor) {
	all := *s
	if !all.has(c) {
		return
	}
	n := len(all) - 1
	all[c.slot] = all[n]
	all[c.slot].slot = c.slot
	all[n] = nil
	*s = all[:n]
}
