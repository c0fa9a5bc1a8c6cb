package main

import (
	"bytes"
	"strings"
	"time"

	"github.com/a-h/templ"

	"linger/web"
	"linger/web/texts"
)

// page is one page in one state.
type page struct {
	Name, Shows string
	Content     templ.Component
}

// pages makes all of them as of now.
func pages(now time.Time, language texts.Language) []page {
	p := web.Page{Now: now, Language: language}
	return []page{
		{"now", "41 messages in four topics", web.NowPage(fortyOne(p))},
		{"now-fresh", "a server that never had a message", web.NowPage(web.Now{Page: p, Pattern: ">", Fresh: true})},
		{"now-one", "one message, just published", web.NowPage(one(p))},
		{"now-empty", "nothing retained any more", web.NowPage(web.Now{Page: p, Pattern: ">", Topics: 3, Totals: web.Totals{Gone: 1163}})},
		{"now-many", "100,000 messages in 1,000 topics", web.NowPage(many(p))},
		{"now-pattern", "narrowed to a pattern", web.NowPage(narrowed(p))},
		{"now-hostile", "payloads, names and attributes that want to be more than text", web.NowPage(hostile(p))},
		{"now-long", "the longest names and payloads", web.NowPage(long(p))},
		{"now-errors", "a publish that was refused", web.NowPage(refused(p))},
		{"now-exposed", "a server that listens to everybody", web.NowPage(exposed(p))},
		{"now-nearly-full", "a store that is nearly full", web.NowPage(ailing(p, told(p, "The store is nearly full: 9.2 GiB of 10.0 GiB. When it is full, publishes are refused until messages expire; --disk allows more.", "存储快满了：10.0 GiB 已用 9.2 GiB。存满后，在消息到期之前会拒绝发布。"), false))},
		{"now-read-only", "a store whose disk has failed", web.NowPage(ailing(p, told(p, "The disk of linger-data failed (sync: input/output error): nothing more is taken, reading goes on. Restart the server once the disk is sound.", "存储所在的磁盘出错：不再接收消息，仍可读取。磁盘恢复正常后，请重启服务器。"), true))},
		{"topic", "one topic, with a policy", web.NowPage(topic(p))},
		{"topic-unknown", "a topic that does not exist yet", web.NowPage(web.Now{Page: p, Pattern: "orders.new", Topic: &web.Topic{Name: "orders.new"}})},
		{"topic-ended", "a topic whose messages are gone", web.NowPage(web.Now{
			Page: p, Pattern: "orders", Topic: &web.Topic{Name: "orders", Known: true}, Totals: web.Totals{Gone: 9412, Undelivered: 55},
			LastEnded: &web.End{Sequence: 9412, Reason: web.EndExpired, At: now.Add(-9 * time.Minute)}, Notice: told(p, "#9412 is gone.", "#9412 已消失。"),
		})},
		{"topics", "the table", web.TopicsPage(topics(p))},
		{"topics-none", "the table, empty", web.TopicsPage(web.Topics{Page: p})},
		{"message", "a message alive", web.MessagePage(alive(p))},
		{"message-json", "a message of several lines", web.MessagePage(payload(p, []byte("{\n  \"order\": 8812,\n  \"total\": \"41.20\",\n  \"note\": \"你好 🟢\"\n}\n")))},
		{"message-binary", "a message that is no text", web.MessagePage(payload(p, binary(2112)))},
		{"message-empty", "a message without data", web.MessagePage(payload(p, nil))},
		{"message-hostile", "a message that wants to be more than text", web.MessagePage(hostileDetail(p))},
		{"message-large", "a message of 1 MiB", web.MessagePage(payload(p, bytes.Repeat([]byte("0123456789abcdef"), 1<<16)))},
		{"message-large-binary", "1 MiB that is no text", web.MessagePage(payload(p, binary(1<<20)))},
		{"message-gone", "a message that ended", web.MessagePage(gone(p, web.EndExpired, 3))},
		{"message-undelivered", "one that nobody got", web.MessagePage(gone(p, web.EndExpired, 0))},
		{"message-unknown-delivery", "one that a restart made uncertain", web.MessagePage(gone(p, web.EndExpiredUnknown, 0))},
		{"message-evicted", "one that was evicted", web.MessagePage(gone(p, web.EndEvicted, 1))},
		{"message-deleted", "one that was deleted", web.MessagePage(gone(p, web.EndDeleted, 1))},
		{"message-lost", "one that a crash lost", web.MessagePage(gone(p, web.EndLost, 0))},
		{"message-forgotten", "one that nobody remembers", web.MessagePage(web.Detail{Page: p, Topic: "hello", Sequence: 42, End: &web.End{Sequence: 42}, Last: 90})},
		{"message-never", "one that never was", web.MessagePage(web.Detail{Page: p, Topic: "hello", Sequence: 42, Last: 17})},
		{"recovering", "a server that reads its store", web.RecoveringPage(web.Recovering{Page: p, Percent: 34, Known: true})},
		{"recovering-early", "one that has just begun to", web.RecoveringPage(web.Recovering{Page: p})},
		{"error", "what went wrong", web.ErrorPage(web.Failure{
			Page: p, Status: 400, What: told(p, "The pattern has an empty part at position 7.", "模式在第 7 个字符处有一段是空的。"), Field: "in",
			Do: told(p, "Write topics as parts joined by single dots, * for one part, > for the rest: orders.*.created.", "主题由若干段组成，段与段之间用一个点连接；* 代表一段，> 代表其余各段。"), ID: "k3f9-0042",
		})},
		{"error-plain", "no such page", web.ErrorPage(web.Failure{Page: p, Status: 404, What: told(p, "There is no page at /help.", "这里没有页面。")})},
	}
}

// told is a sentence as a server would tell it: in the language of the page.
func told(p web.Page, english, chinese string) string {
	switch p.Language {
	case texts.Chinese:
		return chinese
	case texts.Marked:
		return "⟦" + english + "⟧"
	}
	return english
}

func ailing(p web.Page, problem string, severe bool) web.Now {
	p.Store = web.Store{Problem: problem, Severe: severe}
	return fortyOne(p)
}

func alive(p web.Page) web.Detail {
	m := message(p, "orders.eu", 1182, `{"order":8812,"total":"41.20"}`, time.Hour, 35*time.Minute)
	m.Granted, m.Deliveries, m.Key = 30*time.Minute, 2, "customer-17"
	m.Attributes = []web.Attribute{{Key: "content-type", Value: "application/json"}, {Key: "trace", Value: "4bf92f3577b34da6a3ce929d0e0e4736"}}
	m.MaxExpires = m.Published.Add(7 * 24 * time.Hour)
	return web.Detail{Page: p, Topic: m.Topic, Sequence: m.Sequence, Message: &m, Last: 1200, Notice: told(p, "#1182 now goes half an hour later.", "#1182 的到期时间推迟了半小时。")}
}

func payload(p web.Page, data []byte) web.Detail {
	m := message(p, "orders.eu", 7, "", time.Minute, 4*time.Second)
	m.Data = data
	return web.Detail{Page: p, Topic: m.Topic, Sequence: m.Sequence, Message: &m, Last: 7}
}

func hostileDetail(p web.Page) web.Detail {
	d := payload(p, []byte(strings.Join(Hostile, "\n")))
	for _, h := range Hostile {
		d.Message.Attributes = append(d.Message.Attributes, web.Attribute{Key: h, Value: h})
	}
	d.Message.Key = Hostile[0]
	return d
}

func gone(p web.Page, reason web.EndReason, deliveries int) web.Detail {
	at := p.Now.Add(-20 * time.Minute)
	return web.Detail{Page: p, Topic: "hello", Sequence: 42, Last: 90, End: &web.End{
		Sequence: 42, Reason: reason, Published: at.Add(-10 * time.Minute), At: at, Deliveries: deliveries,
	}}
}

func topics(p web.Page) web.Topics {
	names := []string{"orders.eu", "orders.us", "demo.weather", "demo.chat", "console", "größen.länge", "你好.世界", strings.Repeat("a-very-long-token.", 14) + "end"}
	t := web.Topics{Page: p, Total: 1000, Next: "/topics?after=zzz"}
	for i, name := range names {
		t.Rows = append(t.Rows, web.TopicRow{
			Name: name, Published: uint64(i * 54321), Retained: uint64(i * 12345), Bytes: uint64(i * 1234567),
			NextExpires: p.Now.Add(time.Duration(1+i*i*i*i*90) * time.Second), Subscriptions: i, WorstLag: uint64(i * i * 100),
		})
	}
	t.Rows[0].NextExpires = time.Time{}
	t.Rows[1].Policy = web.Policy{Min: 5 * time.Second, Default: 10 * time.Minute, Max: time.Hour}
	return t
}
