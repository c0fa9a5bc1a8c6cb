package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"linger/broker"
)

// reader is a client of an export: patience is how long it was given, write by write, and wrote is called for each.
type reader struct {
	*httptest.ResponseRecorder
	patience []time.Duration
	wrote    func()
}

func (r *reader) SetWriteDeadline(at time.Time) error {
	r.patience = append(r.patience, time.Until(at))
	return nil
}

func (r *reader) Write(b []byte) (int, error) {
	r.wrote()
	return r.ResponseRecorder.Write(b)
}

// An export waits for its client as long as for a page, and what is cut short does not look whole.
func TestExportThatIsCutShort(t *testing.T) {
	s, b := inside(t)
	const pages = 3
	for range pages * exportPage {
		put(t, b, "t")
	}
	export := func(wrote func()) (r *reader, end any) {
		r = &reader{ResponseRecorder: httptest.NewRecorder(), wrote: wrote}
		defer func() { end = recover() }()
		s.newHTTP().Handler.ServeHTTP(r, httptest.NewRequest(http.MethodGet, "http://"+s.HTTPAddr()+"/export?in=t", nil))
		return r, nil
	}

	r, end := export(func() {})
	if end != nil || len(r.patience) != pages {
		t.Errorf("ended with %v, patient %d times", end, len(r.patience))
	}
	for _, p := range r.patience {
		if p <= 0 || p > exportPatience {
			t.Errorf("patient for %v", p)
		}
	}

	_, end = export(func() {
		if _, err := b.DeleteTopic(t.Context(), "t"); err != nil && !errors.Is(err, broker.ErrTopicNotFound) {
			t.Error(err)
		}
	})
	if err, _ := end.(error); !errors.Is(err, http.ErrAbortHandler) {
		t.Errorf("of a topic that was deleted meanwhile: %v", end)
	}
}
