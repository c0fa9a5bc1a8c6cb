package gallery

import (
	"slices"
	"strings"

	"github.com/a-h/templ"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"linger/web"
)

// formStates are the publish form's: what it says while one writes, of what one sends, and why it is refused.
func formStates() []State {
	publish := func(name, shows string, answer error, until string) State {
		return State{
			Name: name, Shows: shows, now: aFew, answer: answer, until: until,
			acts: []string{"fill #topic orders.eu", "fill #message Hello, Linger", "focus #message", "click #submit"},
		}
	}
	return []State{
		{Name: "slider", Shows: "the slider in use: the hairline through the list", now: aFew, acts: []string{"focus #ttl"}, until: `#hairline[data-active]`},
		{Name: "form-open", Shows: "writing a message; on a phone the form is open", now: aFew, acts: []string{"focus #message"}},
		{Name: "form-lines", Shows: "a message of more lines than fit", now: aFew, acts: []string{"fill #message " + strings.Repeat("a line of the message\\n", 8), "focus #message"}},
		{Name: "form-error", Shows: "a publish that the page itself refuses", now: aFew, acts: []string{"fill #topic orders", "fill #ttl-text soon", "click #submit"}, until: `#ttl-error:not([hidden])`},
		{Name: "attributes", Shows: "attributes, a row for each", now: aFew, acts: []string{
			"focus #message", "click #attributes summary", "fill .attr-key trace", "fill .attr-value 4bf92f3577b34da6", "focus .attr-value", "key Enter",
		}, until: `.attr:nth-child(2)`},
		{Name: "attributes-error", Shows: "an attribute that cannot be", now: aFew, acts: []string{
			"fill #topic orders", "focus #message", "click #attributes summary", "fill .attr-key trace", "focus .attr-value", "key Enter",
			"fill .attr:nth-child(2)>.attr-value 4bf92f3577b34da6", "click #submit",
		}, until: `.attr .error:not([hidden])`},
		publish("published", "a publish that was answered", nil, `#result a`),
		{Name: "first-publish", Shows: "the first publish of all", now: fresh, acts: []string{"click #submit"}, until: `#lesson:not(:empty)`},
		publish("publish-pending", "a publish that is under way", errSilent, `#submit[aria-busy]`),
		publish("publish-no-answer", "a publish without an answer for five seconds", errSilent, `#form-error:not([hidden])`),
		publish("publish-bad-topic", "a topic whose name is none", refusal(codes.InvalidArgument, "INVALID", "batches[0].topic", "a space at position 7. Letters, digits, _ and -, in parts joined by dots.",
			"character", " ", "position", "7"), `#topic-error:not([hidden])`),
		publish("publish-composed", "a name that only looks like another", refusal(codes.InvalidArgument, "INVALID", "batches[0].topic", "not in Unicode's composed form (NFC), though it may look the same. Write \"caf\u00e9\".",
			"composed", "caf\u00e9"), `#topic-error:not([hidden])`),
		publish("publish-rejected", "a lifetime that the topic does not allow", refusal(codes.InvalidArgument, "TTL_REJECTED", "batches[0].ttl", "orders.eu keeps 5s to 1h0m0s; 72h0m0s is above.",
			"topic", "orders.eu", "min", "5000", "max", "3600000", "asked", "259200000"), `#ttl-error:not([hidden])`),
		publish("publish-full", "a server whose memory is full", refusal(codes.ResourceExhausted, "FULL", "", "the server's memory is full: 536870912 of 536870912 bytes (--memory). Space comes free from 14:33:02.000Z on, in 55s; shorter lifetimes free it sooner.",
			"unit", "memory", "used", "536870912", "limit", "536870912"), `#form-error:not([hidden])`),
		publish("publish-read-only", "a store that takes nothing more", refusal(codes.FailedPrecondition, "READ_ONLY", "", "the disk of linger-data failed (sync: input/output error): nothing more is taken, reading goes on. Restart the server once the disk is sound.",
			"store", "linger-data", "cause", "sync: input/output error"), `#form-error:not([hidden])`),
		publish("publish-too-many", "a topic more than the server takes", refusal(codes.ResourceExhausted, "TOO_MANY_TOPICS", "", "topic: the server has 100000 topics, its limit (--max-topics). Delete one first; a topic made by publishing goes by itself after a day without messages and subscribers.",
			"topics", "100000"), `#form-error:not([hidden])`),
		publish("publish-recovering", "a server that came back, and reads its store", refusal(codes.Unavailable, "RECOVERING", "", "the server is recovering: 34 % of the store has been read, in 12s; it answers when all of it is there",
			"percent", "34"), `#form-error:not([hidden])`),
		{Name: "topics-refused", Shows: "a topic that cannot be made", at: "/topics", page: func(p web.Page) templ.Component {
			t := topics(p)
			t.Refused, t.Error = "orders eu", told(p, "a space at position 7. Letters, digits, _ and -, in parts joined by dots.", "第 7 个字符是空格。请用字母、数字、_ 和 -，各段之间用点连接。")
			return web.TopicsPage(t)
		}},
		{Name: "topics-no-pattern", Shows: "a filter that is no pattern", at: "/topics", page: func(p web.Page) templ.Component {
			return web.TopicsPage(web.Topics{Page: p, Query: web.TopicsQuery{Filter: "orders..>", Page: 1}, All: 1000, Problem: told(p, "The pattern has an empty part at position 8.", "模式在第 8 个字符处有一段是空的。")})
		}},
	}
}

// errSilent has a call wait for its answer until the page gives up.
var errSilent = status.Error(codes.DeadlineExceeded, "the gallery does not answer")

// refusal is how the server refuses a call: for programs a reason and values, by name, and for people the field at fault,
// if it is one.
func refusal(code codes.Code, reason, field, detail string, values ...string) error {
	info := &errdetails.ErrorInfo{Reason: reason, Domain: "linger", Metadata: map[string]string{}}
	for pair := range slices.Chunk(values, 2) {
		info.Metadata[pair[0]] = pair[1]
	}
	details := []protoadapt.MessageV1{info}
	if field != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: detail, Reason: reason}}})
	}
	st, err := status.New(code, detail).WithDetails(details...)
	if err != nil {
		panic(err) // details of a code that is no error have none
	}
	return st.Err()
}
