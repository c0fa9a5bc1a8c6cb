package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// show prints a comparison as docs/performance.md has it.
func show(out io.Writer, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var c comparison
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range c.Workloads {
		r.markdown(out)
	}
	return nil
}

func (r *result) markdown(out io.Writer) {
	fmt.Fprintf(out, "\n**%s**: %s\n\n", r.Name, r.Title)
	fmt.Fprintf(out, "| system | %s | least – most | CPU each: server, load | ratio (least – most), goal |\n| --- | ---: | --- | --- | --- |\n", r.Unit)
	for _, l := range r.Entries {
		var ratios []string
		for _, ratio := range l.Ratios {
			ratios = append(ratios, ratio.markdown())
		}
		value := figure(l.Value.Median)
		if l.Value.N < len(l.Rounds)+len(l.Failures) {
			value += fmt.Sprintf(" (%d rounds failed)", len(l.Failures))
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n", l.Entry, value, l.Value.span(), l.cpu(), strings.Join(ratios, "<br>"))
	}
}

func (r *ratio) markdown() string {
	text := fmt.Sprintf("%.2f × %s (%.2f – %.2f)", r.Spread.Median, r.Against, r.Spread.Least, r.Spread.Most)
	verdict := r.verdict()
	switch {
	case r.Met == nil:
		return text
	case *r.Met:
		return text + ", " + verdict
	}
	return text + ", **" + verdict + "**"
}
