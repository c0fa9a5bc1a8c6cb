package server_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"linger/broker"
	"linger/broker/memlog"
	"linger/internal/server"
	lingerv1 "linger/proto/linger/v1"
)

// ailingLog is a log that is as well as the test says. One that is not sound refuses to publish with the same error.
type ailingLog struct {
	broker.Log
	stats atomic.Pointer[broker.LogStats] // limit, bytes and health
}

func (l *ailingLog) Stats() broker.LogStats {
	st := l.Log.Stats()
	if told := l.stats.Load(); told != nil {
		st.Bytes, st.Limit, st.Health = told.Bytes, told.Limit, told.Health
	}
	return st
}

func (l *ailingLog) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if told := l.stats.Load(); told != nil && told.Health != nil && p.Kind == broker.KindPublished {
		done(broker.Commit{}, told.Health)
		return
	}
	l.Log.Append(p, done)
}

// What is wrong with the store is told wherever somebody looks, and the server that takes nothing is not ready.
func TestStoreProblemsAreTold(t *testing.T) {
	log := &ailingLog{}
	s := start(t, func(_ *server.Config, c *broker.Config) {
		c.Clock = broker.NewClock(time.Now)
		log.Log = memlog.New(memlog.Options{Clock: c.Clock})
		c.Log = log
	})
	s.publish("t", time.Hour, "x")
	for _, c := range []struct {
		name   string
		stats  *broker.LogStats
		state  lingerv1.StoreState
		told   string // on pages, in the watch
		severe bool
		ready  string // the beginning of what /readyz says
		metric string
		code   codes.Code // of a publish
		health healthpb.HealthCheckResponse_ServingStatus
	}{
		{
			"sound", &broker.LogStats{Bytes: 1 << 30, Limit: 10 << 30}, lingerv1.StoreState_STORE_STATE_SOUND, "", false,
			"ready\n", "", codes.OK, healthpb.HealthCheckResponse_SERVING,
		},
		{
			"nearly full", &broker.LogStats{Bytes: 9 << 30, Limit: 10 << 30}, lingerv1.StoreState_STORE_STATE_NEARLY_FULL,
			"The store is nearly full: 9.0 GiB of 10.0 GiB.", false,
			"ready; The store is nearly full", "nearly_full", codes.OK, healthpb.HealthCheckResponse_SERVING,
		},
		{
			"full", &broker.LogStats{Health: &broker.Error{Err: broker.ErrFull, Detail: "linger-data has reached its limit"}},
			lingerv1.StoreState_STORE_STATE_FULL, "linger-data has reached its limit.", true,
			"ready; linger-data has", "full", codes.ResourceExhausted, healthpb.HealthCheckResponse_SERVING,
		},
		{
			"read-only", &broker.LogStats{Health: &broker.Error{Err: broker.ErrReadOnly, Detail: "the disk failed"}},
			lingerv1.StoreState_STORE_STATE_READ_ONLY, "The disk failed.", true,
			"read-only: The disk failed.", "read_only", codes.FailedPrecondition, healthpb.HealthCheckResponse_NOT_SERVING,
		},
		{
			"damaged", &broker.LogStats{Health: broker.ErrDamaged},
			lingerv1.StoreState_STORE_STATE_DAMAGED, "Something stored is damaged", true,
			"ready; Something stored is damaged", "damaged", codes.Internal, healthpb.HealthCheckResponse_SERVING,
		},
		{
			"sound again", nil, lingerv1.StoreState_STORE_STATE_SOUND, "", false,
			"ready\n", "", codes.OK, healthpb.HealthCheckResponse_SERVING,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			log.stats.Store(c.stats)
			store := s.watchedStore(t)
			if store.State != c.state || !strings.HasPrefix(store.Problem, c.told) || (store.Problem == "") != (c.told == "") {
				t.Errorf("the watch tells %v", store)
			}
			if c.stats != nil && (store.BytesUsed != uint64(c.stats.Bytes) || store.BytesLimit != uint64(c.stats.Limit)) {
				t.Errorf("the watch tells %v", store)
			}
			for _, path := range []string{"/", "/topics", "/topics/t", "/topics/t/1", "/nowhere"} {
				_, body := s.get(path)
				_, banner, _ := strings.Cut(body, `<p id="store" class="banner`)
				banner, _, _ = strings.Cut(banner, "</p>")
				_, attributes, _ := strings.Cut(banner, `"`)
				if !strings.Contains(banner, c.told) || strings.HasPrefix(banner, " severe") != c.severe || strings.Contains(attributes, " hidden") != (c.told == "") {
					t.Errorf("%s says %q", path, banner)
				}
			}
			want := http.StatusOK
			if c.health == healthpb.HealthCheckResponse_NOT_SERVING {
				want = http.StatusServiceUnavailable
			}
			if status, body := s.get("/readyz"); status != want || !strings.HasPrefix(body, c.ready) {
				t.Errorf("ready: %d %q", status, body)
			}
			_, body := s.get("/metrics")
			for _, problem := range []string{"nearly_full", "full", "read_only", "damaged"} {
				line := "\nlinger_store_problem{problem=\"" + problem + "\"} 0\n"
				if strings.Contains(body, line) != (problem != c.metric) {
					t.Errorf("the metrics say otherwise than %q of %s", strings.TrimSpace(line), problem)
				}
			}
			_, err := lingerv1.NewPublishServiceClient(s.dial()).Publish(t.Context(),
				&lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch("t", time.Hour, "y")}})
			wantCode(t, err, c.code)
			if text := s.read(s.do(s.request(http.MethodPost, "/publish", "topic=t&message=z", "Accept", "application/json"))); strings.Contains(text, "error") != (c.code != codes.OK) {
				t.Errorf("a form is answered %s", text)
			}
			s.becomes(t, "", c.health)
			s.becomes(t, "linger.v1.PublishService", c.health)
			s.becomes(t, "linger.v1.SubscribeService", healthpb.HealthCheckResponse_SERVING)
			s.subscribe(coversAll("t")).texts(1) // reading goes on
		})
	}
}

// watchedStore is what the first numbers of a watch say of the store.
func (r *running) watchedStore(t *testing.T) *lingerv1.StoreStats {
	t.Helper()
	watch, err := lingerv1.NewWatchServiceClient(r.dial()).Watch(t.Context(), &lingerv1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if m.Server != nil {
			return m.Server.Store
		}
	}
}

// becomes waits until the health service says so of a service.
func (r *running) becomes(t *testing.T, service string, status healthpb.HealthCheckResponse_ServingStatus) {
	t.Helper()
	watch, err := healthpb.NewHealthClient(r.dial()).Watch(t.Context(), &healthpb.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := watch.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if m.Status == status {
			return
		}
	}
}
