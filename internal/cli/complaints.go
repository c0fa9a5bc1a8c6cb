package cli

// maxComplaints is how many refusals are named one by one.
const maxComplaints = 10

// complaints tells what goes wrong while many messages are sent, without a line for each. Whoever has it guards it.
type complaints struct {
	*app
	keepGoing bool // --keep-going
	told      int
	outage    bool // the server was lost, which was told, and has not answered since
}

// add tells of a refusal, if not too many were told already.
func (c *complaints) add(format string, args ...any) {
	c.told++
	most := maxComplaints
	if !c.keepGoing {
		most = 1 // what was on its way when the first was refused is counted
	}
	switch {
	case c.told <= most:
		c.note(format, args...)
	case c.told == most+1 && c.keepGoing:
		c.note("more were refused; they are counted at the end")
	}
}

// lost tells of a lost connection, once for each outage.
func (c *complaints) lost(err error) {
	if !c.outage {
		c.outage = true
		c.note("%v; trying again", err)
	}
}
