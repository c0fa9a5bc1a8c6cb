package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"linger/internal/bench"
)

// writeBench tells what a workload found, after an empty line if others were told before.
func writeBench(w io.Writer, r *bench.Result, more bool) error {
	var b strings.Builder
	if more {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s: %s\n", r.Settings.Workload, benchWhat(r))
	writeRows(&b, r.Rows)
	for _, line := range benchVerdict(r) {
		fmt.Fprintf(&b, "%s\n", line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// benchWhat says what was measured.
func benchWhat(r *bench.Result) string {
	s := r.Settings
	parts := []string{counted(uint64(s.Publishers), "publisher")}
	if s.Subscribers > 0 {
		parts[0] += " → " + counted(uint64(s.Subscribers), "subscriber")
	}
	kept := "kept " + formatDuration(s.TTL)
	if s.TTL == 0 {
		kept = "now or never"
	}
	parts = append(parts, counted(uint64(s.Topics), "topic"), exactSize(int64(s.Size)), kept)
	if d := r.Durability.String(); d != "" {
		parts = append(parts, d)
	}
	if s.Rate > 0 {
		parts = append(parts, grouped(uint64(s.Rate))+"/s asked")
	}
	if s.Batch > 0 {
		parts = append(parts, fmt.Sprintf("%d at once", s.Batch))
	}
	parts = append(parts, "in "+r.Took.Round(10*time.Millisecond).String())
	if r.Interrupted {
		parts = append(parts, "interrupted")
	}
	return strings.Join(parts, ", ")
}

// writeRows writes a table: labels to the left, numbers to the right.
func writeRows(b *strings.Builder, measured []bench.Row) {
	rows := [][]string{{"", "MESSAGES", "MSG/S", "MB/S", "P50", "P90", "P99", "P99.9", "MAX"}}
	for i := range measured {
		m := &measured[i]
		row := []string{m.Label, grouped(m.Messages), "-", "-"}
		if rate := m.Rate(); rate > 0 {
			row[2], row[3] = grouped(uint64(rate)), fmt.Sprintf("%.1f", float64(m.Bytes)/m.Over.Seconds()/1e6)
		}
		if t := m.Times; t.Count == 0 {
			row = append(row, "-", "-", "-", "-", "-")
		} else {
			row = append(row, formatTime(t.P50), formatTime(t.P90), formatTime(t.P99), formatTime(t.P999), formatTime(t.Max))
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteByte('\n')
	}
}

// benchVerdict says what became of the messages.
func benchVerdict(r *bench.Result) (lines []string) {
	c := r.Counts
	sum := "nothing lost, doubled, out of order or changed"
	if c.Lost+c.Doubled+c.OutOfOrder+c.Damaged > 0 {
		sum = fmt.Sprintf("WRONG: %s lost, %s doubled, %s out of order, %s changed", grouped(c.Lost), grouped(c.Doubled), grouped(c.OutOfOrder), grouped(c.Damaged))
	}
	var others []string
	for _, o := range []struct {
		n    uint64
		what string
	}{
		{c.Refused, "refused"},
		{c.Unknown, "of unknown outcome"},
		{c.DeadOnArrival, "dead on arrival"},
		{c.Expired, "expired before they came"},
		{c.Evicted, "evicted before they came"},
		{c.Deleted, "deleted before they came"},
		{c.Forgotten, "ended unremembered"},
		{c.Foreign, "of others"},
	} {
		if o.n > 0 {
			others = append(others, grouped(o.n)+" "+o.what)
		}
	}
	if len(others) > 0 {
		sum += "; " + strings.Join(others, ", ")
	}
	lines = append(lines, sum)
	switch d := r.Expiry; {
	case d == nil:
	case r.Interrupted && d.DeathP99 == 0:
		lines = append(lines, "interrupted before they died")
	default:
		lines = append(lines, deathLines(d)...)
	}
	return lines
}

// deathLines say what was seen of messages that died at one instant.
func deathLines(d *bench.Deaths) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if d.OrdinaryP99 > 0 && d.DeathP99 > 0 {
		say("publish p99 in the second in which %s died: %s, %.2f × the %s of an ordinary second (the worst one: %s)", counted(d.Messages, "message"),
			formatTime(d.DeathP99), float64(d.DeathP99)/float64(d.OrdinaryP99), formatTime(d.OrdinaryP99), formatTime(d.WorstOrdinaryP99))
	}
	say("gone from the counts %s after the deadline, counted as ended %s, out of memory %s", gone(d.GoneFromCounts), gone(d.GoneIntoEnds), goneMemory(d))
	say("%s gone early, %s counted late", grouped(d.Early), grouped(d.Late))
	if d.Untold {
		say("the watch was told to be incomplete")
	}
	return lines
}

func gone(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return formatTime(d)
}

func goneMemory(d *bench.Deaths) string {
	if d.GoneFromMemory == 0 {
		return "too few to tell"
	}
	return fmt.Sprintf("%s (%s to %s)", gone(d.GoneFromMemory), formatSize(d.MemoryFull), formatSize(d.MemoryBefore))
}
