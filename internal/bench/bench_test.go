package bench_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"linger/client"
	"linger/internal/bench"
	pb "linger/proto/linger/v1"
)

func same(all []*pb.Message) []*pb.Message { return all }

// run runs the settings against a careless server, which must have no topic left afterwards.
func run(t *testing.T, c *careless, s bench.Settings) (r *bench.Result, err error) {
	t.Helper()
	withCareless(t, c, func(t *testing.T, dial func() (*client.Client, error)) {
		r, err = bench.New(s, dial).Run(t.Context())
		if len(c.topics) != 0 || c.deleted != s.Topics {
			t.Errorf("topics %v are left, %d deleted", c.topics, c.deleted)
		}
	})
	return r, err
}

func TestAServerThatDoesAsItShouldIsFoundToDoSo(t *testing.T) {
	s := replayed(1000)
	s.Topics = 1
	r, err := run(t, &careless{deliver: same}, s)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Counts; c.Published != 1000 || c.Delivered != 1000 || r.Wrong() != 0 || r.Interrupted {
		t.Errorf("%+v", c)
	}
	if r.Durability != client.Memory {
		t.Errorf("durability %v", r.Durability)
	}
	var names []string
	for _, row := range r.Rows {
		names = append(names, row.Name)
	}
	if want := []string{"ack", "replay", "first_message", "caught_up"}; !slices.Equal(names, want) {
		t.Errorf("measured %q, want %q", names, want)
	}
}

func TestWhatAServerDoesWrongIsCounted(t *testing.T) {
	for what, test := range map[string]struct {
		deliver func([]*pb.Message) []*pb.Message
		want    bench.Counts
	}{
		"lost": {
			func(all []*pb.Message) []*pb.Message { return slices.Delete(slices.Clone(all), 10, 17) },
			bench.Counts{Published: 100, Delivered: 93, Lost: 7},
		},
		"the last one lost": {
			func(all []*pb.Message) []*pb.Message { return all[:99] },
			bench.Counts{Published: 100, Delivered: 99, Lost: 1},
		},
		"given twice": {
			func(all []*pb.Message) []*pb.Message { return append(slices.Clone(all), all[5], all[99]) },
			bench.Counts{Published: 100, Delivered: 100, Doubled: 2},
		},
		"one lost and another given twice": {
			func(all []*pb.Message) []*pb.Message {
				all = slices.Clone(all)
				all[50] = all[49]
				return all
			},
			bench.Counts{Published: 100, Delivered: 99, Doubled: 1, Lost: 1},
		},
		"out of order": {
			func(all []*pb.Message) []*pb.Message {
				all = slices.Clone(all)
				all[20], all[30] = all[30], all[20]
				return all
			},
			// Of those from 20 on, the 30th comes first: all others up to it are late.
			bench.Counts{Published: 100, Delivered: 100, OutOfOrder: 10},
		},
		"changed": {
			func(all []*pb.Message) []*pb.Message {
				all = slices.Clone(all)
				data := bytes.Clone(all[3].GetData())
				data[len(data)-1] ^= 1
				all[3] = &pb.Message{Data: data}
				return all
			},
			bench.Counts{Published: 100, Delivered: 99, Damaged: 1, Lost: 1},
		},
	} {
		t.Run(what, func(t *testing.T) {
			r, err := run(t, &careless{deliver: test.deliver}, replayed(100))
			if err != nil {
				t.Fatal(err)
			}
			if r.Counts != test.want {
				t.Errorf("%+v, want %+v", r.Counts, test.want)
			}
			if r.Wrong() == 0 {
				t.Error("nothing wrong")
			}
		})
	}
}

func TestAcknowledgedMessagesThatAreNotCountedAreLost(t *testing.T) {
	s := bench.Defaults(bench.Publish)
	s.Messages, s.Duration = 100, 0
	r, err := run(t, &careless{deliver: func(all []*pb.Message) []*pb.Message { return all[:len(all)-3] }}, s)
	if err != nil || r.Counts.Lost != 3 {
		t.Errorf("%+v, %v", r.Counts, err)
	}
}

func TestARefusalEndsTheLoadAndNamesTheWayOut(t *testing.T) {
	full, err := status.New(codes.ResourceExhausted, "the server's memory is full").WithDetails(&errdetails.ErrorInfo{Reason: "FULL"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := run(t, &careless{deliver: same, refuse: func(*pb.Batch) error { return full.Err() }}, replayed(100))
	if err == nil || !strings.Contains(err.Error(), "memory is full") || !strings.Contains(err.Error(), "--ttl") {
		t.Errorf("%v", err)
	}
	if r == nil || r.Counts.Published != 0 || r.Wrong() != 0 {
		t.Errorf("%+v", r)
	}
}

func TestWhatWasMeasuredBeforeAnInterruptIsTold(t *testing.T) {
	c := &careless{}
	withCareless(t, c, func(t *testing.T, dial func() (*client.Client, error)) {
		ctx, cancel := context.WithCancel(t.Context())
		// The subscriber is never given what was published; half of the time that is waited for it passes.
		c.deliver = func(all []*pb.Message) []*pb.Message {
			time.AfterFunc(time.Second, cancel)
			return nil
		}
		begun := time.Now()
		r, err := bench.New(replayed(100), dial).Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Interrupted || r.Counts.Published != 100 || r.Counts.Lost != 0 {
			t.Errorf("%+v", r)
		}
		if took := time.Since(begun); took > 3*time.Second { // virtual
			t.Errorf("it ends %s after the interrupt", took-time.Second)
		}
		if len(c.topics) != 0 {
			t.Errorf("topics %v are left", c.topics)
		}
	})
}

// What the server does not answer before the interrupt is made all the same, and has to be deleted.
func TestAnInterruptWhileTopicsAreMadeLeavesNone(t *testing.T) {
	c := &careless{deliver: same}
	withCareless(t, c, func(t *testing.T, dial func() (*client.Client, error)) {
		ctx, cancel := context.WithCancel(t.Context())
		c.creating = func(made int) {
			if made == 100 {
				cancel()
			}
			time.Sleep(10 * time.Millisecond) // virtual
		}
		s := bench.Defaults(bench.Publish)
		s.Topics = 1000
		r, err := bench.New(s, dial).Run(ctx)
		if err != nil || !r.Interrupted || len(r.Rows) != 0 || len(r.Notes) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if len(c.topics) != 0 || c.deleted < 100 || c.deleted == 1000 {
			t.Errorf("%d topics are left, %d deleted", len(c.topics), c.deleted)
		}
	})
}
