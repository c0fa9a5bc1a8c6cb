package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"linger/client"
	"linger/internal/bench"
)

func TestTimesHaveThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 µs", 85 * time.Microsecond: "85 µs", 999600 * time.Nanosecond: "1.00 ms", time.Millisecond: "1.00 ms", 999499 * time.Microsecond: "999 ms",
		999600 * time.Microsecond: "1.00 s",
		12345 * time.Microsecond:  "12.3 ms", 123456 * time.Microsecond: "123 ms", 1234 * time.Millisecond: "1.23 s", 90 * time.Second: "90.0 s",
	} {
		if got := formatTime(d); got != want {
			t.Errorf("%d ns: %q, want %q", d, got, want)
		}
	}
}

// found is a result in which everything is there.
func found() *bench.Result {
	s := bench.Defaults(bench.Expiry)
	s.Messages = 1000
	times := bench.Times{Count: 10, P50: time.Millisecond, P90: 2 * time.Millisecond, P99: 30 * time.Millisecond, P999: 400 * time.Millisecond, Max: 5 * time.Second}
	return &bench.Result{
		Settings: s, Started: time.UnixMilli(0), Took: 8004 * time.Millisecond, Durability: client.Memory,
		Rows: []bench.Row{
			{Name: "ack", Label: "publish → ack", Messages: 16000, Bytes: 2_048_000, Over: 8 * time.Second, Times: times},
			{Name: "told", Label: "deadline → told", Messages: 10},
		},
		Counts: bench.Counts{Published: 16000, Delivered: 15998, Lost: 2, DeadOnArrival: 1},
		Expiry: &bench.Deaths{
			Messages: 1000, OrdinaryP99: 2 * time.Millisecond, WorstOrdinaryP99: 3 * time.Millisecond, DeathP99: 5 * time.Millisecond,
			GoneFromCounts: 8 * time.Millisecond, GoneIntoEnds: -1, GoneFromMemory: 500 * time.Millisecond, MemoryBefore: 1024, MemoryFull: 2 << 20, Late: 1,
		},
		Notes: []string{"a note"},
	}
}

func TestBenchTellsAllItFound(t *testing.T) {
	var b bytes.Buffer
	if err := writeBench(&b, found(), true); err != nil {
		t.Fatal(err)
	}
	want := `
expiry: 1 publisher → 1 subscriber, 10 topics, 128 B, kept 5s, memory, 2,000/s asked, in 8s
                 MESSAGES  MSG/S  MB/S      P50      P90      P99   P99.9     MAX
publish → ack      16,000  2,000   0.3  1.00 ms  2.00 ms  30.0 ms  400 ms  5.00 s
deadline → told        10      -     -        -        -        -       -       -
WRONG: 2 lost, 0 doubled, 0 out of order, 0 changed; 1 dead on arrival
publish p99 in the second in which 1,000 messages died: 5.00 ms, 2.50 × the 2.00 ms of an ordinary second (the worst one: 3.00 ms)
gone from the counts 8.00 ms after the deadline, counted as ended never, out of memory 500 ms (2.0 MiB to 1.0 KiB)
0 gone early, 1 counted late
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestAnInterruptedExpirySaysNothingOfDeaths(t *testing.T) {
	r := found()
	r.Interrupted, r.Expiry = true, &bench.Deaths{Messages: 1000, GoneFromCounts: -1, GoneIntoEnds: -1, GoneFromMemory: -1}
	lines := benchVerdict(r)
	if len(lines) != 2 || lines[1] != "interrupted before they died" {
		t.Errorf("%q", lines)
	}
}

func TestBenchAsJSON(t *testing.T) {
	var b bytes.Buffer
	if err := newJSON(&b, false).Encode(jsonBench{Server: "s", Workloads: []jsonWorkload{newJSONWorkload(found(), nil)}}); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Workloads []struct {
			Workload string
			Seconds  float64
			Measured []struct {
				Name      string
				PerSecond float64            `json:"per_second"`
				LatencyUs map[string]float64 `json:"latency_us"`
			}
			Counts map[string]uint64
			Expiry map[string]any
		}
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	w := back.Workloads[0]
	if w.Workload != "expiry" || w.Seconds != 8.004 || w.Counts["lost"] != 2 || w.Counts["dead_on_arrival"] != 1 {
		t.Errorf("%+v", w)
	}
	if m := w.Measured[0]; m.Name != "ack" || m.PerSecond != 2000 || m.LatencyUs["p99_9"] != 400_000 {
		t.Errorf("%+v", m)
	}
	if w.Measured[1].LatencyUs != nil {
		t.Errorf("what was not measured is %v", w.Measured[1].LatencyUs)
	}
	if w.Expiry["gone_from_counts_ms"] != 8.0 || w.Expiry["gone_into_ends_ms"] != -1.0 {
		t.Errorf("%v", w.Expiry)
	}
}

func TestBenchShowsWhatItIsDoing(t *testing.T) {
	p := bench.Progress{Phase: "publishing", Done: 1, Whole: 4, Messages: 12000, Rate: 6000, P99: 1500 * time.Microsecond}
	want := "[#######.......................] 25 % publish: publishing, 6,000 a second, 12,000 messages, p99 1.50 ms"
	if got := benchProgress(200, bench.Publish, p); got != want {
		t.Errorf("%q", got)
	}
	if got := benchProgress(80, bench.Publish, bench.Progress{Phase: "connecting"}); got != "publish: connecting" {
		t.Errorf("%q", got)
	}
}

func TestWhatBenchWritesAsJSONIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "With `--json` there is one object: `server`")
	section, _, ok := strings.Cut("`server`"+section, "\n## ")
	if !ok {
		t.Fatal("the section is not there")
	}
	var look func(reflect.Type)
	look = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice:
			look(typ.Elem())
		case reflect.Struct:
			for field := range typ.Fields() {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if !strings.Contains(section, "`"+name+"`") {
					t.Errorf("%s.%s is written as %q, of which docs/operations.md says nothing", typ.Name(), field.Name, name)
				}
				look(field.Type)
			}
		default:
		}
	}
	look(reflect.TypeFor[jsonBench]())
}
