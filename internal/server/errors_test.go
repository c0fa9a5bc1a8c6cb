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
