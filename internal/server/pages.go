package server

import (
	"errors"
	"net/http"
	"strconv"

	"linger/broker"
	"linger/web"
)

// What the first paint shows; script takes over from there.
const (
	pageRetained = 50
	pageLive     = 20
	pagePreview  = 1 << 10 // bytes of a message in a list
)

// pages fills the view models. The templates are web's.
type pages struct {
	*service
	publisher *publishService
	exposed   bool
	grpc      string // where gRPC is answered
	rooms     []*room
	browsers  browsers
}

// page is what all pages carry.
func (p *pages) page(r *http.Request) web.Page {
	v := web.Page{Language: languageOf(r), Exposed: p.exposed, Demo: p.config.Demo && !p.exposed}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		v.Path = r.URL.RequestURI()
	}
	if !p.recovery.isOver() {
		v.Now = p.config.WallClock()
		return v
	}
	v.Now, v.Drift, v.Store = p.broker.Now().Time(), p.drift.shown(), storeView(v.Language, p.broker.StoreStats())
	return v
}

// recovered answers with what there is to say of a recovery, until it is over.
func (p *pages) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := p.recovery.err()
		switch {
		case err == nil:
			next.ServeHTTP(w, r)
		case (r.Method == http.MethodGet || r.Method == http.MethodHead) && !wantsJSON(r):
			v := web.Recovering{Page: p.page(r)}
			v.Percent, v.Known = p.recovery.percent()
			retryIn(w, err)
			w.Header().Set("Refresh", "2")
			p.render(w, r, http.StatusServiceUnavailable, web.RecoveringPage(v))
		default:
			p.fail(w, r, err)
		}
	})
}

func (p *pages) message(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	sequence, err := strconv.ParseUint(r.PathValue("part"), 10, 64)
	if err != nil || sequence == 0 {
		p.fail(w, r, invalid("sequence", "%q is not a message's number; they count from 1.", clipped(r.PathValue("part"))))
		return
	}
	v := web.Detail{Page: p.page(r), Topic: name, Sequence: sequence, Notice: p.notice(r)}
	m, end, err := p.broker.Get(name, sequence)
	switch {
	case errors.Is(err, broker.ErrNoMessage):
		if t, err := p.broker.Topic(name); err == nil {
			v.Last = t.NextSequence - 1
		}
		p.render(w, r, http.StatusNotFound, web.MessagePage(v))
		return
	case err != nil:
		p.fail(w, r, err)
		return
	case end != nil:
		v.End = endView(*end, sequence)
		p.render(w, r, http.StatusGone, web.MessagePage(v))
		return
	}
	whole, err := messageView(m, 0)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v.Message, v.Command = &whole, p.command(r)
	v.Origin, v.GRPC = origin(r), p.grpcFor(r)
	p.render(w, r, http.StatusOK, web.MessagePage(v))
}
