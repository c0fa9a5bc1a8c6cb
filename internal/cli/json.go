package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"linger/client"
	"linger/internal/jsonline"
)

// newJSONMessage is a message as `sub --json`, `messages --json` and `export` write it.
func newJSONMessage(topic string, sequence uint64, published, expires time.Time, left time.Duration, m client.Message) jsonline.Message {
	return jsonline.NewMessage(topic, sequence, published, expires, left, jsonline.Content(m))
}

// newJSON writes one object a line: characters as they are, but on a terminal those escaped that would act on it.
func newJSON(w io.Writer, terminal bool) *json.Encoder {
	if terminal {
		w = escaping{w}
	}
	return jsonline.NewEncoder(w)
}

// escaping writes JSON without what a terminal would act on: JSON itself escapes only the control characters of ASCII,
// and DEL not.
type escaping struct{ w io.Writer }

// Write takes whole objects, as an encoder writes them: no character is cut.
func (e escaping) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p))
	for rest := p; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if acts(r) && r != '\n' { // which ends the object
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	if _, err := e.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeAcks writes, as `pub --json` does, an object for each message of an acknowledgement.
func writeAcks(e *json.Encoder, a client.Ack) error {
	j := jsonline.Ack{
		Topic: a.Topic, PublishTime: jsonline.Time(a.PublishTime), ExpireTime: jsonline.Time(a.ExpireTime),
		TTLMs: a.TTL.Milliseconds(), Durability: a.Durability.String(),
	}
	for i := range a.Count {
		j.Sequence = a.Sequence + uint64(i)
		if err := e.Encode(&j); err != nil {
			return err
		}
	}
	return nil
}
