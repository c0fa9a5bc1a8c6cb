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
	s.publish("orders.us", 2*time.Hour, "<MESSAGE> übrig")
	numbers := func(query string) (found string) {
		t.Helper()
		status, body := s.get("/export?" + query)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", query, status)
		}
		for line := range strings.Lines(body) {
			var m struct {
				Topic    string
				Sequence int
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			found += fmt.Sprintf("%s %d, ", m.Topic, m.Sequence)
		}
		return found
	}
	soon := time.Now().Add(90 * time.Minute).UTC().Format(time.RFC3339)
	for query, want := range map[string]string{
		"in=orders.%3E&filter=message+%231078":   "orders.eu 1078, ",
		"in=orders.*&filter=eu+%231078":          "orders.eu 1078, ",
		"filter=%C3%9CBRIG+&order=newest":        "orders.us 2, ",
		"filter=message+%C3%BCbrig&from=" + soon: "orders.us 2, ",
		"filter=message+1078+&from=" + soon:      "",
		"in=orders.us&order=soonest":             "orders.us 1, orders.us 2, ",
		"in=orders.us&order=newest":              "orders.us 2, orders.us 1, ",
		"in=orders.us&order=newest&to=" + soon:   "orders.us 1, ",
	} {
		if found := numbers(query); found != want {
			t.Errorf("%s: %s", query, found)
		}
	}
	for _, order := range []string{"soonest", "newest"} { // over more than one page of the list
		if found := strings.Count(numbers("in=orders.%3E&order="+order), ","); found != len(texts)+2 {
			t.Errorf("%s: %d messages", order, found)
		}
	}
	for _, query := range []string{"order=backwards", "from=noon", "to=7", "from=" + soon + "&to=" + soon} {
		if status, _ := s.get("/export?" + query); status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, status)
		}
	}
	if status, body := s.get("/export?in=a..b"); status != http.StatusBadRequest || strings.Contains(body, `"topic"`) {
		t.Errorf("a bad pattern: %d", status)
	}
	if status, _ := s.get("/export?in=nothing"); status != http.StatusNotFound {
		t.Errorf("a topic that does not exist: %d", status)
	}
	head, err := http.Head(s.url("/export?in=orders.%3E"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = head.Body.Close() }()
	if head.StatusCode != http.StatusOK || head.Header.Get("Content-Type") != "application/x-ndjson" || head.ContentLength > 0 {
		t.Errorf("its head alone: %d, %v", head.StatusCode, head.Header)
	}
}
