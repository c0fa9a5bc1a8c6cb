package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"linger/client"
)

// jsonTime is a time as all JSON of Linger writes it: RFC 3339 in UTC with milliseconds.
func jsonTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// jsonMessage is a message as `sub --json` and `messages --json` write it.
type jsonMessage struct {
	Topic       string            `json:"topic"`
	Sequence    uint64            `json:"sequence"`
	PublishTime string            `json:"publish_time"`
	ExpireTime  string            `json:"expire_time"`
	TTLMsLeft   int64             `json:"ttl_ms_left"`
	Key         string            `json:"key"`
	Attributes  map[string]string `json:"attributes"`
	Data        *string           `json:"data,omitempty"`        // text
	DataBase64  []byte            `json:"data_base64,omitempty"` // what is not UTF-8
}

func newJSONMessage(topic string, seq uint64, published, expires time.Time, left time.Duration, m client.Message) jsonMessage {
	j := jsonMessage{
		Topic: topic, Sequence: seq, PublishTime: jsonTime(published), ExpireTime: jsonTime(expires),
		TTLMsLeft: max(left, 0).Milliseconds(), Key: m.Key, Attributes: m.Attributes,
	}
	if j.Attributes == nil {
		j.Attributes = map[string]string{}
	}
	if utf8.Valid(m.Data) {
		text := string(m.Data)
		j.Data = &text
	} else {
		j.DataBase64 = m.Data
	}
	return j
}

// newJSON writes one object a line: characters as they are, but on a terminal those escaped that would act on it.
func newJSON(w io.Writer, terminal bool) *json.Encoder {
	if terminal {
		w = escaping{w}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
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

// jsonAck is an acknowledgement as `pub --json` writes it.
type jsonAck struct {
	Topic       string `json:"topic"`
	Sequence    uint64 `json:"sequence"`
	PublishTime string `json:"publish_time"`
	ExpireTime  string `json:"expire_time"`
	TTLMs       int64  `json:"ttl_ms"`
	Durability  string `json:"durability"`
}

// writeAcks writes an object for each message of an acknowledgement.
func writeAcks(e *json.Encoder, a client.Ack) error {
	j := jsonAck{
		Topic: a.Topic, PublishTime: jsonTime(a.PublishTime), ExpireTime: jsonTime(a.ExpireTime),
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
