package server_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"linger/broker"
)

// fetch reads a page.
func (r *running) fetch(path string) (int, string) {
	r.t.Helper()
	req, _ := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url(path), nil)
	resp := r.do(req)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// postForm sends a form as a browser does from a page of this server.
func (r *running) postForm(path string, fields url.Values, origin string) (int, string, string) {
	r.t.Helper()
	req, _ := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url(path), strings.NewReader(fields.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", origin)
	resp := r.do(req)
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

func TestTabsOfATopic(t *testing.T) {
	s := start(t, nil)
	s.publish("orders", time.Hour, "a", "b", "c")
	s.subscribe(coversAll("orders")).texts(3)
	if err := s.broker.DeleteMessage(context.Background(), "orders", 2); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/topics/orders":                       {`href="/topics/orders/policy"`, `<b id="tab-subscribers" class="n">1</b>`},
		"/topics/orders/subscribers":           {"#4", "99 %", "grpc-go/"},
		"/topics/orders/policy":                {`value="10 min"`, "3 messages retained at most", "100 % delivered before their end"},
		"/topics/orders/policy?ttl_default=2h": {`value="2 h"`, "been kept 2 h"},
		"/topics/orders/policy?ttl_default=x":  {`value="x"`, "is no lifetime", "Write a default lifetime"},
		"/topics/orders/record":                {"<b>3</b>", "deleted", ">#2</a>"},
		"/topics/orders/record?reason=evicted": {"No end is remembered."},
		"/topics/orders/record?reason=none":    {">#2</a>"},
		"/topics/orders/record?before=2":       {"No end is remembered."},
	} {
		status, body := s.fetch(path)
		if status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
		for _, w := range want {
			if !strings.Contains(strings.ReplaceAll(body, `value="2h"`, `value="2 h"`), w) {
				t.Errorf("%s does not show %q", path, w)
			}
		}
	}
	for _, tab := range []string{"subscribers", "policy", "record"} {
		if status, _ := s.fetch("/topics/none/" + tab); status != http.StatusNotFound {
			t.Errorf("%s of no topic: %d", tab, status)
		}
	}
}

func TestPolicyForm(t *testing.T) {
	s := start(t, nil)
	s.publish("orders", time.Hour, "a")
	fields := url.Values{
		"ttl_default": {"1 min"}, "ttl_min": {"1 s"}, "ttl_max": {"2h"}, "out_of_policy": {"reject"},
		"max_messages": {"10,000"}, "max_bytes": {"64 MiB"}, "at_limit": {"evict-oldest"},
	}
	own := "http://" + s.HTTPAddr()
	status, location, _ := s.postForm("/topics/orders/policy", fields, own)
	if status != http.StatusSeeOther || location != "/topics/orders/policy?saved" {
		t.Fatalf("%d to %q", status, location)
	}
	info, err := s.broker.Topic("orders")
	want := broker.Policy{
		Default: time.Minute, Min: time.Second, Max: 2 * time.Hour, Reject: true, RefuseZero: true,
		MaxMessages: 10_000, MaxBytes: 64 << 20, AtLimit: broker.LimitEvictOldest,
	}
	if err != nil || info.Policy != want {
		t.Errorf("%+v, want %+v", info.Policy, want)
	}
	// What the editor shows then saves as it is.
	if _, body := s.fetch("/topics/orders/policy?saved"); !strings.Contains(body, `value="64.0 MiB"`) {
		t.Error("the limit of bytes is not shown so that it reads back")
	}
	for field, c := range map[string]struct{ text, says string }{
		"ttl_default":  {"soon", "“soon” is no lifetime"},
		"ttl_min":      {"0", "at least 1 ms"},
		"ttl_max":      {"30 d", "above"},
		"max_messages": {"many", "no number of messages"},
		"max_bytes":    {"<b>", "no size"},
	} {
		wrong := url.Values{}
		for k, v := range fields {
			wrong[k] = v
		}
		wrong.Set(field, c.text)
		status, _, body := s.postForm("/topics/orders/policy", wrong, own)
		if status != http.StatusBadRequest || !strings.Contains(body, c.says) || !strings.Contains(body, `aria-invalid="true"`) {
			t.Errorf("%s %q: %d, without %q", field, c.text, status, c.says)
		}
	}
	if info, _ := s.broker.Topic("orders"); info.Policy != want {
		t.Errorf("what was refused changed it to %+v", info.Policy)
	}
	if status, _, _ := s.postForm("/topics/orders/policy", fields, "http://elsewhere.example"); status != http.StatusForbidden {
		t.Errorf("from another site: %d", status)
	}
}
