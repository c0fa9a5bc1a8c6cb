// Package jsonline has the objects that Linger writes as JSON lines, so that a message and an acknowledgement read the same
// whether the command line or the server wrote them.
package jsonline

import (
	"encoding/json"
	"io"
	"time"
	"unicode/utf8"
)

// NewEncoder writes one object a line, characters as they are.
func NewEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// Time is a time as all JSON of Linger has it: RFC 3339 in UTC with milliseconds.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Message is a retained or received message.
type Message struct {
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

// Content is the publisher's part of a message.
type Content struct {
	Key        string
	Attributes map[string]string
	Data       []byte
}

// NewMessage is a message with left of its lifetime to go; below zero is told as zero.
func NewMessage(topic string, sequence uint64, published, expires time.Time, left time.Duration, c Content) Message {
	m := Message{
		Topic: topic, Sequence: sequence, PublishTime: Time(published), ExpireTime: Time(expires),
		TTLMsLeft: max(left, 0).Milliseconds(), Key: c.Key, Attributes: c.Attributes,
	}
	if m.Attributes == nil {
		m.Attributes = map[string]string{} // {}, not null
	}
	if utf8.Valid(c.Data) {
		text := string(c.Data)
		m.Data = &text
	} else {
		m.DataBase64 = c.Data
	}
	return m
}

// Ack is the acknowledgement of one published message.
type Ack struct {
	Topic       string `json:"topic"`
	Sequence    uint64 `json:"sequence"`
	PublishTime string `json:"publish_time"`
	ExpireTime  string `json:"expire_time"`
	TTLMs       int64  `json:"ttl_ms"`
	Durability  string `json:"durability"`
}
