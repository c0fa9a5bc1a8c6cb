package gallery

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"linger/web"
)

var (
	names  = []string{"orders.eu", "demo.chat", "console", "demo.weather"}
	bodies = []string{`{"order":8812,"total":"41.20"}`, "你好，世界", "temperature 21.4", "<img src=x onerror=alert(1)>", "ping 🟢", `{"user":17,"action":"login","ip":"10.2.0.4"}`}
	ttls   = []time.Duration{
		2 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
		10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
	}
)

// message makes one that was published with a lifetime and has some of it left.
func message(p web.Page, topic string, sequence uint64, data string, ttl, left time.Duration) web.Message {
	published := p.Now.Add(left - ttl)
	return web.Message{
		Topic: topic, Sequence: sequence, Published: published, Expires: published.Add(ttl),
		MaxExpires: published.Add(7 * 24 * time.Hour), Data: []byte(data),
	}
}

// filled makes a page of n messages. The same seed gives the same page.
func filled(p web.Page, n int) web.Now {
	r := rand.New(rand.NewPCG(7, 7))
	now := web.Now{Page: p, Pattern: ">", Topics: len(names), Totals: web.Totals{Retained: uint64(n), Bytes: 3100, Gone: 1163, Undelivered: 14}}
	for i := range n {
		ttl := ttls[r.IntN(len(ttls))]
		left := max(200*time.Millisecond, time.Duration(float64(ttl)*(0.05+0.95*r.Float64())))
		now.Retained = append(now.Retained, message(p, names[i%len(names)], uint64(1160+i), bodies[i%len(bodies)], ttl, left))
	}
	slices.SortFunc(now.Retained, func(a, b web.Message) int { return a.Expires.Compare(b.Expires) })
	now.Forecast = forecast(p, now.Retained)
	now.Live = slices.Clone(now.Retained)
	slices.SortFunc(now.Live, func(a, b web.Message) int { return b.Published.Compare(a.Published) })
	now.Live = now.Live[:min(20, n/2)]
	for i, name := range names {
		now.Chips = append(now.Chips, web.Chip{Topic: name, Retained: uint64((n + 1) * (18 - 5*i) / 42)})
	}
	now.Form = web.Form{Topic: "orders.eu", Message: "Hello, Linger", TTL: "30s", Suggestions: names}
	return now
}

// forecast counts what ends when.
func forecast(p web.Page, messages []web.Message) (endings []web.Ending) {
	for _, stop := range web.Stops() {
		endings = append(endings, web.Ending{After: stop})
	}
	for _, m := range messages {
		for i, e := range slices.Backward(endings) {
			if m.Expires.Sub(p.Now) > e.After {
				endings[i].Messages++
				endings[i].Bytes += uint64(len(m.Data))
				break
			}
		}
	}
	return endings
}

func fortyOne(p web.Page) web.Now { return withOneGone(filled(p, 41)) }

// aFew are enough for states that are not about the lists: more rows than a screen has room for, of every kind. Whoever
// looks at all states looks at these rows again and again.
func aFew(p web.Page) web.Now { return withOneGone(filled(p, 20)) }

// withOneGone has one of the messages in Live be gone.
func withOneGone(now web.Now) web.Now {
	now.Live[3].Published, now.Live[3].Expires = now.Now.Add(-4*time.Second), now.Now.Add(-2*time.Second)
	return now
}

// fresh is a server that never had a message.
func fresh(p web.Page) web.Now { return web.Now{Page: p, Pattern: ">", Fresh: true} }

// crowd is a topic with n messages.
func crowd(n uint64) func(web.Page) web.Now {
	return func(p web.Page) web.Now {
		now := topic(p)
		now.Totals.Retained, now.Totals.Bytes = n, 31*n
		now.Forecast = spread(n)
		now.Form.Result = nil
		for i := range now.Retained { // nothing goes while one looks
			m := &now.Retained[i]
			m.Published, m.Expires = m.Published.Add(20*time.Minute), m.Expires.Add(20*time.Minute)
		}
		return now
	}
}

// longTopic is a topic whose name is as long as one may be.
func longTopic(p web.Page) web.Now {
	now := topic(p)
	name := strings.Repeat("a-very-long-token.", 14) + "end"
	now.Form.Result.Reason = strings.ReplaceAll(now.Form.Result.Reason, now.Topic.Name, name)
	now.Pattern, now.Topic.Name, now.Form.Result.Topic = name, name, name
	for _, list := range [][]web.Message{now.Retained, now.Live} {
		for i := range list {
			list[i].Topic = name
		}
	}
	return now
}

// spread is a tide of n messages that goes within the hour, over a long tail.
func spread(n uint64) (endings []web.Ending) {
	stops := web.Stops()
	weight := func(i int) uint64 { return uint64(40 + i%7*130 + 2000*max(0, 6-max(i-26, 26-i))) }
	sum := uint64(0)
	for i := range stops {
		sum += weight(i)
	}
	rest := n
	for i, stop := range stops {
		messages := n * weight(i) / sum
		endings = append(endings, web.Ending{After: stop, Messages: messages, Bytes: 31 * messages * uint64(1+i%4)})
		rest -= messages
	}
	endings[26].Messages += rest
	return endings
}

func one(p web.Page) web.Now {
	m := message(p, "hello", 1, "Hello, Linger", 30*time.Second, 30*time.Second)
	return web.Now{
		Page: p, Pattern: ">", Topics: 1, Totals: web.Totals{Retained: 1, Bytes: 31}, Retained: []web.Message{m}, Live: []web.Message{m},
		Forecast: forecast(p, []web.Message{m}),
		Chips:    []web.Chip{{Topic: "hello", Retained: 1}},
		Form: web.Form{Topic: "hello", Message: "Hello, Linger", TTL: "30 s", Result: &web.Result{
			Topic: "hello", Sequence: 1, Published: m.Published, Expires: m.Expires, Durability: "memory", ReceivedBy: 0,
		}},
	}
}

func many(p web.Page) web.Now {
	now := filled(p, 50)
	now.Topics = 1000
	now.Totals = web.Totals{Retained: 100_000, Bytes: 128_000_000, Gone: 12_345_678, Undelivered: 1_204}
	for i := range now.Retained {
		now.Retained[i].Sequence += 1_000_000
	}
	now.Forecast = spread(now.Totals.Retained) // the 50 that the list shows are the soonest
	now.Retained[0].Sequence = 18446744073709551615
	for i := range now.Chips {
		now.Chips[i].Retained *= 1234
	}
	now.Chips = append(now.Chips, web.Chip{Topic: "a.rather-long-topic-name.of-somebody", Retained: 512}, web.Chip{Topic: "numbers", Retained: 99})
	return now
}

func narrowed(p web.Page) web.Now {
	now := filled(p, 12)
	now.Pattern = "demo.>"
	now.Form = web.Form{TTL: "45s"}
	return now
}

// Hostile are texts that would do something if they were taken for more than text.
var Hostile = []string{
	"<script>document.title='owned'</script>",
	"<img src=x onerror=\"document.title='owned'\">",
	"\"><svg onload=\"document.title='owned'\">",
	"' autofocus onfocus='document.title=1' x='",
	"</textarea></template></title></style><script>document.title='owned'</script>",
	"<!-- --><![CDATA[ ]]><base href=//example.com>",
	"javascript:document.title='owned'",
	"&lt;b&gt;&amp;&#x3c;script&#x3e;",
	"invoice\u202efdp.exe",
	"zero\u200bwidth\u2060and\ufeffmarks\u00ad",
	"\u2066isolate\u2069 \u200fmark",
	"bell\aand\x1b[31mred\x00nul\r\nsecond line\ttab",
	"\u3164\u115f\u2800blank letters",
	"مرحبا بالعالم 123",
	"👩‍👩‍👧 👍🏽 Z̸̡̢̛̗̘̙̜̝̞̟̠̣̤̥̦̩̪̫̬̭̮̯̰̱̲̳̹̺̻̼",
	"line\u2028separator\u2029paragraph\u0085next",
	"\U000e0041tag characters",
	strings.Repeat("longword", 400),
}

func hostile(p web.Page) web.Now {
	now := web.Now{Page: p, Pattern: ">", Topics: len(Hostile), Totals: web.Totals{Retained: uint64(len(Hostile))}}
	for i, h := range Hostile {
		m := message(p, h, uint64(i+1), h, time.Hour, time.Duration(i+1)*time.Minute)
		now.Retained = append(now.Retained, m)
		now.Live = append(now.Live, m)
		now.Chips = append(now.Chips, web.Chip{Topic: h, Retained: 1})
	}
	now.Forecast = forecast(p, now.Retained)
	now.Form = web.Form{
		Topic: Hostile[2], Message: "\n" + Hostile[4], TTL: Hostile[3], Suggestions: Hostile,
		Errors: []web.FieldError{{Field: web.FieldTopic, Text: Hostile[0]}},
	}
	return now
}

func long(p web.Page) web.Now {
	name := strings.Repeat("a", 255)
	now := web.Now{Page: p, Pattern: ">", Topics: 6, Totals: web.Totals{Retained: 12_345_678, Bytes: 99_900_000_000, Gone: 999_999_999, Undelivered: 888_888_888}}
	for i := range 14 {
		m := message(p, name, uint64(i)*1e15, strings.Repeat("x", 1024), 7*24*time.Hour, time.Duration(i*i*i)*3*time.Hour+47*time.Minute)
		m.Size = 1 << 20
		if i%3 == 1 {
			m.Data, m.Size = binary(1024), 1<<20
		}
		now.Retained = append(now.Retained, m)
		now.Live = append(now.Live, m)
	}
	now.Forecast = []web.Ending{{After: 40 * time.Minute, Messages: 12_345_000}, {After: 7 * 24 * time.Hour, Messages: 678}}
	for range 6 {
		now.Chips = append(now.Chips, web.Chip{Topic: name, Retained: 1_000_000})
	}
	now.Form = web.Form{Topic: name, Message: strings.Repeat("many words ", 200), TTL: "3d4h5m6s"}
	return now
}

func refused(p web.Page) web.Now {
	now := aFew(p)
	now.Form = web.Form{
		Topic: "orders eu", Message: "Hello, Linger", TTL: "a while", Attributes: []web.Attribute{{Key: "trace", Value: "4bf92f3577b34da6"}, {Value: "of nothing"}},
		Errors: []web.FieldError{
			{Field: web.FieldTopic, Text: told(p, "a space at position 7. Letters, digits, _ and -, in parts joined by dots.", "第 7 个字符是空格。请用字母、数字、_ 和 -，各段之间用点连接。")},
			{Field: web.FieldMessage, Text: told(p, "1.3 MiB; the limit is 1 MiB (--max-message).", "1.3 MiB，上限是 1 MiB。")},
			{Field: web.FieldTTL, Text: told(p, "\"a while\" does not begin with a number. Write 30 s, 10 min, 1.5 h or 7 d.", "不是以数字开头的。请写 30 秒、10 分钟、1.5 小时或 7 天。")},
			{Field: web.FieldAttrKey, Row: 1, Text: told(p, "No key. Give it one, or empty the value.", "没有键。请填写键，或清空值。")},
			{Text: told(p, "The server is full: rejected until 14:33:02.", "服务器已满：14:33:02 之前拒绝发布。")},
		},
	}
	return now
}

func exposed(p web.Page) web.Now {
	now := aFew(p)
	now.Exposed = true
	now.Drift = time.Hour
	now.Zone = time.FixedZone("", 5*3600+1800)
	return now
}

func topic(p web.Page) web.Now {
	now := filled(p, 18)
	now.Pattern = "orders.eu"
	now.Topic = &web.Topic{Name: "orders.eu", Known: true, Subscriptions: 2, Policy: web.Policy{Min: 5 * time.Second, Default: time.Minute, Max: time.Hour}}
	for _, list := range [][]web.Message{now.Retained, now.Live} {
		for i := range list {
			list[i].Topic = "orders.eu"
		}
	}
	now.Form = web.Form{Policy: now.Topic.Policy, Result: &web.Result{
		Topic: "orders.eu", Sequence: 1182, Published: p.Now, Expires: p.Now.Add(time.Hour), Reason: told(p, "not 3 d: orders.eu allows 1 h at most", "而不是 3 天：orders.eu 最长允许 1 小时"),
		Durability: "fsynced", ReceivedBy: 2,
	}}
	return now
}

// binary makes bytes that are no text.
func binary(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i/256)
	}
	copy(b, "\x89PNG\r\n\x1a\n")
	return b
}
