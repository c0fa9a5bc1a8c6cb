package gallery

import (
	"net/http"
	"sort"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/improbable-eng/grpc-web/go/grpcweb"
	"google.golang.org/grpc"

	lingerv1 "linger/proto/linger/v1"
	"linger/web"
)

// scene is a state under its own origin: the page, and the API that its script finds there.
type scene struct {
	state State
	clock func() time.Time
	http.Handler

	mu      sync.Mutex
	cast    cast          // mu; as of the last time that the page was asked for
	ahead   time.Duration // mu; how far the canned server's clock is ahead of the machine's
	watches int           // mu; since then
}

// cast is what a scene has: what is on the page, and what is further down.
type cast struct {
	web.Now
	// total messages are retained, of which message makes the nth to go. Retained has the first of them.
	total   int
	message func(n int) web.Message
}

func newScene(s State, clock func() time.Time) *scene {
	sc := &scene{state: s, clock: clock}
	server := grpc.NewServer()
	lingerv1.RegisterWatchServiceServer(server, &watches{scene: sc})
	lingerv1.RegisterRetainedServiceServer(server, &retained{scene: sc})
	lingerv1.RegisterTopicServiceServer(server, &topicService{scene: sc})
	lingerv1.RegisterPublishServiceServer(server, &publisher{scene: sc})
	api := grpcweb.WrapServer(server)
	sc.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case api.IsGrpcWebRequest(r):
			api.ServeHTTP(w, r)
		case r.Method == http.MethodGet:
			sc.show(w, r)
		default:
			http.Error(w, "the gallery has nothing to change", http.StatusMethodNotAllowed)
		}
	})
	return sc
}

// now is the canned server's clock.
func (s *scene) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock().Add(s.ahead)
}

// page makes the state's page, and begins the scene anew.
func (s *scene) page(p web.Page) templ.Component {
	if !s.state.Watched() {
		return s.state.page(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Now, s.ahead, s.watches = s.clock(), 0, 0
	s.cast = castOf(s.state.now(p))
	return web.NowPage(s.cast.Now)
}

// castOf goes on with more messages where a page says that there are more than it shows.
func castOf(n web.Now) cast {
	c := cast{Now: n, total: len(n.Retained), message: func(i int) web.Message { return n.Retained[i] }}
	if most := int(n.Totals.Retained); most > c.total && c.total > 0 {
		last := n.Retained[c.total-1]
		c.message = func(i int) web.Message {
			if i < len(n.Retained) {
				return n.Retained[i]
			}
			m := last
			m.Sequence += uint64(i)
			m.Expires = last.Expires.Add(time.Duration(i-c.total+1) * 40 * time.Millisecond)
			return m
		}
		c.total = most
	}
	return c
}

// gone is how many of the cast's messages have reached their deadline.
func (c cast) gone(now time.Time) int {
	return sort.Search(c.total, func(i int) bool { return c.message(i).Expires.After(now) })
}

// look is what the scene has now.
func (s *scene) look() (cast, time.Time) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cast, now
}

// enter counts a watch; the first is the page's own, later ones are attempts after an interruption.
func (s *scene) enter() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches++
	return s.watches
}

// leap sets the canned server's clock ahead.
func (s *scene) leap(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// forget loses all that was retained.
func (s *scene) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.cast.Page
	s.cast = castOf(web.Now{Page: p, Pattern: s.cast.Pattern})
}
