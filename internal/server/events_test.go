package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

func TestEventsAreWhatTheLogIsTold(t *testing.T) {
	var out bytes.Buffer
	events := new(Events)
	log := slog.New(events.Tee(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
	log.Debug("not worth it")
	log.Info("recovered", "messages", 3)
	log.With("dir", "linger-data").WithGroup("store").Warn("slow", "took", "5 s", slog.Group("file", "name", "1.log"))
	log.Error("internal error", "error", errors.New("what\x1b[31m"))
	want := []event{
		{level: slog.LevelError, text: "internal error error=what\x1b[31m", times: 1},
		{level: slog.LevelWarn, text: "slow dir=linger-data store.took=5 s store.file.name=1.log", times: 1},
		{level: slog.LevelInfo, text: "recovered messages=3", times: 1},
	}
	got := events.newest()
	if len(got) != len(want) {
		t.Fatalf("%d events: %+v", len(got), got)
	}
	for i, w := range want {
		if g := got[i]; g.level != w.level || g.text != w.text || g.times != w.times || g.at.IsZero() {
			t.Errorf("event %d is %+v, want %+v", i, g, w)
		}
	}
	// The log itself is told what it wants, and as before.
	if text := out.String(); strings.Count(text, "\n") != 2 || strings.Contains(text, "recovered") || !strings.Contains(text, "store.file.name=1.log") {
		t.Errorf("the log has %q", text)
	}
}

func TestEventsAreBounded(t *testing.T) {
	events := new(Events)
	log := slog.New(events.Tee(slog.DiscardHandler))
	for range 7 {
		log.Warn("again")
	}
	if got := events.newest(); len(got) != 1 || got[0].times != 7 {
		t.Errorf("what is told seven times in a row: %+v", got)
	}
	var telling sync.WaitGroup
	for teller := range 8 {
		telling.Go(func() {
			for i := range 100 {
				log.Warn(fmt.Sprintf("%d of %d", i, teller))
				events.newest()
			}
		})
	}
	telling.Wait()
	log.Warn(strings.Repeat("é", eventTextMost))
	got := events.newest()
	if len(got) != eventsMost {
		t.Errorf("%d events are remembered", len(got))
	}
	if text := got[0].text; len(text) > eventTextMost+len("…") || !strings.HasSuffix(text, "é…") {
		t.Errorf("the newest has %d bytes and ends in %q", len(text), text[len(text)-6:])
	}
	if got[1].text == "again" {
		t.Error("they do not come newest first")
	}
}

func TestMinute(t *testing.T) {
	var m minute
	for second := range 100 {
		m.sample(uint64(1000 + second*second))
	}
	got := m.recent()
	for i, gain := range got {
		if second := 40 + i; len(got) != 60 || int(gain) != 2*second-1 {
			t.Fatalf("gain %d of %d is %d, want %d", i, len(got), gain, 2*second-1)
		}
	}
}
