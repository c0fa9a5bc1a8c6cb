package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"linger/client"
)

// Every field of a policy goes through an export and comes back: one that is added and forgotten there fails here.
func TestExportedPolicyIsWhole(t *testing.T) {
	var p client.TopicPolicy
	fields := reflect.ValueOf(&p).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); {
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.CanInt() && f.Type() == reflect.TypeFor[time.Duration]():
			f.SetInt(int64(i+1) * int64(time.Second))
		case f.CanInt():
			f.SetInt(int64(1))
		case f.CanUint():
			f.SetUint(uint64(i + 1))
		default:
			t.Fatalf("%s is of a kind that this test does not know", fields.Type().Field(i).Name)
		}
	}
	line, err := json.Marshal(jsonExportTopic{topicType, newJSONTopic(client.Topic{Name: "t", Policy: p})})
	if err != nil {
		t.Fatal(err)
	}
	var back jsonTopic
	if err := json.Unmarshal(line, &back); err != nil {
		t.Fatal(err)
	}
	if got, err := back.policy(); err != nil || got != p {
		t.Errorf("%s comes back as %+v, %v, was %+v", line, got, err, p)
	}
	none := client.TopicPolicy{MaxMessages: client.Unlimited, MaxBytes: client.Unlimited} // as a server tells it
	empty := newJSONTopic(client.Topic{Name: "t"})
	if got, err := empty.policy(); err != nil || got != none {
		t.Errorf("%+v, %v", got, err)
	}
	for _, rule := range []client.LimitRule{client.LimitDefault, client.LimitReject, client.LimitEvictOldest, client.LimitEvictSoonest} {
		j := newJSONTopic(client.Topic{Policy: client.TopicPolicy{AtLimit: rule}})
		if got, err := j.policy(); err != nil || got.AtLimit != rule {
			t.Errorf("%v comes back as %v, %v", rule, got.AtLimit, err)
		}
	}
	for _, wrong := range []jsonTopic{{OutOfPolicy: "maybe"}, {OutOfPolicy: "clamp", AtLimit: "explode"}} {
		if _, err := wrong.policy(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

// reportOf is what an import tells after a few lines were handed over, one a batch, and these outcomes came.
func reportOf(t *testing.T, f importFlags, outcomes ...client.Outcome) (summary jsonImport, stderr string, stopped bool, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	f.json = true
	r := newImportReport(&app{Env: Env{Stdout: &out, Stderr: &errs}}, f, func() { stopped = true })
	line := uint64(1)
	for _, o := range outcomes {
		for range o.Count {
			line++
			r.handOver(line, "t", false)
		}
	}
	for _, o := range outcomes {
		r.batch(o)
	}
	err = r.finish(nil, nil)
	if failed := json.Unmarshal(out.Bytes(), &summary); failed != nil {
		t.Fatal(failed)
	}
	return summary, errs.String(), stopped, err
}

func TestImportCounts(t *testing.T) {
	fine := client.Outcome{Count: 2, Failed: -1}
	lowered := client.Outcome{Count: 3, Failed: -1, Ack: client.Ack{Adjustment: client.LoweredToMaximum}}
	late := client.Outcome{Count: 1, Failed: -1, Err: &client.Error{Reason: "DEADLINE_PASSED"}}
	refused := client.Outcome{Count: 2, Failed: 1, Err: &client.Error{Message: "too long"}}
	unknown := client.Outcome{Count: 4, Failed: -1, Err: fmt.Errorf("%w: gone", client.ErrOutcomeUnknown)}
	notSent := client.Outcome{Count: 5, Failed: -1, Err: client.ErrNotSent}
	for _, c := range []struct {
		name      string
		keepGoing bool
		outcomes  []client.Outcome
		want      jsonImport
		says      string
		stops     bool
	}{
		{"fine", false, []client.Outcome{fine, lowered, late, fine}, jsonImport{Imported: 7, Lowered: 3, Expired: 1, AfterLine: 9, Whole: true}, "", false},
		{
			"refused", false,
			[]client.Outcome{fine, refused, fine},
			jsonImport{Imported: 4, Refused: 2, AfterLine: 3},
			"line 5 was refused (with lines 4 to 5, sent together): too long", true,
		},
		{"refused, going on", true, []client.Outcome{fine, refused, fine}, jsonImport{Imported: 4, Refused: 2, AfterLine: 7}, "2 refused, 0 of unknown outcome", false},
		{"unknown", true, []client.Outcome{fine, unknown, notSent}, jsonImport{Imported: 2, Unknown: 4, NotSent: 5, AfterLine: 3}, "--after 3 goes on behind it", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, stderr, stopped, err := reportOf(t, importFlags{keepGoing: c.keepGoing}, c.outcomes...)
			got.DurationInMs = 0
			if got != c.want || stopped != c.stops || !strings.Contains(stderr, c.says) || errors.Is(err, errReported) == c.want.Whole {
				t.Errorf("%+v, stopped %t, %v\n%swant %+v", got, stopped, err, stderr, c.want)
			}
		})
	}
}

// What runs ahead gives everything in order, ends with its source, and ends when its taker leaves.
func TestAhead(t *testing.T) {
	source := func(n int) func(func(int, error) bool) {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(-1, io.ErrUnexpectedEOF)
		}
	}
	for _, n := range []int{0, 1, aheadBy - 1, aheadBy, 5 * aheadBy} {
		next := 0
		var last error
		for i, err := range ahead(source(n)) {
			if err != nil {
				last = err
				continue
			}
			if i != next {
				t.Fatalf("%d after %d", i, next)
			}
			next++
		}
		if next != n || !errors.Is(last, io.ErrUnexpectedEOF) {
			t.Errorf("%d of %d, then %v", next, n, last)
		}
	}
	for i := range ahead(source(100 * aheadBy)) {
		if i == aheadBy+3 {
			break
		}
	}
}
