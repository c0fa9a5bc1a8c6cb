package client

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	// ErrOutcomeUnknown is reported for messages that were sent and not answered, when nobody can tell any more whether
	// the server took them. They are not sent again: that could publish them twice.
	ErrOutcomeUnknown = errors.New("outcome unknown: sent, but not answered")
	// ErrNotSent is reported for messages that never left this program. Publishing them again is safe.
	ErrNotSent = errors.New("not sent")
	// ErrClosed is returned by Publish on a publisher that was closed.
	ErrClosed = errors.New("the publisher is closed")
	// ErrDetailsForgotten is reported for messages that the server did commit, so long ago that it no longer knows
	// their sequences and deadlines.
	ErrDetailsForgotten = errors.New("published, but the server no longer knows the details")
	// ErrNeighbourRefused is reported for messages that were not published because another one of their batch was
	// refused. Publishing them again is safe.
	ErrNeighbourRefused = errors.New("not published: another message of its batch was refused")
	// ErrDeadlinePassed is reported for messages that were to be published with a deadline that had passed when they came.
	ErrDeadlinePassed = errors.New("the deadline has passed")
	// ErrUnreachable is returned when the server could not be reached for as long as was allowed.
	ErrUnreachable = errors.New("cannot reach the server")
	// ErrNotFound is returned for a topic or message that does not exist.
	ErrNotFound = errors.New("not found")
	// ErrInvalid is returned for a request that can never succeed as it is.
	ErrInvalid = errors.New("invalid")
)

// errStalled ends a connection on which the server's heartbeats stay away.
var errStalled = errors.New("the server has gone silent")

// Reasons of the server's: its store cannot tell whether it committed something; a deadline that was asked has passed.
const (
	reasonUnknownOutcome = "UNKNOWN_OUTCOME"
	reasonDeadlinePassed = "DEADLINE_PASSED"
)

// Error is a refusal by the server, or by this package before sending.
type Error struct {
	// Code is the gRPC code.
	Code codes.Code
	// Message says for people what was refused, the limit, and the way out.
	Message string
	// Field names the field of the request that was wrong, as the API calls it. Empty: none or several.
	Field string
	// Reason is the machine-readable reason, such as "FULL". Empty: none was told.
	Reason string
	// Metadata goes with Reason: limits and values.
	Metadata map[string]string
	// RetryAfter is when trying again may succeed. Zero: unknown.
	RetryAfter time.Duration
}

// Error returns a readable sentence.
func (e *Error) Error() string {
	s := e.Message
	if s == "" {
		s = e.Code.String()
	}
	if e.RetryAfter > 0 && !strings.Contains(s, e.RetryAfter.String()) {
		s += fmt.Sprintf(" (try again in %s)", e.RetryAfter.Round(time.Millisecond))
	}
	return s
}

// Is lets errors.Is find the sentinels, and the errors of package context, by code.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Code == codes.NotFound
	case ErrInvalid:
		return e.Code == codes.InvalidArgument
	case ErrOutcomeUnknown:
		return e.Reason == reasonUnknownOutcome
	case ErrDeadlinePassed:
		return e.Reason == reasonDeadlinePassed
	case ErrUnreachable:
		return e.Code == codes.Unavailable
	case context.Canceled:
		return e.Code == codes.Canceled
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	}
	return false
}

// GRPCStatus lets status.FromError and status.Code understand an Error.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Message) }

func invalid(field, format string, args ...any) error {
	return &Error{Code: codes.InvalidArgument, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Explain turns an error of a call made over [Client.Conn] into an [*Error] with a readable sentence.
func (c *Client) Explain(err error) error { return c.rpcError(err) }

// rpcError turns what gRPC returned into an Error.
func (c *Client) rpcError(err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	e := statusError(st)
	if e.Code == codes.Unavailable {
		e.Message = unavailableSentence(c.addr, e.Message)
	}
	return e
}

// batchError turns the error of one batch into an Error. Where the batch stood in its request is this package's affair.
func batchError(st *spb.Status) error {
	if st == nil {
		return nil
	}
	e := statusError(status.FromProto(st))
	withoutBatch(e)
	return e
}

var batchField = regexp.MustCompile(`batches\[\d+\](\.messages\[\d+\])?(\.|: )`)

func withoutBatch(e *Error) {
	e.Message = batchField.ReplaceAllString(e.Message, "")
	e.Field = strings.TrimSuffix(batchField.ReplaceAllString(e.Field+": ", ""), ": ")
}

func statusError(st *status.Status) *Error {
	e := &Error{Code: st.Code(), Message: st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.BadRequest:
			addViolations(e, d.GetFieldViolations())
		case *errdetails.ErrorInfo:
			e.Reason, e.Metadata = d.GetReason(), d.GetMetadata()
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		case *errdetails.LocalizedMessage:
			e.Message = d.GetMessage()
		}
	}
	return e
}

// addViolations names the fields in the sentence, where the server's message does not already.
func addViolations(e *Error, violations []*errdetails.BadRequest_FieldViolation) {
	if len(violations) == 1 {
		e.Field = violations[0].GetField()
	}
	for _, v := range violations {
		if strings.Contains(e.Message, v.GetDescription()) {
			continue
		}
		e.Message += fmt.Sprintf("; %s: %s", v.GetField(), v.GetDescription())
	}
}

// unavailableSentence says in plain words what gRPC wraps in layers of its own.
func unavailableSentence(addr, msg string) string {
	const dialing = "Error while dialing: "
	if _, cause, ok := strings.Cut(msg, dialing); ok {
		cause = strings.Trim(cause, `"`)
		if i := strings.LastIndex(cause, ": "); i >= 0 {
			cause = cause[i+2:]
		}
		return fmt.Sprintf("no server answers at %s (%s)", addr, cause)
	}
	if _, cause, ok := strings.Cut(msg, "error reading server preface: "); ok {
		if strings.Contains(cause, "HTTP/1.1 header") {
			return fmt.Sprintf("what answers at %s does not speak gRPC but HTTP/1.1, as the dashboard does; gRPC is at port %s unless told otherwise", addr, defaultPort)
		}
		return fmt.Sprintf("what answers at %s does not speak gRPC (%s)", addr, strings.Trim(cause, `"`))
	}
	if strings.Contains(msg, "produced zero addresses") {
		return "no address is known for " + addr
	}
	if strings.Contains(msg, "error reading from server") || strings.Contains(msg, "transport is closing") {
		return fmt.Sprintf("the connection to %s was lost", addr)
	}
	return msg
}

// permanent says that trying again cannot help. Everything else is worth another connection.
func permanent(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.PermissionDenied, codes.Unauthenticated,
		codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented, codes.ResourceExhausted, codes.DataLoss:
		return true
	}
	return false
}
