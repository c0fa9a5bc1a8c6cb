// Package web renders Linger's dashboard: view models in, HTML out.
//
// It knows neither the broker nor the protocol. The server fills a view model from what it knows and renders the page:
//
//	web.NowPage(web.Now{...}).Render(ctx, w)
//
// Pages work without script; with script (static/dist/main.js) the same markup is taken over in place. What the two agree
// on, every class, id and data attribute, is listed at the top of parts.templ. Everything obeys a policy without anything
// inline: no style attribute, no handler, no script but the bundle.
//
// The pages, their paths, and the forms on them:
//
//	GET  /                       NowPage; ?in=PATTERN narrows; &filter=WORDS &order=soonest|newest arrange the list
//	GET  /topics                 TopicsPage; ?in=FILTER &sort= &reverse=1 &page= &view=tree; ?go=NAME redirects (GoPath)
//	POST /topics                 name: makes a topic
//	GET  /topics/NAME            NowPage with Now.Topic set; filter and order as above; ?published=SEQ after a publish: fill Form.Result
//	GET  /topics/NAME/SEQ        MessagePage
//	GET  /topics/NAME/subscribers, /policy, /record   SubscribersPage, PolicyPage, RecordPage
//	POST /topics/NAME/policy     the fields of PolicyForm; GET takes them too, to show what they would have meant
//	GET  /server                 ServerPage
//	GET  /export                 ?in=PATTERN &filter=WORDS &order=soonest|newest &from=TIME &to=TIME (of deadlines): what is retained, as JSON lines
//	GET  /help                   HelpPage
//	POST /publish                topic, message, ttl (a TTL as ParseTTL reads it, or "other"), ttl_other; attr-key and attr-value,
//	                             as often as there are attributes, the first key with the first value; empty pairs are left out
//	POST /extend, POST /expire   topic, sequence, expire_time and expected (ms since 1970), back (the path to return to)
//
// With script a list's address also keeps at (looking ahead), from and to (a span).
//
// `back` comes from the page but may be forged: ReturnPath makes it safe.
package web

import (
	"net/url"
	"strconv"
	"strings"
)

// TopicPath is the address of a topic's page.
func TopicPath(topic string) string {
	return "/topics/" + url.PathEscape(topic)
}

// MessagePath is the address of a message's page.
func MessagePath(topic string, sequence uint64) string {
	return TopicPath(topic) + "/" + strconv.FormatUint(sequence, 10)
}

// GoPath is where somebody goes who asks for a topic, a message of one ("orders/42") or a pattern ("orders.>").
func GoPath(to string) string {
	if topic, after, ok := strings.Cut(to, "/"); ok {
		if sequence, err := strconv.ParseUint(strings.TrimPrefix(after, "#"), 10, 64); err == nil {
			return MessagePath(topic, sequence)
		}
	}
	if strings.ContainsAny(to, "*>") {
		return "/?in=" + url.QueryEscape(to)
	}
	return TopicPath(to)
}

// ReturnPath is where to go after a form: what the form's `back` says if that is a path of this server, else the topic.
// Browsers read `//host` and `/\host` as other hosts, so both are refused.
func ReturnPath(back, topic string) string {
	if strings.HasPrefix(back, "/") && !strings.HasPrefix(back, "//") && !strings.ContainsAny(back, "\\\r\n\t") {
		return back
	}
	return TopicPath(topic)
}
