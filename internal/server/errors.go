package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"linger/broker"
)

// errStopping ends streams when the server stops.
var errStopping = errors.New("server stopping")

// errTakenOver ends a publish stream whose producer opened another one.
var errTakenOver = errors.New("another stream was opened with this producer_id")

// outcome is how an error is told: the code for programs, the reason for those that look closer, the status for HTTP.
type outcome struct {
	err    error
	code   codes.Code
	reason string // of ErrorInfo, domain "linger"
	http   int
}

// outcomes is the table of all errors that may be shown. What is not in it is internal: logged with an id, never shown.
var outcomes = []outcome{
	{broker.ErrInvalid, codes.InvalidArgument, "INVALID", http.StatusBadRequest},
	{broker.ErrTTLRejected, codes.InvalidArgument, "TTL_REJECTED", http.StatusBadRequest},
	{broker.ErrBadToken, codes.InvalidArgument, "BAD_TOKEN", http.StatusBadRequest},
	{broker.ErrTopicNotFound, codes.NotFound, "NO_SUCH_TOPIC", http.StatusNotFound},
	{broker.ErrNoMessage, codes.NotFound, "NO_SUCH_MESSAGE", http.StatusNotFound},
	{broker.ErrTopicExists, codes.AlreadyExists, "TOPIC_EXISTS", http.StatusConflict},
	{broker.ErrDurability, codes.FailedPrecondition, "DURABILITY", http.StatusConflict},
	{broker.ErrEnded, codes.FailedPrecondition, "ENDED", http.StatusGone},
	{broker.ErrDeadlinePassed, codes.FailedPrecondition, "DEADLINE_PASSED", http.StatusGone},
	{broker.ErrConflict, codes.FailedPrecondition, "CONFLICT", http.StatusConflict},
	{broker.ErrReadOnly, codes.FailedPrecondition, "READ_ONLY", http.StatusServiceUnavailable},
	{broker.ErrOutOfOrder, codes.FailedPrecondition, "OUT_OF_ORDER", http.StatusConflict},
	{broker.ErrFull, codes.ResourceExhausted, "FULL", http.StatusInsufficientStorage},
	{broker.ErrTooManyTopics, codes.ResourceExhausted, "TOO_MANY_TOPICS", http.StatusInsufficientStorage},
	{broker.ErrTooSlow, codes.ResourceExhausted, "TOO_SLOW", http.StatusServiceUnavailable},
	{broker.ErrUnknownOutcome, codes.Unavailable, "UNKNOWN_OUTCOME", http.StatusServiceUnavailable},
	{broker.ErrStopped, codes.Unavailable, "STOPPING", http.StatusServiceUnavailable},
	{errStopping, codes.Unavailable, "STOPPING", http.StatusServiceUnavailable},
	{errRecovering, codes.Unavailable, "RECOVERING", http.StatusServiceUnavailable},
	{errNothingStored, codes.FailedPrecondition, "NOTHING_STORED", http.StatusConflict},
	{errBackupUnderWay, codes.FailedPrecondition, "BACKUP_UNDER_WAY", http.StatusConflict},
	{errTakenOver, codes.Aborted, "TAKEN_OVER", http.StatusConflict},
	{context.Canceled, codes.Canceled, "CANCELED", http.StatusServiceUnavailable},
	{context.DeadlineExceeded, codes.DeadlineExceeded, "DEADLINE", http.StatusGatewayTimeout},
}

func lookUp(err error) (outcome, bool) {
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o, true
		}
	}
	return outcome{code: codes.Internal, http: http.StatusInternalServerError}, false
}

// invalid is an error of a request's own making, in the broker's terms.
func invalid(field, format string, args ...any) error {
	return &broker.Error{Err: broker.ErrInvalid, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// problems tells errors to clients and keeps the rest for the log. Safe for concurrent use.
type problems struct {
	log *slog.Logger
}

// grpc is err as a method returns it. nil and statuses pass through.
func (p problems) grpc(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return p.status(err).Err()
}

// proto is err as a batch's result carries it.
func (p problems) proto(err error) *statuspb.Status {
	if err == nil {
		return nil
	}
	return p.status(err).Proto()
}

func (p problems) status(err error) *status.Status {
	o, ok := lookUp(err)
	if !ok {
		return status.New(codes.Internal, "internal error, logged as "+p.hide(err))
	}
	if errors.Is(err, broker.ErrStopped) || errors.Is(err, errStopping) {
		return status.New(o.code, errStopping.Error())
	}
	st := status.New(o.code, err.Error())
	// Context errors are the caller's own doing and carry nothing more.
	if o.code == codes.Canceled || o.code == codes.DeadlineExceeded {
		return st
	}
	if detailed, err := st.WithDetails(details(o, err)...); err == nil {
		return detailed
	}
	return st
}

// hide logs an error that clients may not see and gives the id that they see instead.
func (p problems) hide(err error) string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	id := hex.EncodeToString(b[:])
	p.log.Error("internal error", "id", id, "error", err)
	return id
}

func details(o outcome, err error) []protoadapt.MessageV1 {
	info := &errdetails.ErrorInfo{Reason: o.reason, Domain: "linger"}
	list := []protoadapt.MessageV1{info}
	var e *broker.Error
	if !errors.As(err, &e) {
		return list
	}
	info.Metadata = e.Values
	switch {
	case o.code == codes.InvalidArgument && e.Field != "":
		list = append(list, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: e.Field, Description: e.Detail, Reason: o.reason},
		}})
	case o.code == codes.FailedPrecondition:
		list = append(list, &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: o.reason, Subject: e.Field, Description: e.Error()},
		}})
	case e.RetryAfter > 0:
		list = append(list, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	if e.Ended != nil {
		info.Metadata = endedMetadata(e)
	}
	return list
}

// endedMetadata tells programs which message ended, and how, in ErrorInfo's flat form.
func endedMetadata(err *broker.Error) map[string]string {
	e := err.Ended
	m := map[string]string{"reason": endReason(e.Reason).String(), "deliveries": fmt.Sprint(e.Deliveries)}
	maps.Copy(m, err.Values)
	if e.EndTime != 0 {
		m["end_time"] = jsonInstant(e.EndTime)
	}
	if e.PublishTime != 0 {
		m["publish_time"] = jsonInstant(e.PublishTime)
	}
	return m
}

// retryAfter is what an HTTP response says in Retry-After: whole seconds, rounded up; 0: nothing to say.
func retryAfter(err error) int {
	var e *broker.Error
	if !errors.As(err, &e) || e.RetryAfter <= 0 {
		return 0
	}
	return int((e.RetryAfter + time.Second - 1) / time.Second)
}

// retryIn says in a response when to come again, where that is known.
func retryIn(w http.ResponseWriter, err error) {
	if s := retryAfter(err); s > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(s))
	}
}
