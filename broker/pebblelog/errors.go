package pebblelog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// ErrInUse is returned when another process has the directory.
var ErrInUse = errors.New("the directory is in use")

// FormatError is returned when another version of this package wrote the directory.
type FormatError struct {
	Format, Known int // the directory's, and the one that is known here
}

func (e *FormatError) Error() string {
	what := "start a newer server"
	if e.Format < e.Known {
		what = "start the server that wrote it"
	}
	return fmt.Sprintf("the directory was written in format %d, and %d is the one that is known here: %s, or export with that and import here", e.Format, e.Known, what)
}

// CorruptionError is returned when something stored is not what was stored. It is never served.
type CorruptionError struct {
	File     string         // where, when that is known
	Topic    broker.TopicID // 0 when it concerns none
	Name     string         // of the topic, where that is known
	Position uint64         // of the run's commit
	Err      error
}

func (e *CorruptionError) Error() string {
	var b strings.Builder
	b.WriteString("damaged")
	topic := e.Name
	if topic == "" && e.Topic != 0 {
		topic = fmt.Sprintf("number %d", e.Topic)
	}
	switch {
	case e.Position != 0 && topic != "":
		fmt.Fprintf(&b, ": commit %d of topic %s", e.Position, topic)
	case e.Position != 0:
		fmt.Fprintf(&b, ": commit %d", e.Position)
	case topic != "":
		fmt.Fprintf(&b, ": topic %s", topic)
	}
	if e.File != "" {
		fmt.Fprintf(&b, " in %s", e.File)
	}
	return b.String() + ": " + oneLine(e.Err)
}

// advised says what to do about damage that a running log met.
func (l *Log) advised(e *CorruptionError) error {
	return &broker.Error{
		Err: e, Detail: fmt.Sprintf("%v. Stop the server, then run linger verify %s --repair, which keeps what can be read", e, l.options.Dir),
		Values: map[string]string{"store": l.options.Dir, "cause": e.Error()},
	}
}

// Is makes it a [broker.ErrDamaged].
func (e *CorruptionError) Is(target error) bool { return target == broker.ErrDamaged }

// Unwrap gives the cause.
func (e *CorruptionError) Unwrap() error { return e.Err }

// corruption dresses an error of Pebble's that tells of damage; others it gives back as they are.
func corruption(err error) error {
	var dressed *CorruptionError
	if err == nil || errors.As(err, &dressed) || !isDamage(err) {
		return err
	}
	e := &CorruptionError{Err: err}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		e.File = info.Path
	}
	return e
}

func isDamage(err error) bool { return pebble.IsCorruptionError(err) }
