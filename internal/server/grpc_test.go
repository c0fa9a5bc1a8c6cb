package server_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/broker"
	"linger/internal/server"
	lingerv1 "linger/proto/linger/v1"
)

func TestPublishAndSubscribe(t *testing.T) {
	s := start(t, nil)
	result := s.publish("orders", time.Minute, "one", "two")
	if result.FirstSequence != 1 || result.Count != 2 || result.Ttl.AsDuration() != time.Minute ||
		result.Durability != lingerv1.Durability_DURABILITY_MEMORY ||
		result.ExpireTime.AsTime().Sub(result.PublishTime.AsTime()) != time.Minute {
		t.Errorf("answer %v", result)
	}
	sub := s.subscribe(&lingerv1.SubscribeRequest{Patterns: []string{"orders"}})
	if len(sub.hello.Topics) != 1 || sub.hello.Topics[0].NextSequence != 3 || sub.hello.Store == "" || sub.hello.HeartbeatMs != 15000 {
		t.Errorf("hello %v", sub.hello)
	}
	if got := sub.texts(2); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("retained: %q", got)
	}
	sub.untilCaughtUp()
	s.publish("orders", time.Minute, "three")
	if got := sub.texts(1); !slices.Equal(got, []string{"three"}) {
		t.Errorf("live: %q", got)
	}
	run := sub.runs[len(sub.runs)-1]
	if run.Topic != "orders" || run.FirstSequence != 3 || run.Incarnation != sub.hello.Topics[0].Incarnation ||
		run.ExpireTime.AsTime().Sub(run.PublishTime.AsTime()) != time.Minute {
		t.Errorf("run %v", run)
	}
}

const producer = "sixteen bytes id"

func TestSubscribeStarts(t *testing.T) {
	s := start(t, nil)
	s.publish("t", time.Minute, "1", "2", "3")
	cases := map[string]struct {
		in   *lingerv1.SubscribeRequest
		want []string
	}{
		"all":      {&lingerv1.SubscribeRequest{Start: &lingerv1.SubscribeRequest_All{}}, []string{"1", "2", "3"}},
		"last":     {&lingerv1.SubscribeRequest{Start: &lingerv1.SubscribeRequest_Last{Last: 2}}, []string{"2", "3"}},
		"sequence": {&lingerv1.SubscribeRequest{Start: &lingerv1.SubscribeRequest_Sequence{Sequence: 3}}, []string{"3"}},
		"time":     {&lingerv1.SubscribeRequest{Start: &lingerv1.SubscribeRequest_Time{Time: timestamppb.New(time.Unix(1, 0))}}, []string{"1", "2", "3"}},
		"new":      {&lingerv1.SubscribeRequest{Start: &lingerv1.SubscribeRequest_New{}}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.in.Patterns = []string{"t"}
			sub := s.subscribe(c.in)
			got := sub.texts(len(c.want))
			sub.untilCaughtUp()
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
	bad := []*lingerv1.SubscribeRequest{
		{},
		{Patterns: []string{"a..b"}},
		{Patterns: []string{"t"}, Start: &lingerv1.SubscribeRequest_Last{}},
		{Patterns: []string{"t.*"}, Start: &lingerv1.SubscribeRequest_Sequence{Sequence: 1}},
		{Patterns: []string{"t"}, Start: &lingerv1.SubscribeRequest_ResumeToken{ResumeToken: []byte("forged")}},
		{Patterns: []string{"t"}, Slow: 9},
	}
	for _, in := range bad {
		stream, err := lingerv1.NewSubscribeServiceClient(s.dial()).Subscribe(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = stream.Recv()
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", in, err)
		}
	}
}

func TestHeartbeat(t *testing.T) {
	s := start(t, func(c *server.Config, _ *broker.Config) { c.Heartbeat = 20 * time.Millisecond })
	sub := s.subscribe(&lingerv1.SubscribeRequest{Patterns: []string{"t"}})
	sub.untilCaughtUp()
	for range 3 {
		m, err := sub.stream.Recv()
		if err != nil || m.GetHeartbeat() == nil || m.ServerTime == nil || len(m.ResumeToken) == 0 {
			t.Fatalf("%v, %v", m, err)
		}
	}
}

// blamed is the field that an INVALID_ARGUMENT names, in its message and for programs.
func blamed(t testing.TB, err error) string {
	t.Helper()
	st := wantCode(t, err, codes.InvalidArgument)
	field := ""
	for _, d := range st.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			field = bad.FieldViolations[0].Field
		}
	}
	if !strings.HasPrefix(st.Message(), field+": ") {
		t.Errorf("blames %q, and says %q", field, st.Message())
	}
	return field
}

// What is wrong is blamed on the field of that request, and a name that no topic can have is not only told to be missing.
func TestErrorsNameTheFieldOfTheirRequest(t *testing.T) {
	s := start(t, nil)
	s.publish("t", time.Minute, "x")
	conn, ctx := s.dial(), t.Context()
	topics, kept := lingerv1.NewTopicServiceClient(conn), lingerv1.NewRetainedServiceClient(conn)
	at := func(seconds int64) *timestamppb.Timestamp { return &timestamppb.Timestamp{Seconds: seconds} }
	list := func(in *lingerv1.ListMessagesRequest) error {
		in.Pattern = "t"
		_, err := kept.ListMessages(ctx, in)
		return err
	}
	first := func(recv func() error, err error) error {
		if err != nil {
			return err
		}
		return recv()
	}
	subscribe := func(patterns ...string) error {
		stream, err := lingerv1.NewSubscribeServiceClient(conn).Subscribe(ctx, coversAll(patterns...))
		return first(func() error { _, err := stream.Recv(); return err }, err)
	}
	watch := func(scopes ...string) error {
		stream, err := lingerv1.NewWatchServiceClient(conn).Watch(ctx, &lingerv1.WatchRequest{Scopes: scopes})
		return first(func() error { _, err := stream.Recv(); return err }, err)
	}
	for _, name := range []string{"two words", "", "a..b"} {
		_, create := topics.CreateTopic(ctx, &lingerv1.CreateTopicRequest{Name: name})
		_, get := topics.GetTopic(ctx, &lingerv1.GetTopicRequest{Name: name})
		_, set := topics.SetTopicPolicy(ctx, &lingerv1.SetTopicPolicyRequest{Name: name})
		_, remove := topics.DeleteTopic(ctx, &lingerv1.DeleteTopicRequest{Name: name})
		_, message := kept.GetMessage(ctx, &lingerv1.GetMessageRequest{Topic: name, Sequence: 1})
		_, extend := kept.SetExpireTime(ctx, &lingerv1.SetExpireTimeRequest{Topic: name, Sequence: 1, ExpireTime: at(1)})
		_, end := kept.DeleteMessage(ctx, &lingerv1.DeleteMessageRequest{Topic: name, Sequence: 1})
		for i, err := range []error{create, get, set, remove} {
			if field := blamed(t, err); field != "name" {
				t.Errorf("%q, call %d on a topic: blames %q", name, i, field)
			}
		}
		for i, err := range []error{message, extend, end} {
			if field := blamed(t, err); field != "topic" {
				t.Errorf("%q, call %d on a message: blames %q", name, i, field)
			}
		}
	}
	for want, err := range map[string]error{
		"patterns":         subscribe("a b"),
		"patterns[1]":      subscribe("a", "a b"),
		"scopes[0]":        watch("a b"),
		"scopes[2]":        watch("a", ">", ""),
		"min_sequence":     list(&lingerv1.ListMessagesRequest{MinSequence: 2, MaxSequence: 1}),
		"min_publish_time": list(&lingerv1.ListMessagesRequest{MinPublishTime: at(9), MaxPublishTime: at(9)}),
		"min_expire_time":  list(&lingerv1.ListMessagesRequest{MinExpireTime: at(9), MaxExpireTime: at(9)}),
	} {
		if field := blamed(t, err); field != want {
			t.Errorf("blames %q, want %q", field, want)
		}
	}
	for _, in := range []*lingerv1.ListMessagesRequest{
		{MinSequence: 1, MaxSequence: 1}, {MinSequence: 5}, {MaxSequence: 5}, {MinExpireTime: at(9), MaxExpireTime: at(10)}, {MaxExpireTime: at(1)},
	} {
		if err := list(in); err != nil {
			t.Errorf("%v: %v", in, err)
		}
	}
}

func TestTopics(t *testing.T) {
	s := start(t, nil)
	c := lingerv1.NewTopicServiceClient(s.dial())
	ctx := t.Context()
	created, err := c.CreateTopic(ctx, &lingerv1.CreateTopicRequest{Name: "a.b", Policy: &lingerv1.TopicPolicy{
		TtlMax: durationpb.New(time.Hour), OutOfPolicy: lingerv1.OutOfPolicy_OUT_OF_POLICY_REJECT,
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := created.Topic.Policy
	if p.TtlMax.AsDuration() != time.Hour || p.TtlMin.AsDuration() != time.Millisecond || p.TtlDefault.AsDuration() != 10*time.Minute ||
		p.OutOfPolicy != lingerv1.OutOfPolicy_OUT_OF_POLICY_REJECT || created.Topic.Durability != lingerv1.Durability_DURABILITY_MEMORY {
		t.Errorf("created %v", created)
	}
	_, err = c.CreateTopic(ctx, &lingerv1.CreateTopicRequest{Name: "a.b"})
	wantCode(t, err, codes.AlreadyExists)
	_, err = c.CreateTopic(ctx, &lingerv1.CreateTopicRequest{Name: "c", Durability: lingerv1.Durability_DURABILITY_FSYNCED})
	wantCode(t, err, codes.FailedPrecondition)
	_, err = c.CreateTopic(ctx, &lingerv1.CreateTopicRequest{Name: "c", Policy: &lingerv1.TopicPolicy{TtlMin: durationpb.New(-1)}})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.GetTopic(ctx, &lingerv1.GetTopicRequest{Name: "nowhere"})
	wantCode(t, err, codes.NotFound)

	for _, name := range []string{"a.c", "a.d", "z"} {
		s.publish(name, time.Minute, "x")
	}
	var names []string
	in := &lingerv1.ListTopicsRequest{Pattern: "a.*", PageSize: 2}
	for {
		page, err := c.ListTopics(ctx, in)
		if err != nil || page.Total != 3 {
			t.Fatal(page, err)
		}
		for _, topic := range page.Topics {
			names = append(names, topic.Name)
		}
		if in.PageToken = page.NextPageToken; in.PageToken == "" {
			break
		}
	}
	if !slices.Equal(names, []string{"a.b", "a.c", "a.d"}) {
		t.Errorf("listed %q", names)
	}
	_, err = c.ListTopics(ctx, &lingerv1.ListTopicsRequest{PageToken: "!"})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.ListTopics(ctx, &lingerv1.ListTopicsRequest{PageSize: 1001})
	wantCode(t, err, codes.InvalidArgument)

	set, err := c.SetTopicPolicy(ctx, &lingerv1.SetTopicPolicyRequest{Name: "a.b", Policy: &lingerv1.TopicPolicy{TtlDefault: durationpb.New(time.Second)}})
	if err != nil || set.Topic.Policy.TtlDefault.AsDuration() != time.Second || set.Topic.Policy.TtlMax.AsDuration() != 7*24*time.Hour {
		t.Errorf("set %v, %v", set, err)
	}
	deleted, err := c.DeleteTopic(ctx, &lingerv1.DeleteTopicRequest{Name: "z"})
	if err != nil || deleted.Deleted != 1 {
		t.Errorf("deleted %v, %v", deleted, err)
	}
}

func TestRetained(t *testing.T) {
	s := start(t, nil)
	c := lingerv1.NewRetainedServiceClient(s.dial())
	ctx := t.Context()
	s.publish("t", time.Hour, "one", "zwölf", "three")
	s.publish("t", time.Minute, "four")

	var got []string
	in := &lingerv1.ListMessagesRequest{Pattern: "t", PageSize: 3, PreviewBytes: 3, Order: lingerv1.ListOrder_LIST_ORDER_EXPIRE_TIME}
	for {
		page, err := c.ListMessages(ctx, in)
		if err != nil || page.Retained != 4 {
			t.Fatal(page, err)
		}
		for _, m := range page.Messages {
			got = append(got, string(m.Message.Data))
		}
		if in.PageToken = page.NextPageToken; in.PageToken == "" {
			break
		}
	}
	if !slices.Equal(got, []string{"fou", "one", "zw", "thr"}) { // cut at a character
		t.Errorf("by deadline: %q", got)
	}
	got = nil
	for in := (&lingerv1.ListMessagesRequest{Pattern: ">", PageSize: 3, Order: lingerv1.ListOrder_LIST_ORDER_NEWEST}); ; {
		page, err := c.ListMessages(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			got = append(got, string(m.Message.Data))
		}
		if in.PageToken = page.NextPageToken; in.PageToken == "" {
			break
		}
	}
	if !slices.Equal(got, []string{"four", "three", "zwölf", "one"}) {
		t.Errorf("newest first: %q", got)
	}
	all, err := c.ListMessages(ctx, &lingerv1.ListMessagesRequest{Pattern: "t", MinPublishTime: timestamppb.New(time.UnixMilli(1))})
	if err != nil || all.RetainedWithin != 4 || len(all.Messages) != 4 {
		t.Errorf("published since 1970: %v, %v", all, err)
	}
	page, err := c.ListMessages(ctx, &lingerv1.ListMessagesRequest{Pattern: "t", PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ListMessages(ctx, &lingerv1.ListMessagesRequest{Pattern: ">", PageToken: page.NextPageToken})
	wantCode(t, err, codes.InvalidArgument) // a token of another request
	_, err = c.ListMessages(ctx, &lingerv1.ListMessagesRequest{Pattern: "nowhere"})
	wantCode(t, err, codes.NotFound)

	m, err := c.GetMessage(ctx, &lingerv1.GetMessageRequest{Topic: "t", Sequence: 2})
	if err != nil || string(m.GetRetained().GetMessage().GetData()) != "zwölf" || m.GetRetained().GetDataSize() != 6 {
		t.Fatalf("%v, %v", m, err)
	}
	until := timestamppb.New(m.GetRetained().ExpireTime.AsTime().Add(time.Hour))
	set, err := c.SetExpireTime(ctx, &lingerv1.SetExpireTimeRequest{Topic: "t", Sequence: 2, ExpireTime: until, ExpectedExpireTime: m.GetRetained().ExpireTime})
	if err != nil || !set.ExpireTime.AsTime().Equal(until.AsTime()) || set.TimeLeft.AsDuration() < 119*time.Minute {
		t.Errorf("extended: %v, %v", set, err)
	}
	another := timestamppb.New(until.AsTime().Add(-time.Minute))
	_, err = c.SetExpireTime(ctx, &lingerv1.SetExpireTimeRequest{Topic: "t", Sequence: 2, ExpireTime: another, ExpectedExpireTime: timestamppb.New(time.Unix(5, 0))})
	wantCode(t, err, codes.FailedPrecondition)
	_, err = c.SetExpireTime(ctx, &lingerv1.SetExpireTimeRequest{Topic: "t", Sequence: 2})
	wantCode(t, err, codes.InvalidArgument)
	if _, err = c.DeleteMessage(ctx, &lingerv1.DeleteMessageRequest{Topic: "t", Sequence: 2}); err != nil {
		t.Fatal(err)
	}
	m, err = c.GetMessage(ctx, &lingerv1.GetMessageRequest{Topic: "t", Sequence: 2})
	if err != nil || m.GetEnded().GetReason() != lingerv1.EndReason_END_REASON_DELETED || m.GetEnded().Topic != "t" || m.GetEnded().Sequence != 2 {
		t.Errorf("ended: %v, %v", m, err)
	}
	_, err = c.DeleteMessage(ctx, &lingerv1.DeleteMessageRequest{Topic: "t", Sequence: 2})
	st := wantCode(t, err, codes.FailedPrecondition)
	told := false
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			told = info.Metadata["reason"] == "END_REASON_DELETED" && info.Metadata["end_time"] != ""
		}
	}
	if !told {
		t.Errorf("how it ended is not in the details: %v", st.Details())
	}
	_, err = c.GetMessage(ctx, &lingerv1.GetMessageRequest{Topic: "t", Sequence: 99})
	wantCode(t, err, codes.NotFound)
	_, err = c.GetMessage(ctx, &lingerv1.GetMessageRequest{Topic: "t"})
	wantCode(t, err, codes.InvalidArgument)
}

func TestWatch(t *testing.T) {
	s := start(t, nil)
	s.publish("t", time.Minute, "before")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := lingerv1.NewWatchServiceClient(s.dial()).Watch(ctx, &lingerv1.WatchRequest{Recent: 5, PreviewBytes: 4})
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil || first.Hello.GetVersion() != "1.2.3-test" || first.Hello.Watchers != 1 || first.Hello.Server == "" || first.Hello.Store == "" {
		t.Fatalf("hello %v, %v", first, err)
	}
	seen := map[string]bool{}
	var stats *lingerv1.ScopeStats
	var numbers *lingerv1.ServerStats
	for published := false; !seen["befo"] || !seen["afte"] || stats.GetStats().GetPublished() != 2 || numbers.GetTopics() != 1; {
		if seen["befo"] && !published {
			s.publish("t", time.Minute, "after")
			published = true
		}
		m, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Previews {
			seen[string(p.Message.Message.Data)] = true
			if p.Recent != (string(p.Message.Message.Data) == "befo") {
				t.Errorf("preview %v", p)
			}
		}
		if len(m.Stats) > 0 {
			stats, numbers = m.Stats[0], m.Server
		}
	}
	if drift := numbers.ClockDriftMs; drift < -1000 || drift > 1000 || numbers.Exposed {
		t.Errorf("server's numbers %v", numbers)
	}
	for _, in := range []*lingerv1.WatchRequest{{Scopes: make([]string, 17)}, {PreviewsPerSecond: 31}, {PreviewBytes: 2000}, {Recent: 101}, {Scopes: []string{"a b"}}} {
		stream, err := lingerv1.NewWatchServiceClient(s.dial()).Watch(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = stream.Recv()
		wantCode(t, err, codes.InvalidArgument)
	}
}

func TestHealthAndReflection(t *testing.T) {
	s := start(t, nil)
	conn := s.dial()
	for _, name := range []string{"", "linger.v1.PublishService", "rpc_package.pubsub"} {
		h, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: name})
		if err != nil || h.Status != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", name, h, err)
		}
	}
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		if err := stream.Send(r); err != nil {
			t.Fatal(err)
		}
		m, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	list := ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
	var names []string
	for _, service := range list.GetListServicesResponse().Service {
		names = append(names, service.Name)
		file := ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service.Name}})
		if file.GetErrorResponse() != nil {
			t.Errorf("%s: %v", service.Name, file.GetErrorResponse())
		}
	}
	for _, want := range []string{
		"linger.v1.PublishService", "linger.v1.SubscribeService", "linger.v1.TopicService",
		"linger.v1.RetainedService", "linger.v1.WatchService", "rpc_package.pubsub", "grpc.health.v1.Health",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not listed among %q", want, names)
		}
	}
}

// Responses are bounded, whatever the messages are like: 256 KiB and one message, and below what stock clients accept.
func TestResponsesAreBounded(t *testing.T) {
	s := start(t, nil)
	p := s.openStream(producer, 0)
	request := uint64(0)
	fill := func(topic string, size, messages, each int) {
		for range messages / each {
			request++
			b := batch(topic, time.Minute)
			for range each {
				b.Messages = append(b.Messages, &lingerv1.Message{Data: make([]byte, size)})
			}
			p.send(&lingerv1.PublishRequest{Request: request, Batches: []*lingerv1.Batch{b}})
			if m := p.recv(); m.Results[0].Error != nil {
				t.Fatal(m.Results[0].Error)
			}
		}
	}
	const name = "t.long" // many short runs: headers outweigh messages
	long := name + strings.Repeat("g", 200)
	fill("t.large", 1<<20, 4, 1)
	fill("t.small", 100, 10_000, 5000)
	fill(long, 0, 3000, 1)
	for topic, want := range map[string]int{"t.large": 4, "t.small": 10_000, long: 3000} {
		stream, err := lingerv1.NewSubscribeServiceClient(s.dial()).Subscribe(t.Context(), coversAll(topic))
		if err != nil {
			t.Fatal(err)
		}
		for got := 0; got < want; {
			m, err := stream.Recv()
			if err != nil {
				t.Fatalf("%s after %d: %v", topic, got, err)
			}
			bodies, largest := 0, 0
			for _, run := range m.Runs {
				got += len(run.Messages)
				for _, message := range run.Messages {
					bodies += proto.Size(message)
					largest = max(largest, proto.Size(message))
				}
			}
			if size := proto.Size(m); bodies > 256<<10+largest || size > 4<<20 {
				t.Errorf("%s: a response of %d bytes with %d bytes of messages", topic, size, bodies)
			}
		}
	}
}

// Now or never: given to who listens, never listed, and told to be memory.
func TestNowOrNever(t *testing.T) {
	s := start(t, nil)
	sub := s.subscribe(coversAll("t"))
	sub.untilCaughtUp()
	result := s.publish("t", 0, "blink")
	if !result.ExpireTime.AsTime().Equal(result.PublishTime.AsTime()) || result.Durability != lingerv1.Durability_DURABILITY_MEMORY {
		t.Errorf("answer %v", result)
	}
	if got := sub.texts(1); got[0] != "blink" {
		t.Errorf("got %q", got)
	}
	list, err := lingerv1.NewRetainedServiceClient(s.dial()).ListMessages(t.Context(), &lingerv1.ListMessagesRequest{Pattern: "t"})
	if err != nil || len(list.Messages) != 0 {
		t.Errorf("listed %v, %v", list, err)
	}
}
