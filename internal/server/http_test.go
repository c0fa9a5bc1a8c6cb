package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"linger/broker"
	"linger/internal/server"
	lingerv1 "linger/proto/linger/v1"
)

func (r *running) request(method, path, body string, headers ...string) *http.Request {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url(path), strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (r *running) get(path string, headers ...string) (int, string) {
	r.t.Helper()
	resp := r.do(r.request(http.MethodGet, path, "", headers...))
	return resp.StatusCode, r.read(resp)
}

func (r *running) read(resp *http.Response) string {
	r.t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// streams reads a number of streams off /metrics, as an operator would.
func (r *running) streams(kind string) int { return r.metric(`linger_streams{kind="` + kind + `"}`) }

func (r *running) metric(name string) int {
	r.t.Helper()
	_, body := r.get("/metrics")
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
	if m == nil {
		r.t.Fatalf("no %s in /metrics", name)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return int(v)
}

func TestPagesShowWhatIsRetained(t *testing.T) {
	s := start(t, nil)
	if status, body := s.get("/"); status != 200 || !strings.Contains(body, `name="topic"`) {
		t.Fatalf("the front page of an empty server: %d", status)
	}
	s.publish("orders.eu", time.Minute, "<img src=x onerror=alert(1)>")
	s.publish("other", time.Minute, "elsewhere")
	for path, want := range map[string][2]string{
		"/":                   {"&lt;img src=x", ""},
		"/?in=orders.*":       {"&lt;img src=x", "elsewhere"},
		"/topics/orders.eu":   {"&lt;img src=x", "elsewhere"},
		"/topics/orders.eu/1": {"&lt;img src=x", ""},
		"/topics":             {"orders.eu", ""},
		"/topics/not.yet":     {"not.yet", ""},
	} {
		status, body := s.get(path)
		if status != 200 || !strings.Contains(body, want[0]) || want[1] != "" && strings.Contains(body, want[1]) || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: %d, with %q, without %q:\n%s", path, status, want[0], want[1], body)
		}
	}
	for path, want := range map[string]int{
		"/topics/two%20words": 400, "/?in=a..b": 400, "/topics/orders.eu/99": 404, "/topics/orders.eu/x": 400,
		"/topics/nowhere/1": 404, "/nothing": 404, "/topics?go=orders.eu": 303,
	} {
		if status, _ := s.get(path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

func TestPublishForm(t *testing.T) {
	s := start(t, nil)
	post := func(values url.Values, headers ...string) (*http.Response, string) {
		resp := s.do(s.request(http.MethodPost, "/publish", values.Encode(), headers...))
		return resp, s.read(resp)
	}
	resp, _ := post(url.Values{"topic": {"hello"}, "message": {"two\r\nlines"}, "ttl": {"other"}, "ttl_other": {"1.5 h"}})
	if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), "/topics/hello?") {
		t.Fatalf("%d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	_, body := s.get(resp.Header.Get("Location"))
	if !strings.Contains(body, "kept 1 h 30 min") {
		t.Errorf("no result line in:\n%s", body)
	}
	sub := s.broker
	m, _, err := sub.Get("hello", 1)
	if err != nil || !strings.Contains(string(m.Message), "two\nlines") {
		t.Errorf("stored %q, %v", m.Message, err)
	}

	resp, _ = post(url.Values{"topic": {"attrs"}, "message": {"x"}, "attr-key": {"a", "", "b"}, "attr-value": {"1", ""}})
	m, _, err = sub.Get("attrs", 1)
	if err != nil {
		t.Fatal(resp.StatusCode, err)
	}
	var stored lingerv1.Message
	if err := proto.Unmarshal(m.Message, &stored); err != nil || !maps.Equal(stored.GetAttributes(), map[string]string{"a": "1", "b": ""}) {
		t.Errorf("stored %v, %v", &stored, err)
	}

	resp, body = post(url.Values{"topic": {"hello"}, "message": {"x"}, "ttl": {"90"}}, "Accept", "application/json")
	var answer struct {
		Topic, Durability string
		Sequence          uint64
		PublishTime       time.Time `json:"publish_time"`
		ExpireTime        time.Time `json:"expire_time"`
		TTL               int64     `json:"ttl_ms"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d %s: %v", resp.StatusCode, body, err)
	}
	if answer.Topic != "hello" || answer.Sequence != 2 || answer.TTL != 90_000 || answer.Durability != "memory" ||
		answer.ExpireTime.Sub(answer.PublishTime) != 90*time.Second {
		t.Errorf("answer %s", body)
	}
	if !regexp.MustCompile(`"publish_time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`).MatchString(body) {
		t.Errorf("not RFC 3339 with milliseconds: %s", body)
	}
	if _, body = post(url.Values{"topic": {"hello"}, "message": {"x"}}, "Accept", "application/json"); !strings.Contains(body, `"ttl_ms":600000`) {
		t.Errorf("without a lifetime: %s", body)
	}
}

func TestPublishFormErrors(t *testing.T) {
	s := start(t, nil)
	cases := []struct {
		values url.Values
		field  string
	}{
		{url.Values{"message": {"x"}}, "topic"},
		{url.Values{"topic": {"two words"}, "message": {"x"}}, "topic"},
		{url.Values{"topic": {"t"}}, "message"},
		{url.Values{"topic": {"t"}, "message": {""}, "ttl": {"soon"}}, "ttl"},
		{url.Values{"topic": {"t"}, "message": {""}, "ttl": {"other"}, "ttl_other": {"-1"}}, "ttl"},
		{url.Values{"topic": {"t"}, "message": {""}, "ttl": {"other"}}, "ttl"},
		{url.Values{"topic": {"t"}, "message": {strings.Repeat("x", 1<<20+1)}}, "message"},
		{url.Values{"topic": {"t"}, "message": {strings.Repeat("%", 4<<20)}}, "message"},
		{attributes("", "", "", "x"), "attr-key[0]"},
		{attributes("a", "", strings.Repeat("k", 129), ""), "attr-key[1]"},
		{attributes("a", "", "\xff", ""), "attr-key[1]"},
		{attributes("a", "1", "", "", "a", "2"), "attr-key[1]"},
		{attributes("a", strings.Repeat("v", 1025)), "attr-value[0]"},
		{attributes("a", "\xff"), "attr-value[0]"},
		{attributes(manyAttributes(65, "")...), "attr-key[64]"},
		{attributes(manyAttributes(17, strings.Repeat("v", 1000))...), "attr-value[16]"},
	}
	for _, c := range cases {
		resp := s.do(s.request(http.MethodPost, "/publish", c.values.Encode(), "Accept", "application/json"))
		var answer struct{ Error, Field string }
		body := s.read(resp)
		if err := json.Unmarshal([]byte(body), &answer); err != nil || resp.StatusCode != 400 || answer.Field != c.field || !sentenceForm.MatchString(answer.Error) {
			t.Errorf("%s: %d %s", c.field, resp.StatusCode, body)
		}
	}
	resp := s.do(s.request(http.MethodPost, "/publish", url.Values{"topic": {"t"}, "message": {"keep <this>"}, "ttl": {"soon"}}.Encode()))
	body := s.read(resp)
	if resp.StatusCode != 400 || !strings.Contains(body, "keep &lt;this&gt;") || !strings.Contains(body, "soon") || !strings.Contains(body, `aria-invalid="true"`) {
		t.Errorf("the page: %d\n%s", resp.StatusCode, body)
	}
	resp = s.do(s.request(http.MethodPost, "/publish", attributes("<i>", "kept", "", "value").Encode(), "Accept-Language", "zh-CN"))
	body = s.read(resp)
	for _, want := range []string{`value="&lt;i&gt;"`, `value="kept"`, "属性 2：没有键。请填写键，或清空值。", `<details id="attributes" class="attributes" open>`} {
		if resp.StatusCode != 400 || !strings.Contains(body, want) {
			t.Errorf("the page of attributes: %d, no %s in\n%s", resp.StatusCode, want, body)
		}
	}
	if _, err := s.broker.Topic("t"); err == nil {
		t.Error("something was published")
	}
	for _, ok := range []url.Values{attributes(manyAttributes(64, "")...), attributes(strings.Repeat("k", 128), strings.Repeat("v", 1024))} {
		resp := s.do(s.request(http.MethodPost, "/publish", ok.Encode(), "Accept", "application/json"))
		if body := s.read(resp); resp.StatusCode != 200 {
			t.Errorf("attributes at their limits: %d %s", resp.StatusCode, body)
		}
	}
	resp = s.do(s.request(http.MethodPost, "/publish", "topic=t&message=", "Accept", "application/json"))
	if body := s.read(resp); resp.StatusCode != 200 {
		t.Errorf("a message that is empty: %d %s", resp.StatusCode, body)
	}
}

// attributes are a form with rows of them, key by value.
func attributes(keysAndValues ...string) url.Values {
	v := url.Values{"topic": {"t"}, "message": {""}}
	for pair := range slices.Chunk(keysAndValues, 2) {
		v.Add("attr-key", pair[0])
		v.Add("attr-value", pair[1])
	}
	return v
}

// manyAttributes are so many rows of one value.
func manyAttributes(n int, value string) (rows []string) {
	for i := range n {
		rows = append(rows, strconv.Itoa(i), value)
	}
	return rows
}

var sentenceForm = regexp.MustCompile(`^[^a-z].*\.$`)

func TestPublishWantsAForm(t *testing.T) {
	s := start(t, nil)
	for _, kind := range []string{"application/json", ""} {
		resp := s.do(s.request(http.MethodPost, "/publish", `{"topic":"t","message":"x"}`, "Content-Type", kind, "Accept", "application/json"))
		body := s.read(resp)
		if resp.StatusCode != 400 || !strings.Contains(body, `The content type is \"`+kind+`\"`) || !strings.Contains(body, "application/x-www-form-urlencoded") {
			t.Errorf("%q: %d %s", kind, resp.StatusCode, body)
		}
	}
}

// An address that exists, asked by a method that it does not have, is not told to be missing.
func TestOtherMethodsAreRefused(t *testing.T) {
	s := start(t, nil)
	for request, allow := range map[string]string{
		"GET /publish": "POST", "DELETE /publish": "POST", "PUT /extend": "POST", "POST /": "GET, HEAD", "DELETE /topics/t": "GET, HEAD",
		"DELETE /topics": "GET, HEAD, POST", "POST /healthz": "GET, HEAD", "POST /static/dist/app.css": "GET, HEAD",
	} {
		method, path, _ := strings.Cut(request, " ")
		resp := s.do(s.request(method, path, ""))
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != allow {
			t.Errorf("%s: %d, Allow %q", request, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
	if resp := s.do(s.request(http.MethodDelete, "/nothing", "")); resp.StatusCode != http.StatusNotFound {
		t.Errorf("DELETE /nothing: %d", resp.StatusCode)
	}
}

// The demo is offered on a server that never had a message, and under Help, if it is this machine's alone and nobody said no.
func TestWhereTheDemoIsOffered(t *testing.T) {
	const button, bar = `class="play-demo`, `id="demo"`
	demo := func(c *server.Config, _ *broker.Config) { c.Demo = true }
	for name, test := range map[string]struct {
		config              func(*server.Config, *broker.Config)
		path                string
		published           bool
		wantButton, wantBar bool
	}{
		"a new server":              {config: demo, path: "/", wantButton: true, wantBar: true},
		"a topic of it":             {config: demo, path: "/topics/hello", wantButton: true, wantBar: true},
		"its other pages":           {config: demo, path: "/topics", wantBar: true},
		"one that had a message":    {config: demo, path: "/", published: true, wantBar: true},
		"its Help":                  {config: demo, path: "/help", published: true, wantButton: true, wantBar: true},
		"--demo=false":              {path: "/"},
		"its Help too":              {path: "/help"},
		"one that others can reach": {config: func(c *server.Config, b *broker.Config) { demo(c, b); c.HTTP = "0.0.0.0:0" }, path: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, test.config)
			if test.published {
				s.publish("t", time.Minute, "x")
			}
			_, body := s.get(test.path)
			if strings.Contains(body, button) != test.wantButton || strings.Contains(body, bar) != test.wantBar {
				t.Errorf("button %v, bar %v", strings.Contains(body, button), strings.Contains(body, bar))
			}
		})
	}
}

func TestMultipartForm(t *testing.T) {
	s := start(t, nil)
	body := "--b\r\nContent-Disposition: form-data; name=\"topic\"\r\n\r\nt\r\n--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhi\r\n--b--\r\n"
	resp := s.do(s.request(http.MethodPost, "/publish", body, "Content-Type", "multipart/form-data; boundary=b", "Accept", "application/json"))
	if got := s.read(resp); resp.StatusCode != 200 || !strings.Contains(got, `"sequence":1`) {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}

// An error that nobody foresaw in a full server: the form says when to try again.
func TestPublishFormFull(t *testing.T) {
	s := start(t, func(_ *server.Config, b *broker.Config) { b.MemoryLimit = 64 << 10 })
	for range 100 {
		resp := s.do(s.request(http.MethodPost, "/publish", url.Values{"topic": {"t"}, "message": {strings.Repeat("x", 10<<10)}, "ttl": {"60"}}.Encode(), "Accept", "application/json"))
		body := s.read(resp)
		if resp.StatusCode == 200 {
			continue
		}
		if resp.StatusCode != http.StatusInsufficientStorage || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%d, Retry-After %q: %s", resp.StatusCode, resp.Header.Get("Retry-After"), body)
		}
		return
	}
	t.Error("never full")
}

func TestExtendAndExpireForms(t *testing.T) {
	s := start(t, nil)
	published := s.publish("t", time.Minute, "x").ExpireTime.AsTime()
	send := func(path string, values url.Values) *http.Response {
		return s.do(s.request(http.MethodPost, path, values.Encode()))
	}
	ms := func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
	later := published.Add(time.Hour)
	values := url.Values{"topic": {"t"}, "sequence": {"1"}, "expire_time": {ms(later)}, "expected": {ms(published)}, "back": {"/?in=t"}}
	resp := send("/extend", values)
	if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), "/?") || !strings.Contains(resp.Header.Get("Location"), "in=t") {
		t.Fatalf("%d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if _, body := s.get(resp.Header.Get("Location")); !strings.Contains(body, "#1 of t now goes at "+later.UTC().Format("15:04:05")) {
		t.Errorf("no notice in:\n%s", body)
	}
	if resp := send("/extend", values); resp.StatusCode != http.StatusSeeOther { // sent twice: it is as wanted
		t.Errorf("again: %d", resp.StatusCode)
	}
	values.Set("expire_time", ms(later.Add(time.Minute)))
	if resp := send("/extend", values); resp.StatusCode != http.StatusConflict { // the deadline is another now
		t.Errorf("another: %d", resp.StatusCode)
	}
	resp = send("/expire", url.Values{"topic": {"t"}, "sequence": {"1"}, "back": {"//evil.example"}})
	if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(got, "/topics/t?") {
		t.Errorf("%d to %q", resp.StatusCode, got)
	}
	if resp := send("/expire", url.Values{"topic": {"t"}, "sequence": {"1"}}); resp.StatusCode != http.StatusGone {
		t.Errorf("a message that has ended: %d", resp.StatusCode)
	}
	if status, _ := s.get("/topics/t/1"); status != http.StatusGone {
		t.Errorf("its page: %d", status)
	}
	for _, bad := range []url.Values{{"topic": {"t"}}, {"topic": {"t"}, "sequence": {"1"}, "expire_time": {"soon"}}, {"topic": {"t"}, "sequence": {"-1"}}} {
		if resp := send("/extend", bad); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%v: %d", bad, resp.StatusCode)
		}
	}
}

// Other web sites may neither write here from a visitor's browser nor, under a name of theirs, read.
func TestGuard(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) {
		c.PublicHosts = []string{"linger.example.org"}
		c.AllowOrigins = []string{"https://friend.example"}
	})
	form := url.Values{"topic": {"t"}, "message": {"x"}}.Encode()
	writes := []struct {
		name    string
		headers []string
		refused bool
	}{
		{"no browser", nil, false},
		{"same origin", []string{"Sec-Fetch-Site", "same-origin"}, false},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, true},
		{"another port", []string{"Sec-Fetch-Site", "same-site"}, true},
		{"an old browser", []string{"Origin", "http://evil.example"}, true},
		{"no origin", []string{"Origin", "null"}, true},
		{"an allowed origin", []string{"Origin", "https://friend.example", "Sec-Fetch-Site", "cross-site"}, false},
	}
	for _, c := range writes {
		for _, path := range []string{"/publish", "/extend", "/expire", "/linger.v1.PublishService/Publish"} {
			resp := s.do(s.request(http.MethodPost, path, form, c.headers...))
			if (resp.StatusCode == http.StatusForbidden) != c.refused {
				t.Errorf("%s to %s: %d", c.name, path, resp.StatusCode)
			}
		}
	}
	port := s.HTTPAddr()[strings.LastIndex(s.HTTPAddr(), ":"):]
	for host, refused := range map[string]bool{
		"localhost" + port: false, "LOCALHOST": false, "127.0.0.1" + port: false, "127.1.2.3": false, "[::1]" + port: false,
		"linger.example.org": false, "linger.example.org:80": false,
		"evil.example" + port: true, "localhost.evil.example": true, "10.0.0.1": true, "[::ffff:10.0.0.1]": true,
	} {
		for _, path := range []string{"/", "/topics", "/metrics", "/static/dist/app.css", "/linger.v1.TopicService/ListTopics", "/nowhere"} {
			if status, _ := s.get(path, "Host", host); (status == http.StatusForbidden) != refused {
				t.Errorf("%s under %s: %d", path, host, status)
			}
		}
		if status, _ := s.get("/healthz", "Host", host); status != http.StatusOK { // probes call by address
			t.Errorf("/healthz under %s: %d", host, status)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	s := start(t, nil)
	for _, path := range []string{"/", "/topics", "/nowhere", "/metrics"} {
		resp := s.do(s.request(http.MethodGet, path, ""))
		h := resp.Header
		if got := h.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(got, "unsafe") {
			t.Errorf("%s: %q", path, got)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" ||
			h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestHealthz(t *testing.T) {
	s := start(t, nil)
	resp := s.do(s.request(http.MethodGet, "/healthz", ""))
	if resp.StatusCode != 200 || resp.Header.Get("Linger-Version") != "1.2.3-test" {
		t.Errorf("%d, %v", resp.StatusCode, resp.Header)
	}
	if status, _ := s.get("/readyz"); status != 200 {
		t.Errorf("/readyz: %d", status)
	}
}

func TestMetrics(t *testing.T) {
	s := start(t, nil)
	s.publish("t", time.Minute, "1", "2", "3")
	sub := s.subscribe(coversAll("t"))
	sub.texts(3)
	for name, want := range map[string]int{
		"linger_published_messages_total": 3, "linger_retained_messages": 3, "linger_topics": 1, "linger_subscriptions": 1,
		"linger_commit_seconds_count": 1, "linger_commits_pending": 0, "linger_slowest_reader_lag_messages": 0,
		`linger_streams{kind="subscribe"}`: 1, `linger_ended_messages_total{reason="evicted"}`: 0,
		`linger_info{version="1.2.3-test"}`: 1,
	} {
		if got := s.metric(name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	for s.metric("linger_delivered_messages_total") != 3 {
		time.Sleep(time.Millisecond) // counted just after the client has them
	}
	_, body := s.get("/metrics")
	for _, line := range strings.Split(body, "\n") {
		name := strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE ")
		if name != "" && !regexp.MustCompile(`^(linger_|go_|process_)`).MatchString(name) {
			t.Errorf("a name of its own: %s", line)
		}
	}
}

func TestPprofIsOffUnlessAskedFor(t *testing.T) {
	for _, on := range []bool{false, true} {
		s := start(t, func(c *server.Config, _ *broker.Config) { c.Pprof = on })
		want := http.StatusNotFound
		if on {
			want = http.StatusOK
		}
		if status, _ := s.get("/debug/pprof/"); status != want {
			t.Errorf("on %v: %d", on, status)
		}
	}
}

func TestPageOfATopicThatEmptied(t *testing.T) {
	s := start(t, nil)
	s.publish("t", time.Millisecond, "short")
	for {
		if _, end, err := s.broker.Get("t", 1); err != nil {
			t.Fatal(err)
		} else if end != nil {
			break
		}
	}
	if _, body := s.get("/topics/t"); !strings.Contains(body, "Last message #1 ended") {
		t.Errorf("no word of the last message:\n%s", body)
	}
}

func TestClampedResult(t *testing.T) {
	s := start(t, nil)
	if _, err := s.broker.CreateTopic(t.Context(), "t", broker.Policy{Max: time.Hour}, 0); err != nil {
		t.Fatal(err)
	}
	resp := s.do(s.request(http.MethodPost, "/publish", url.Values{"topic": {"t"}, "message": {"x"}, "ttl": {"3 d"}}.Encode()))
	_, body := s.get(resp.Header.Get("Location"))
	if !strings.Contains(body, "not 3 d: t allows 1 h at most") {
		t.Errorf("the result does not say why:\n%s", body)
	}
	if !strings.Contains(fmt.Sprint(resp.StatusCode), "303") {
		t.Errorf("status %d", resp.StatusCode)
	}
}
