package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"linger/broker"
	"linger/web"
)

// setDeadline takes the one-button forms of a row: topic, sequence, expire_time and expected (milliseconds since 1970),
// back. Expiring is a deadline that has come; without expire_time, /expire means now.
func (p *pages) setDeadline(w http.ResponseWriter, r *http.Request) {
	if err := p.parseForm(w, r); err != nil {
		p.fail(w, r, err)
		return
	}
	f := r.PostForm
	topic := f.Get("topic")
	sequence, err := number(f, "sequence")
	if err != nil {
		p.fail(w, r, err)
		return
	}
	deadline, err := number(f, "expire_time")
	if f.Get("expire_time") == "" && r.URL.Path == "/expire" {
		deadline, err = uint64(p.broker.Now()), nil
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	var expected uint64
	if f.Get("expected") != "" {
		if expected, err = number(f, "expected"); err != nil {
			p.fail(w, r, err)
			return
		}
	}
	set, err := p.broker.SetDeadline(r.Context(), topic, sequence, broker.Instant(deadline), broker.Instant(expected))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, struct {
			Topic      string `json:"topic"`
			Sequence   uint64 `json:"sequence"`
			ExpireTime string `json:"expire_time"`
		}{topic, sequence, set.Deadline.Time().Format(jsonTime)})
		return
	}
	http.Redirect(w, r, noticed(web.ReturnPath(f.Get("back"), topic), topic, sequence), http.StatusSeeOther)
}

func number(f url.Values, field string) (uint64, error) {
	n, err := strconv.ParseUint(f.Get(field), 10, 63)
	if err != nil || n == 0 {
		return 0, invalid(field, "%q is not a whole number from 1 on.", clipped(f.Get(field)))
	}
	return n, nil
}

// noticed makes the page that a form returns to say what became of a message.
func noticed(path, topic string, sequence uint64) string {
	u, err := url.Parse(path)
	if err != nil {
		return web.TopicPath(topic)
	}
	q := u.Query()
	q.Set("changed", topic)
	q.Set("sequence", strconv.FormatUint(sequence, 10))
	u.RawQuery = q.Encode()
	return u.String()
}

// notice is that sentence: what holds now, asked of the broker, not what the address claims.
func (p *pages) notice(r *http.Request) string {
	q := r.URL.Query()
	topic := q.Get("changed")
	sequence, err := strconv.ParseUint(q.Get("sequence"), 10, 64)
	if topic == "" || err != nil {
		return ""
	}
	m, end, err := p.broker.Get(topic, sequence)
	switch {
	case err != nil:
		return ""
	case end != nil:
		return fmt.Sprintf("#%d of %s has ended.", sequence, topic)
	}
	return fmt.Sprintf("#%d of %s now goes at %s UTC.", sequence, topic, m.Deadline.Time().Format("15:04:05"))
}
