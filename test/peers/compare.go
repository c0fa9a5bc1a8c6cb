package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A comparison is what a run found, as -json writes it.
type comparison struct {
	Machine   *machine  `json:"machine"`
	Rounds    int       `json:"rounds"`
	Workloads []*result `json:"workloads"`
}

// A result is what all rounds of one workload found.
type result struct {
	Name    string  `json:"name"`
	Title   string  `json:"title"`
	Unit    string  `json:"unit"`
	Entries []*line `json:"entries"`
}

// A line is one entry's part of it.
type line struct {
	Entry    string          `json:"entry"`
	Settings string          `json:"settings"`
	Rounds   map[int]sample  `json:"rounds"` // by round; a round that failed is missing
	Failures []string        `json:"failures,omitempty"`
	Value    spread          `json:"value"`
	Ratios   []ratio         `json:"ratios,omitempty"`
	values   map[int]float64 // by round
	entry    *entry
}

// A ratio compares an entry with others, round by round.
type ratio struct {
	Against string  `json:"against"`
	Goal    float64 `json:"goal,omitempty"`
	AtMost  bool    `json:"at_most,omitempty"`
	Met     *bool   `json:"met,omitempty"`
	Spread  spread  `json:"spread"`
}

// compare measures everything wanted and prints a table after each workload.
func (o *options) compare(ctx context.Context, out, progress io.Writer) error {
	wanted := o.wanted()
	if len(wanted) == 0 {
		return errors.New("no workload matches -only and -systems; -list shows them")
	}
	if o.list {
		list(out, wanted)
		return nil
	}
	for _, dir := range []string{o.profile, o.trace} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	m := describeMachine(o)
	m.print(out)
	var results []*result
	for i := range wanted {
		r, err := o.measure(ctx, &wanted[i], progress)
		if err != nil {
			return err
		}
		r.print(out, wanted[i].unit)
		results = append(results, r)
	}
	m.Ended = time.Now()
	m.LoadAfter = loadAverage()
	fmt.Fprintf(out, "\n%s, load average %s → %s\n", m.Ended.Sub(m.Begun).Round(time.Second), m.LoadBefore, m.LoadAfter)
	if o.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(comparison{m, o.rounds, results}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(text, '\n'), 0o644)
}

// wanted is what -only and -systems leave of the workloads.
func (o *options) wanted() (wanted []workload) {
	for _, w := range workloads() {
		w.entries = slices.DeleteFunc(w.entries, func(e entry) bool { return !o.systems.MatchString(e.name()) })
		if o.only.MatchString(w.name) && len(w.entries) > 0 {
			wanted = append(wanted, w)
		}
	}
	return wanted
}

// measure has every round of a workload. A measurement that fails is told and leaves a hole; an error is the end.
func (o *options) measure(ctx context.Context, w *workload, progress io.Writer) (*result, error) {
	r := &result{Name: w.name, Title: w.title, Unit: w.unit.name}
	for i := range w.entries {
		e := &w.entries[i]
		r.Entries = append(r.Entries, &line{
			Entry: e.name(), Settings: e.system.settings, Rounds: map[int]sample{}, values: map[int]float64{}, entry: e,
		})
	}
	for round := range o.rounds {
		for i := range r.Entries {
			l := r.Entries[(i+round)%len(r.Entries)]
			s, err := o.once(ctx, w, l.entry)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				l.Failures = append(l.Failures, fmt.Sprintf("round %d: %v", round+1, err))
				fmt.Fprintf(progress, "%s %d/%d  %-28s failed: %v\n", w.name, round+1, o.rounds, l.Entry, err)
				continue
			}
			l.Rounds[round], l.values[round] = s, w.unit.of(s)
			fmt.Fprintf(progress, "%s %d/%d  %-28s %s\n", w.name, round+1, o.rounds, l.Entry, s)
		}
	}
	r.conclude(w.unit)
	return r, nil
}

// once measures one entry once, in a folder of its own.
func (o *options) once(ctx context.Context, w *workload, e *entry) (sample, error) {
	dir, err := os.MkdirTemp(o.dir, "peers-")
	if err != nil {
		return sample{}, err
	}
	m := &measurement{
		site:   &site{ctx: ctx, binaries: o.binaries, dir: dir},
		system: e.system, job: e.job, warm: w.warm, length: w.length,
	}
	if o.profile != "" {
		m.profile = filepath.Join(o.profile, fileName(w.name, e.name()))
	}
	if o.trace != "" {
		m.trace = filepath.Join(o.trace, fileName(w.name, e.name()))
	}
	return m.run(ctx)
}

// conclude makes medians and ratios of the rounds.
func (r *result) conclude(u unit) {
	for _, l := range r.Entries {
		l.Value = spreadOf(valuesOf(l.values))
		for _, g := range l.entry.goals {
			if ratio, ok := r.ratio(l, g, u); ok {
				l.Ratios = append(l.Ratios, ratio)
			}
		}
	}
}

// ratio compares a line with the sum of others, in each round that has all of them.
func (r *result) ratio(l *line, g goal, u unit) (ratio, bool) {
	against := map[int]float64{}
	for round := range l.values {
		against[round] = 0
	}
	name := ""
	for _, t := range g.against {
		i := slices.IndexFunc(r.Entries, func(l *line) bool { return l.Entry == t.entry })
		if i < 0 {
			return ratio{}, false // left out by -systems
		}
		for round := range against {
			v, ok := r.Entries[i].values[round]
			if !ok {
				delete(against, round)
				continue
			}
			against[round] += t.weight * v
		}
		if name != "" {
			name += " + "
		}
		if t.weight != 1 {
			name += fmt.Sprintf("%g × ", t.weight)
		}
		name += t.entry
	}
	var ratios []float64
	for round, sum := range against {
		ratios = append(ratios, l.values[round]/sum)
	}
	if len(ratios) == 0 {
		return ratio{}, false
	}
	result := ratio{Against: name, Goal: g.factor, AtMost: u.less, Spread: spreadOf(ratios)}
	if g.factor > 0 {
		met := result.Spread.Median >= g.factor
		if u.less {
			met = result.Spread.Median <= g.factor
		}
		result.Met = &met
	}
	return result, true
}

func valuesOf(m map[int]float64) []float64 {
	values := make([]float64, 0, len(m))
	for _, v := range m {
		values = append(values, v)
	}
	return values
}
