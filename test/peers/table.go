package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// print writes a workload's table: a line for each entry, below it its ratios.
func (r *result) print(out io.Writer, u unit) {
	fmt.Fprintf(out, "\n%s: %s\n", r.Name, r.Title)
	fmt.Fprintf(out, "  %s %20s  %s  CPU each: server, load\n", pad("", 44), u.name, pad("least – most of the rounds", 28))
	for _, l := range r.Entries {
		fmt.Fprintf(out, "  %s %20s  %s  %s\n", pad(l.Entry, 44), figure(l.Value.Median), pad(l.Value.span(), 28), l.cpu())
		for _, ratio := range l.Ratios {
			fmt.Fprintf(out, "  %s %18.2f ×  %s  %s\n", pad("  ÷ "+ratio.Against, 44), ratio.Spread.Median,
				pad(fmt.Sprintf("%.2f – %.2f", ratio.Spread.Least, ratio.Spread.Most), 28), ratio.verdict())
		}
		for _, failure := range l.Failures {
			fmt.Fprintf(out, "    failed: %s\n", strings.ReplaceAll(failure, "\n", "\n      "))
		}
	}
}

// cpu is what each delivery cost, medians of the rounds.
func (l *line) cpu() string {
	var server, load []float64
	for _, s := range l.Rounds {
		if s.LoadCPU > 0 { // a replay does not tell
			server, load = append(server, s.ServerCPU), append(load, s.LoadCPU)
		}
	}
	if len(server) == 0 {
		return ""
	}
	return figure(spreadOf(server).Median) + ", " + figure(spreadOf(load).Median) + " µs"
}

func (s spread) span() string {
	if s.N == 0 {
		return "not measured"
	}
	return figure(s.Least) + " – " + figure(s.Most)
}

// verdict says what was wanted and whether it is so.
func (r *ratio) verdict() string {
	if r.Met == nil {
		return ""
	}
	sign, word := "≥", "met"
	if r.AtMost {
		sign = "≤"
	}
	if !*r.Met {
		word = "MISSED"
	}
	return fmt.Sprintf("goal %s %g ×: %s", sign, r.Goal, word)
}

// figure writes a number with three significant digits at least, thousands apart.
func figure(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.3g", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}

// String is what progress shows of a sample.
func (s sample) String() string {
	return fmt.Sprintf("%12s/s   p50 %8s µs  p99 %8s µs  max %8s µs   CPU each: server %.2f µs, load %.2f µs; stolen %.1f %%",
		figure(s.Rate), figure(s.P50), figure(s.P99), figure(s.Max), s.ServerCPU, s.LoadCPU, 100*s.Stolen)
}

// list shows what there is to measure.
func list(out io.Writer, all []workload) {
	seen := map[string]bool{}
	for _, w := range all {
		fmt.Fprintf(out, "%-16s %s\n", w.name, w.title)
	}
	fmt.Fprintln(out)
	for _, w := range all {
		for _, e := range w.entries {
			if !seen[e.system.name] {
				seen[e.system.name] = true
				fmt.Fprintf(out, "%-28s %s\n", e.system.name, e.system.settings)
			}
		}
	}
}
