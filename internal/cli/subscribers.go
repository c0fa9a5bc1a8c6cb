package cli

import (
	"context"
	"fmt"
	"strings"

	"linger/client"
)

// subscribersShown is how many subscribers are listed below a topic.
const subscribersShown = 20

// showTopicAndSubscribers shows a topic, and below it who subscribes, those that lag the most first.
func (a *app) showTopicAndSubscribers(ctx context.Context, c *client.Client, t client.Topic) error {
	list, total, err := c.ListSubscriptions(ctx, t.Name)
	if err != nil {
		return err
	}
	if err := a.showTopic(t); err != nil || total == 0 {
		return err
	}
	rows := [][]string{{"SUBSCRIBER", "FROM", "PATTERNS", "SINCE", "NEXT", "LAG", "LIFE LEFT ON ARRIVAL"}}
	for _, s := range list[:min(len(list), subscribersShown)] {
		rows = append(rows, []string{
			readable([]byte(s.Client)), readable([]byte(s.Peer)), readable([]byte(strings.Join(s.Patterns, " "))), formatLeft(t.ServerTime.Sub(s.StartTime)) + " ago",
			fmt.Sprintf("#%d", s.Position), grouped(s.Lag), formatLifeLeft(s.LifeLeft),
		})
	}
	if _, err := fmt.Fprintln(a.Stdout); err != nil {
		return err
	}
	if err := table(a.Stdout, rows); err != nil || total < len(rows) {
		return err
	}
	_, err = fmt.Fprintf(a.Stdout, "and %s that lag less\n", grouped(uint64(total-len(rows)+1)))
	return err
}

// formatLifeLeft is what one half of the messages had left, and the worst off.
func formatLifeLeft(l client.LifeLeft) string {
	if l.Messages == 0 {
		return "-"
	}
	return fmt.Sprintf("median %.0f %%, worst %.1f %% (%s)", 100*l.Median, 100*l.Worst, formatLeft(l.WorstLeft))
}
