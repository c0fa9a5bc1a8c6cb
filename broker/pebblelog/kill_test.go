package pebblelog_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/pebblelog"
	"linger/test/soak"
)

// The test binary starts itself as a child that publishes until it is killed.
const childDir = "LINGER_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	if !soak.On() {
		_ = flag.Set("rapid.checks", "15") // each opens the store several times; -rapid.checks says otherwise
	}
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		pebblelog.Hurry()
	}
	os.Exit(m.Run())
}

const (
	killPublishers = 6
	killTopics     = 3
)

// child runs a broker whose publishers take up their numbers where the store says that they stopped. Each line it prints
// is an acknowledgement: topic, sequence, deadline, publisher, request.
func child(dir string) {
	clock := broker.NewClock(time.Now)
	l, err := pebblelog.Open(pebblelog.Options{Dir: dir, Clock: clock, Logger: quiet(), MemTable: 512 << 10})
	exitOn(err)
	b, err := broker.Open(context.Background(), broker.Config{Log: l, Clock: clock})
	exitOn(err)
	var mu sync.Mutex
	out := bufio.NewWriter(os.Stdout)
	for i := range killPublishers {
		go publishForEver(b, i, func(line string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(out, line)
			out.Flush()
		})
	}
	select {}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// publishForEver publishes requests that say in their body what they are: publisher and number.
func publishForEver(b *broker.Broker, publisher int, told func(string)) {
	id := broker.ProducerID{9, byte(publisher)}
	last, _ := b.OpenProducer(id, 0)
	window := make(chan struct{}, 8)
	for number := last + 1; ; number++ {
		window <- struct{}{}
		body := []byte(fmt.Sprintf("%d/%d/%s", publisher, number, strings.Repeat("x", int(number%200))))
		batch := broker.Batch{
			Topic: fmt.Sprint("kill.", (publisher+int(number))%killTopics), Count: 1, HasTTL: true,
			TTL: time.Hour << (number % 3), Body: append([]byte{0, byte(len(body)) | 0x80, byte(len(body) >> 7)}, body...),
		}
		if number%9 == 0 {
			batch.TTL = 0
		}
		b.Publish(context.Background(), broker.PublishRequest{Producer: id, Number: number, Batches: []broker.Batch{batch}}, func(a broker.PublishAnswer) {
			<-window
			if a.Err == nil && len(a.Results) == 1 && a.Results[0].Err == nil {
				r := a.Results[0]
				told(fmt.Sprintln("ack", batch.Topic, r.First, int64(r.Deadline), publisher, number, batch.TTL == 0))
			}
		})
	}
}

// acknowledged is what a child was told.
type acknowledged struct {
	topic             string
	sequence          uint64
	deadline          int64
	publisher, number int
	passing           bool
}

// TestContract11Kill kills a publishing process again and again over one directory: twice, with LINGER_SOAK=1 a hundred
// times and later.
func TestContract11Kill(t *testing.T) {
	most := soak.Number(300, 1200)
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	if *seedFlag != 0 {
		seed = *seedFlag
	}
	t.Logf("to repeat: -run '^%s$' -seed=%d", t.Name(), seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	var all []acknowledged
	for round := range soak.Rounds(t, 2, 100) {
		acks := killOnce(t, dir, time.Duration(200+rng.IntN(most))*time.Millisecond)
		all = append(all, acks...)
		if err := checkKilled(dir, all); err != nil {
			t.Fatalf("round %d, after %d acknowledgements: %v", round, len(all), err)
		}
	}
	t.Logf("%d acknowledged", len(all))
}

func killOnce(t *testing.T, dir string, after time.Duration) (acks []acknowledged) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	for line := first; err == nil; line, err = lines.ReadString('\n') {
		var a acknowledged
		if n, _ := fmt.Sscanf(line, "ack %s %d %d %d %d %t", &a.topic, &a.sequence, &a.deadline, &a.publisher, &a.number, &a.passing); n == 6 {
			acks = append(acks, a)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code == 3 {
		t.Fatal("the child could not open")
	}
	return acks
}

// checkKilled reads what is left and compares it with what was acknowledged in all rounds.
func checkKilled(dir string, acks []acknowledged) error {
	clock := broker.NewClock(time.Now)
	l, err := pebblelog.Open(pebblelog.Options{Dir: dir, Clock: clock, Logger: quiet()})
	if err != nil {
		return err
	}
	type message struct {
		deadline int64
		body     string
	}
	names := map[broker.TopicID]string{}
	found := map[string]message{}
	bySource := map[string]int{}
	next := map[string]uint64{}
	newest := map[string]int{}
	var loaded error
	err = l.Open(context.Background(), func(c broker.Commit) {
		loaded = errors.Join(loaded, load(l, &c))
		switch {
		case c.Kind == broker.KindTopicPut && c.Position == uint64(c.Topic):
			names[c.Topic], next[c.Put.Name] = c.Put.Name, c.First
		case c.Kind == broker.KindPublished && c.Body != nil:
			found[fmt.Sprint(names[c.Topic], "#", c.First)] = message{int64(c.Expires()), string(c.Body[3:])}
			bySource[string(c.Body[3:])]++
		}
		if c.Request != 0 {
			publisher := fmt.Sprint(c.Producer[1])
			newest[publisher] = max(newest[publisher], int(c.Request))
		}
	})
	defer l.Close()
	if err = errors.Join(err, loaded); err != nil {
		return err
	}
	for source, n := range bySource {
		if n > 1 {
			return fmt.Errorf("%.20s is there %d times", source, n)
		}
	}
	taken := map[string]acknowledged{}
	for _, a := range acks {
		name := fmt.Sprint(a.topic, "#", a.sequence)
		if b, twice := taken[name]; twice && a != b { // the answer may be given again
			return fmt.Errorf("%s was given twice: %+v and %+v", name, a, b)
		}
		taken[name] = a
		if a.sequence >= next[a.topic] {
			return fmt.Errorf("%s goes on at %d, but #%d was given", a.topic, next[a.topic], a.sequence)
		}
		if a.passing {
			continue
		}
		m, ok := found[name]
		if !ok || m.deadline != a.deadline || !strings.HasPrefix(m.body, strconv.Itoa(a.publisher)+"/"+strconv.Itoa(a.number)+"/") {
			return fmt.Errorf("%+v was acknowledged, there is %t %.20s until %d", a, ok, m.body, m.deadline)
		}
		if newest[fmt.Sprint(a.publisher)] < a.number {
			return fmt.Errorf("%+v was acknowledged, the publisher's last is %d", a, newest[fmt.Sprint(a.publisher)])
		}
	}
	return nil
}
