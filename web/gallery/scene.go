package gallery

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/improbable-eng/grpc-web/go/grpcweb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	lingerv1 "linger/proto/linger/v1"
	"linger/web"
	"linger/web/texts"
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

	language texts.Language // mu; of the page that was asked for last

	published []web.Message              // mu; on the page, since then
	changed   []*lingerv1.LifetimeChange // mu; likewise
}

func newScene(s State, clock func() time.Time) *scene {
	// Servers' times are whole milliseconds: a page would not recognise what it was rendered with by others.
	sc := &scene{state: s, clock: func() time.Time { return clock().Truncate(time.Millisecond) }}
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

// speaks is the language of a page that was asked for with ?lang=. What the script reads has none: it goes on in the one
// before, which a server knows by a cookie.
func (s *scene) speaks(lang string) texts.Language {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := texts.Parse(lang); ok {
		s.language = l
	}
	return s.language
}

// page makes the page at a path: the state's, or that of a message in its list. The state's begins the scene anew.
func (s *scene) page(p web.Page, path string) templ.Component {
	if !s.state.Watched() {
		return s.state.page(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Now, p.Store = s.clock().Add(s.ahead), s.state.store.page(p.Language)
	if topic, sequence, ok := messageAt(path); ok {
		return web.MessagePage(s.detail(p, topic, sequence))
	}
	p.Now, s.ahead, s.watches, s.published, s.changed = s.clock(), 0, 0, nil, nil
	s.cast = castOf(s.state.now(p))
	return web.NowPage(s.cast.Now)
}

// messageAt reads the address of a message.
func messageAt(path string) (topic string, sequence uint64, ok bool) {
	rest, _ := strings.CutPrefix(path, "/topics/")
	topic, number, _ := strings.Cut(rest, "/")
	sequence, err := strconv.ParseUint(number, 10, 64)
	return topic, sequence, err == nil
}

// detail is what the page of a message tells.
func (s *scene) detail(p web.Page, topic string, sequence uint64) web.Detail {
	if s.state.detail != nil {
		return s.state.detail(p)
	}
	d := web.Detail{Page: p, Topic: topic, Sequence: sequence, Last: sequence}
	for _, m := range s.cast.Retained {
		if m.Topic == topic && m.Sequence == sequence && m.Expires.After(p.Now) {
			d.Message = &m
			return d
		}
	}
	d.End = &web.End{Sequence: sequence} // forgotten
	return d
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

// take retains what was published on the page, and numbers it.
func (s *scene) take(m web.Message) web.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Sequence, m.MaxExpires = s.cast.last(m.Topic)+1, m.Published.Add(7*24*time.Hour)
	s.published = append(s.published, m)
	if m.Expires.After(m.Published) {
		s.cast.add(m)
	}
	return m
}

// move gives a message another deadline; false: there is no such message.
func (s *scene) move(topic string, sequence uint64, to *timestamppb.Timestamp) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, ok := s.cast.move(topic, sequence, to.AsTime())
	if ok {
		s.changed = append(s.changed, &lingerv1.LifetimeChange{
			Topic: topic, Incarnation: 1, Sequence: sequence, ExpireTime: to, PreviousExpireTime: timestamppb.New(from),
		})
	}
	return ok
}

// happened is what was done on the page, without what is known of it.
func (s *scene) happened(published, changed int) ([]web.Message, []*lingerv1.LifetimeChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.published[min(published, len(s.published)):]), slices.Clone(s.changed[min(changed, len(s.changed)):])
}

// forget loses all that was retained.
func (s *scene) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.cast.Page
	s.cast = castOf(web.Now{Page: p, Pattern: s.cast.Pattern})
}
