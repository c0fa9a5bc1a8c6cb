package jsonline_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"linger/internal/jsonline"
)

func TestMessage(t *testing.T) {
	published := time.Date(2026, 1, 2, 4, 4, 5, 6_999_999, time.FixedZone("one ahead", 3600))
	const head = `{"topic":"t","sequence":18446744073709551615,"publish_time":"2026-01-02T03:04:05.006Z","expire_time":"2026-01-02T03:04:06.006Z",`
	for name, c := range map[string]struct {
		left    time.Duration
		content jsonline.Content
		want    string
	}{
		"text":   {time.Second, jsonline.Content{Key: "k", Attributes: map[string]string{"a": "b"}, Data: []byte("<四>")}, `"ttl_ms_left":1000,"key":"k","attributes":{"a":"b"},"data":"<四>"}`},
		"empty":  {-1, jsonline.Content{}, `"ttl_ms_left":0,"key":"","attributes":{},"data":""}`},
		"binary": {time.Millisecond, jsonline.Content{Data: []byte{0xff}}, `"ttl_ms_left":1,"key":"","attributes":{},"data_base64":"/w=="}`},
	} {
		var b strings.Builder
		m := jsonline.NewMessage("t", 1<<64-1, published, published.Add(time.Second), c.left, c.content)
		if err := jsonline.NewEncoder(&b).Encode(m); err != nil {
			t.Fatal(err)
		}
		if want := head + c.want + "\n"; b.String() != want {
			t.Errorf("%s: %s, want %s", name, b.String(), want)
		}
	}
}

func TestAck(t *testing.T) {
	at := time.UnixMilli(0)
	got, err := json.Marshal(jsonline.Ack{Topic: "t", Sequence: 1, PublishTime: jsonline.Time(at), ExpireTime: jsonline.Time(at), TTLMs: 2, Durability: "memory"})
	const want = `{"topic":"t","sequence":1,"publish_time":"1970-01-01T00:00:00.000Z","expire_time":"1970-01-01T00:00:00.000Z","ttl_ms":2,"durability":"memory"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
