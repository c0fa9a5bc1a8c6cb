package server

import (
	"encoding/json"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"linger/broker"
	"linger/internal/jsonline"
	lingerv1 "linger/proto/linger/v1"
)

// exportPage is how many messages are looked up at a time: what an export takes, however much it writes.
const exportPage = 500

// exportPatience is how long a client may take to read a page. One that stopped reading would otherwise hold it, and its
// connection, for ever.
const exportPatience = time.Minute

// export sends what is retained as JSON lines: all of it, or what the address asks for (readExport). What ends while it is on
// its way is left out. An error behind the first line can only cut the answer short.
func (p *pages) export(w http.ResponseWriter, r *http.Request) {
	asked, err := readExport(r.URL.Query())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	page, err := p.broker.List(asked.list)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Content-Disposition", `attachment; filename="retained.jsonl"`)
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return // the length is not known without reading all of it
	}
	connection := http.NewResponseController(w)
	shown := p.page(r)
	lines := jsonline.NewEncoder(w)
	for {
		// Not every writer has deadlines; those of the server's own connections have.
		_ = connection.SetWriteDeadline(time.Now().Add(exportPatience))
		for _, m := range page.Messages {
			fits, err := asked.fits(shown, m)
			if err == nil && fits {
				err = writeExport(lines, m, p.broker.Now())
			}
			if err != nil {
				panic(http.ErrAbortHandler) // the client must not take half for the whole
			}
		}
		if !page.More || len(page.Messages) == 0 || r.Context().Err() != nil {
			return
		}
		last := page.Messages[len(page.Messages)-1]
		asked.list.After = &broker.ListPosition{Topic: last.Topic, Sequence: last.Sequence, Deadline: last.Deadline, Published: last.PublishTime}
		if page, err = p.broker.List(asked.list); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// writeExport writes a message as `linger messages --json` does; nothing of one that is dead.
func writeExport(lines *json.Encoder, r broker.Retained, now broker.Instant) error {
	left := r.Deadline.Sub(now)
	if left <= 0 {
		return nil
	}
	m := &lingerv1.Message{}
	if err := proto.Unmarshal(r.Message, m); err != nil {
		return err // the walk let it in, so this is a bug of ours
	}
	content := jsonline.Content{Key: m.GetKey(), Attributes: m.GetAttributes(), Data: m.GetData()}
	return lines.Encode(jsonline.NewMessage(r.Topic, r.Sequence, r.PublishTime.Time(), r.Deadline.Time(), left, content))
}
