package pebblelog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/pebblelog"
)

// TestRepairWithoutTopicRecord has what topics were made as lost: their messages are kept, under the name that a later
// policy tells, or under one that is made up. A topic that was deleted stays so.
func TestRepairWithoutTopicRecord(t *testing.T) {
	o := pebblelog.Options{Dir: "db", FS: vfs.NewMem()}
	h := open(t, o)
	ids := map[string]broker.TopicID{}
	for _, name := range []string{"whole", "named", "nameless", "deleted", "empty"} {
		ids[name] = broker.TopicID(h.mustCommit(t, topicPut(name)).Position)
	}
	policy := topicPut("named")
	policy.Topic, policy.Put.Policy.Default = ids["named"], time.Second
	h.mustCommit(t, policy)
	for i := range 30 {
		for _, name := range []string{"whole", "named", "nameless", "deleted"} {
			h.mustCommit(t, published(ids[name], time.Hour, fmt.Sprint(name, i)))
		}
	}
	h.mustCommit(t, broker.Proposal{Kind: broker.KindTopicDeleted, Topic: ids["deleted"]})
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	eachKey(t, o.FS, "t", func(_ int, k, v []byte) []byte {
		if len(k) == 9 && !strings.Contains(string(v), "whole") {
			return nil
		}
		return v
	})
	if _, err := tryOpen(o); err == nil {
		t.Error("it opens without them")
	}
	r, _, err := pebblelog.RepairFS(o.FS, "db")
	if err != nil {
		t.Fatal(err)
	}
	nameless := fmt.Sprintf("recovered.topic-%d", ids["nameless"])
	told := fmt.Sprint(r.Problems)
	for _, want := range []string{"topic named: what it was made as is lost", "topic " + nameless + ": the name and policy of topic number", "no message of it is left"} {
		if !strings.Contains(told, want) {
			t.Errorf("it tells %s, not %q", told, want)
		}
	}
	h = open(t, o)
	defer h.Close()
	names, found := map[broker.TopicID]string{}, map[string]int{}
	for _, c := range h.applied {
		switch c.Kind {
		case broker.KindTopicPut:
			names[c.Topic] = c.Put.Name
		case broker.KindPublished:
			name := names[c.Topic]
			was := strings.Replace(name, nameless, "nameless", 1)
			if want := fmt.Sprint(was, c.First-1); string(c.Body) != want {
				t.Errorf("#%d of %s is %q", c.First, name, c.Body)
			}
			found[name]++
		}
	}
	for _, name := range []string{"whole", "named", nameless} {
		if found[name] != 30 {
			t.Errorf("%d messages of %s, want 30", found[name], name)
		}
	}
	if len(names) != 3 {
		t.Errorf("the topics are %v", names)
	}
	if c := h.mustCommit(t, published(ids["nameless"], time.Hour, "next")); c.First < 31 {
		t.Errorf("the next is #%d", c.First)
	}
}

// TestRepairLasts has the power go right after a repair: the repaired store is in its place.
func TestRepairLasts(t *testing.T) {
	fs := vfs.NewCrashableMem()
	if err := fs.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := fs.OpenDir("/")
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Sync(); err != nil {
		t.Fatal(err)
	}
	o := pebblelog.Options{Dir: "data/db", FS: fs}
	h := open(t, o)
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	h.mustCommit(t, published(id, time.Hour, "x"))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := pebblelog.VerifyFS(fs, o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := pebblelog.RepairFS(fs, o.Dir); err != nil {
		t.Fatal(err)
	}
	o.FS = fs.CrashClone(vfs.CrashCloneCfg{})
	after, err := pebblelog.VerifyFS(o.FS, o.Dir)
	if err != nil || after.Store == before.Store || after.Messages != 1 || len(after.Problems) > 0 {
		t.Errorf("%+v, %v, before the repair %+v", after, err, before)
	}
}
