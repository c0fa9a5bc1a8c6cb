package server

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what is remembered; the log has all of it.
const (
	eventsMost    = 100
	eventTextMost = 500 // bytes
)

// Events are the newest of what a server and its store told their log, at Info and above, for the Server page. The zero
// value is ready. Safe for concurrent use.
type Events struct {
	mu   sync.Mutex // guards list
	list []event    // oldest first
}

// event is one of them; one that is told again and again is told once.
type event struct {
	at    time.Time // by the wall clock, as in the log; the last time
	level slog.Level
	text  string
	times int
}

// Tee is a handler that remembers what it is told, and hands it on as far as next wants it.
func (e *Events) Tee(next slog.Handler) slog.Handler { return tee{events: e, next: next} }

func (e *Events) add(one event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.list); n > 0 && e.list[n-1].level == one.level && e.list[n-1].text == one.text {
		e.list[n-1].at = one.at
		e.list[n-1].times++
		return
	}
	if len(e.list) == eventsMost {
		e.list = slices.Delete(e.list, 0, 1)
	}
	one.times = 1
	e.list = append(e.list, one)
}

// newest are all that are remembered, the newest first.
func (e *Events) newest() []event {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := slices.Clone(e.list)
	slices.Reverse(list)
	return list
}

// tee is what Tee makes.
type tee struct {
	events *Events
	next   slog.Handler
	group  string // before the keys that are to come: "store."
	attrs  string // " key=value" of those that all records have
}

// Enabled implements slog.Handler. A log that is to tell warnings alone does not keep the page from knowing more.
func (t tee) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || t.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (t tee) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo {
		var text strings.Builder
		text.WriteString(r.Message)
		text.WriteString(t.attrs)
		r.Attrs(func(a slog.Attr) bool {
			writeAttr(&text, t.group, a)
			return true
		})
		t.events.add(event{at: r.Time, level: r.Level, text: cutText(text.String(), eventTextMost)})
	}
	if !t.next.Enabled(ctx, r.Level) {
		return nil
	}
	return t.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (t tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(t.attrs)
	for _, a := range attrs {
		writeAttr(&text, t.group, a)
	}
	t.attrs, t.next = text.String(), t.next.WithAttrs(attrs)
	return t
}

// WithGroup implements slog.Handler.
func (t tee) WithGroup(name string) slog.Handler {
	if name != "" {
		t.group, t.next = t.group+name+".", t.next.WithGroup(name)
	}
	return t
}

// writeAttr writes " key=value", of a group each of its own.
func writeAttr(text *strings.Builder, group string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() != slog.KindGroup {
		if !a.Equal(slog.Attr{}) {
			fmt.Fprintf(text, " %s%s=%s", group, a.Key, value)
		}
		return
	}
	if a.Key != "" {
		group += a.Key + "."
	}
	for _, one := range value.Group() {
		writeAttr(text, group, one)
	}
}

// cutText is text, or as much of it as most bytes hold, with a mark of it.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
