package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An export has every message of its scope once, in order, over more than one page of the list.
func TestExportHasAllThatIsRetained(t *testing.T) {
	s := start(t, nil)
	var texts []string
	for i := range 1100 {
		texts = append(texts, fmt.Sprintf("<message> %d\n", i))
	}
	s.publish("orders.eu", time.Hour, texts...)
	s.publish("orders.us", time.Hour, "\xff\x00")
	s.publish("codes", time.Hour, "of another scope")
	status, body := s.get("/export?in=orders.%3E")
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	if status != http.StatusOK || len(lines) != len(texts)+1 {
		t.Fatalf("%d, %d lines", status, len(lines))
	}
	for i, line := range lines {
		var m struct {
			Topic      string
			Sequence   int
			Data       *string
			DataBase64 []byte `json:"data_base64"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch {
		case i < len(texts) && (m.Topic != "orders.eu" || m.Sequence != i+1 || m.Data == nil || *m.Data != texts[i]):
			t.Fatalf("line %d: %s", i+1, line)
		case i == len(texts) && (m.Topic != "orders.us" || m.Data != nil || string(m.DataBase64) != "\xff\x00"):
			t.Errorf("the last line: %s", line)
		}
	}
	if status, body := s.get("/export?in=a..b"); status != http.StatusBadRequest || strings.Contains(body, `"topic"`) {
		t.Errorf("a bad pattern: %d", status)
	}
	if status, _ := s.get("/export?in=nothing"); status != http.StatusNotFound {
		t.Errorf("a topic that does not exist: %d", status)
	}
}
