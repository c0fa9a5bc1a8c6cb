package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"linger/broker"
	"linger/web/texts"
)

// What the table does not know is never shown, but can be found in the log.
func TestUnknownErrorsAreHidden(t *testing.T) {
	var log bytes.Buffer
	p := problems{slog.New(slog.NewTextHandler(&log, nil))}
	st := status.Convert(p.grpc(errors.New("the password is swordfish")))
	id := strings.TrimPrefix(st.Message(), "internal error, logged as ")
	if st.Code() != codes.Internal || strings.Contains(st.Message(), "swordfish") || len(id) != 12 {
		t.Errorf("shown: %v", st)
	}
	if !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "swordfish") {
		t.Errorf("logged: %s", &log)
	}
}

func TestErrorDetails(t *testing.T) {
	p := problems{slog.New(slog.DiscardHandler)}
	full := fmt.Errorf("wrapped: %w", &broker.Error{Err: broker.ErrFull, Field: "topic", Detail: "full.", RetryAfter: 1500 * time.Millisecond})
	st := status.Convert(p.grpc(full))
	if st.Code() != codes.ResourceExhausted {
		t.Errorf("%v", st)
	}
	var retry time.Duration
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			retry = info.RetryDelay.AsDuration()
		}
	}
	if retry != 1500*time.Millisecond || retryAfter(full) != 2 {
		t.Errorf("retry after %v, %d s", retry, retryAfter(full))
	}
	stopped := status.Convert(p.grpc(&broker.Error{Err: broker.ErrStopped, Detail: "whatever"}))
	if stopped.Code() != codes.Unavailable || stopped.Message() != "server stopping" {
		t.Errorf("%v", stopped)
	}
	if p.grpc(nil) != nil || p.proto(nil) != nil {
		t.Error("no error became one")
	}
}

func TestCutData(t *testing.T) {
	for _, c := range []struct {
		data string
		n    int
		want string
	}{
		{"short", 10, "short"},
		{"exactly", 7, "exactly"},
		{"abcdef", 3, "abc"},
		{"zwölf", 3, "zw"},
		{"日本語", 4, "日"},
		{"\xff\xfe\xfd\xfc", 2, "\xff\xfe"},
		{"\x80\x80\x80\x80\x80", 4, "\x80\x80\x80\x80"},
		{"日", 1, ""},
	} {
		if got := string(cutData([]byte(c.data), c.n)); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.data, c.n, got, c.want)
		}
	}
}

// In Chinese the common errors have no English in them; what the broker alone can say stands in brackets. In English nothing
// but what the broker says is said.
func TestSaidInChinese(t *testing.T) {
	policy := map[string]string{"topic": "t", "min": "1000", "max": "60000", "asked": "3600000"}
	full := map[string]string{"topic": "t", "used": "3", "limit": "3", "unit": "messages"}
	for _, c := range []struct {
		err  error
		want string
	}{
		{broker.ValidateTopic("a b"), "第 2 个字符是空格。"},
		{broker.ValidateTopic("a\u200bb"), "第 2 个字符是U+200B。"},
		{broker.ValidateTopic("a.é!"), "第 4 个字符是“!”。"},
		{broker.ValidateTopic("a..b"), "第 3 个字符处的一段是空的。"},
		{broker.ValidateTopic("_a"), "名称以 _ 开头；"},
		{broker.ValidateTopic(""), "名称为空。"},
		{broker.ValidateTopic(strings.Repeat("a", 300)), "名称有 300 字节，最多 255 字节。"},
		{broker.ValidatePattern("a b.*"), "第 2 个字符是空格。"},
		{&broker.Error{Err: broker.ErrTTLRejected, Detail: "…", Values: policy}, "“t”允许的保留时间为 1 秒 至 1 分钟，不能是 1 小时。"},
		{&broker.Error{Err: broker.ErrTopicNotFound, Detail: "…", Values: map[string]string{"topic": "t"}}, "没有主题“t”。"},
		{&broker.Error{Err: broker.ErrFull, Detail: "…", Values: full, RetryAfter: 12300 * time.Millisecond}, "“t”已满：已保留 3 条消息，上限为 3 条。12 秒 后有空间。"},
		{broker.ValidateTopic("cafe\u0301"), "名称不是 Unicode 的组合形式（NFC），虽然看起来可能一样。请写成“café”。"},
		{valued(broker.ErrTTLRejected, "topic=t max=3600000 sequence=4 latest=1795357927000"), "“t”最长保留 1 小时；这条消息最晚可保留到 2026-11-22 14:32:07 UTC。"},
		{valued(broker.ErrDeadlinePassed, "topic=t expires=1795357927000"), "2026-11-22 14:32:07 UTC 已过，"},
		{valued(broker.ErrConflict, "sequence=4 expires=1795357927000"), "#4 的期限已改为 2026-11-22 14:32:07 UTC。"},
		{valued(broker.ErrNoMessage, "topic=t sequence=4 last=3"), "还没有 #4；最后一条是 #3。"},
		{valued(broker.ErrEnded, "topic=t sequence=4"), "#4 已结束；Linger 已没有它如何结束的记录。"},
		{&broker.Error{Err: broker.ErrEnded, Detail: "…", Values: map[string]string{"sequence": "4"}, Ended: &broker.Ended{
			Reason: broker.Evicted, EndTime: 1795357927000, Deliveries: 2,
		}}, "#4 于 2026-11-22 14:32:07 UTC 被淘汰，送达 2 个订阅。"},
		{valued(broker.ErrReadOnly, "store=data cause=EIO"), "data 所在的磁盘出错（EIO）："},
		{valued(errRecovering, "percent=34"), "服务器正在恢复：存储已读完 34%，"},
		{valued(errRecovering, ""), "服务器正在恢复：正在打开存储，"},
		{valued(broker.ErrTooManyTopics, "topics=100000"), "服务器已有 100000 个主题，"},
		{valued(broker.ErrFull, "unit=memory used=1000000 limit=1000000"), "服务器内存已满：已用 1.0 MB，上限 1.0 MB（--memory）。"},
		{valued(broker.ErrFull, "unit=memory needed=2000000 limit=1000000"), "2.0 MB 超过服务器的内存上限 1.0 MB"},
		{valued(broker.ErrFull, "unit=disk used=1000000 limit=1000000 free=5000000"), "存储已满：已用 1.0 MB，上限 1.0 MB（--disk），磁盘剩余 5.0 MB。"},
		{valued(broker.ErrFull, "topic=t needed=5 limit=3 unit=messages"), "一批 5 条消息放不进“t”，它最多保留 3 条。"},
		{&broker.Error{Err: broker.ErrFull, Detail: "no room."}, "已达到上限（No room.）。"},
		{valued(broker.ErrTTLRejected, "topic=t asked=-5000 default=600000"), "保留时间不能是负数。请填 1 毫秒以上；0 表示只给此刻的订阅者；不填则为默认值 10 分钟。"},
		{valued(broker.ErrConflict, "topic=t last=7 first=4"), "“t”已经到了 #7，不能再给出 #4。"},
		{valued(broker.ErrTopicExists, "topic=t"), "“t”已经存在。"},
		{valued(broker.ErrTopicNotFound, "topic=t auto_create=no"), "没有主题“t”，而这里不会因发布而新建主题（--no-auto-create）。"},
		{valued(broker.ErrInvalid, "max=172800000 ceiling=86400000"), "2 天 超过了服务器的上限 1 天；"},
		{valued(broker.ErrInvalid, "default=1000 min=5000 max=60000"), "默认值 1 秒 不在 5 秒 至 1 分钟 之间。"},
		{valued(broker.ErrInvalid, "min=60000 max=5000"), "下限 1 分钟 大于上限 5 秒。"},
		{valued(broker.ErrUnknownOutcome, ""), "不知道存储是否已经收下，"},
	} {
		text := said(texts.Chinese, c.err)
		if !strings.HasPrefix(text, c.want) {
			t.Errorf("%v is said as %q", c.err, text)
		}
		var e *broker.Error
		if errors.As(c.err, &e); said(texts.English, c.err) != sentence(e.Detail) && !ofServer(e) {
			t.Errorf("%q in English", said(texts.English, c.err))
		}
	}
	memory := said(texts.English, valued(broker.ErrFull, "unit=memory used=1000000 limit=1000000"))
	if memory != "The server's memory is full: 1.0 MB of 1.0 MB (--memory)." {
		t.Errorf("a full memory is told as %q", memory)
	}
}

func TestStoreSaidInChinese(t *testing.T) {
	full := broker.LogStats{Bytes: 1_000_000, Limit: 1_000_000, Free: 5_000_000, Health: broker.ErrFull}
	failed := broker.LogStats{Health: valued(broker.ErrReadOnly, "store=data cause=EIO")}
	damaged := broker.LogStats{Health: valued(broker.ErrDamaged, "store=data cause=commit")}
	for want, st := range map[string]broker.LogStats{
		"": {}, "存储快满了：已用 950 kB，上限 1.0 MB。": {Bytes: 950_000, Limit: 1_000_000},
		"存储已满：已用 1.0 MB，上限 1.0 MB（--disk），磁盘剩余 5.0 MB。": full, "data 所在的磁盘出错（EIO）：": failed,
		"data 中有损坏的内容，这部分不再提供，其余正常（commit）。请停止服务器，再运行 linger verify data --repair": damaged,
	} {
		if got := storeView(texts.Chinese, st).Problem; !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%v is said as %q, want %q", st, got, want)
		}
	}
}

// valued is an error with values, as in "sequence=4 last=3".
func valued(err error, values string) error {
	e := &broker.Error{Err: err, Detail: "…", Values: map[string]string{}}
	for _, value := range strings.Fields(values) {
		name, value, _ := strings.Cut(value, "=")
		e.Values[name] = value
	}
	return e
}
