package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"google.golang.org/protobuf/encoding/protojson"

	"linger/client"
	lingerv1 "linger/proto/linger/v1"
	"linger/test/process"
)

// The commands that a message's page offers publish the same message again, whatever is in it.
func TestCopyAs(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	bin := t.TempDir()
	if err := os.Symlink(s.Command().Path, filepath.Join(bin, "linger")); err != nil {
		t.Fatal(err)
	}
	// grpcurl is stood in for by what shows its arguments: -plaintext -d JSON ADDRESS METHOD.
	if err := os.WriteFile(filepath.Join(bin, "grpcurl"), []byte("#!/bin/sh\nprintf '%s\\0' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(command string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Env = append(process.Environment(), "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return out
	}
	const ttl = 90*time.Minute + 250*time.Millisecond
	b := newPerson(t).blank()
	topic := "-copy.主题" // a name that looks like a flag
	for _, c := range []struct {
		m     client.Message
		forms string
	}{
		{client.Message{Data: []byte("Hello, Linger")}, "text pub grpcurl curl"},
		{client.Message{}, "text pub grpcurl curl"},
		{client.Message{
			Data: []byte("-it's \"$HOME\" `id` $(id) \\ \\n %s\n!x & <b> + %41 ;\n\n"), Key: "--key=it's",
			Attributes: map[string]string{"-a": "=$b'", "说明": "two\nlines"},
		}, "text pub grpcurl curl"},
		{client.Message{Data: []byte("a\r\nb\x00\x1b[201~\u009b\u202e"), Attributes: map[string]string{"a": "b\x7f"}}, "text grpcurl curl"},
		{client.Message{Data: []byte("\xff\x00\xfe'\n")}, "grpcurl curl"},
		{client.Message{Data: []byte("x"), Attributes: map[string]string{"a=b": "c"}}, "text grpcurl curl"},
		{client.Message{Data: []byte(strings.Repeat("long ", 30_000))}, "text"},
	} {
		sent := s.publishMessages(topic, ttl, c.m)
		b.load(s.URL(fmt.Sprintf("/topics/%s/%d", topic, sent.Sequence)))
		forms := eval[map[string]string](b, `Object.fromEntries([...document.querySelectorAll("[data-copy-as]")]
			.filter((e) => e.getAttribute("aria-disabled") !== "true").map((e) => [e.dataset.copyAs, JSON.parse(e.dataset.copyJson)]))`)
		if got := strings.Fields(c.forms); len(got) != len(forms) {
			t.Errorf("%.40q has the forms %q, want %q", c.m.Data, forms, got)
		}
		same := func(form string, sequence uint64, bare bool) {
			t.Helper()
			m := s.state(topic, sequence).Retained
			want := c.m
			if bare {
				want.Key = ""
			}
			if m == nil || sequence <= sent.Sequence || string(m.Data) != string(want.Data) || m.Key != want.Key || !maps.Equal(m.Attributes, want.Attributes) ||
				m.ExpireTime.Sub(m.PublishTime) != ttl {
				t.Errorf("%s: %q came back as %+v", form, want, m)
			}
		}
		for _, form := range strings.Fields(c.forms) {
			command, ok := forms[form]
			switch form {
			case "text":
				if command != string(c.m.Data) || !ok {
					t.Errorf("%.40q is copied as %.40q", c.m.Data, command)
				}
			case "pub":
				run(command)
				same(form, sent.Sequence+1, false)
			case "curl":
				var ack struct{ Sequence uint64 }
				if out := run(command + " --silent"); json.Unmarshal(out, &ack) != nil {
					t.Fatalf("%s: %s", command, out)
				}
				same(form, ack.Sequence, true)
			case "grpcurl":
				args := strings.Split(string(run(command)), "\x00")
				request := &lingerv1.PublishRequest{}
				if err := protojson.Unmarshal([]byte(args[2]), request); err != nil {
					t.Fatalf("%v in %s", err, command)
				}
				if got := strings.Join([]string{args[0], args[1], args[3], args[4]}, " "); got != "-plaintext -d "+s.GRPC+" linger.v1.PublishService/Publish" {
					t.Errorf("grpcurl is called with %q", got)
				}
				batch := request.GetBatches()[0]
				m := batch.GetMessages()[0]
				ack := s.publishMessages(batch.GetTopic(), batch.GetTtl().AsDuration(), client.Message{Key: m.GetKey(), Attributes: m.GetAttributes(), Data: m.GetData()})
				same(form, ack.Sequence, false)
			}
		}
	}
}

// Keys copy the message of the row that has the focus, all of it, and the one that is open; they say so, or why not.
func TestCopyKeys(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	whole := strings.Repeat("more than a list shows ", 100)
	s.publish("orders", time.Hour, whole)
	s.publish("orders", 2*time.Hour, "\xff\x00")
	b := newPerson(t).live(s, "/topics/orders")
	tells := func(text string) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			return process.Expect("what is told", eval[string](b, `document.querySelector("#copied").innerText`), text)
		})
		process.Eventually(t, patience, func() error {
			return process.Expect("what is said aloud", eval[string](b, `document.querySelector("#say").textContent`), text)
		})
	}
	pasted := func() string {
		t.Helper()
		b.find("textbox", "Message").fill("")
		b.find("textbox", "Message").focus()
		b.do(call(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "v", Modifiers: 2, Commands: []string{"paste"}}))
		return eval[string](b, `document.querySelector("#message").value`)
	}
	focusFirst := func() { eval[bool](b, `(document.querySelector("#retained a.seq").focus(), true)`) }
	focusFirst()
	b.stroke("c")
	tells("Copied #1 as text")
	if got := pasted(); got != whole {
		t.Errorf("%d bytes are pasted: %.60q", len(got), got)
	}
	focusFirst()
	b.stroke("C")
	tells("Copied #1 as linger pub")
	if got, want := pasted(), "linger pub orders '"+whole+"' --ttl 1h --server "+s.GRPC; got != want {
		t.Errorf("pasted: %.60q … %q", got, got[max(0, len(got)-60):])
	}
	focusFirst()
	b.stroke("jc")
	tells("Not as text: the message has bytes that are no text.")

	eval[bool](b, `(document.querySelector("#retained a.seq").click(), true)`) // the panel
	b.focusInPanel()
	b.stroke("c")
	tells("Copied #1 as text")
	b.find("button", "curl").click()
	tells("Copied #1 as curl")
}

// focusInPanel waits until a message stands beside the list and has the focus.
func (b *tab) focusInPanel() {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		return process.Expect("the focus", eval[string](b, `document.activeElement.id`), "panel-content")
	})
}
