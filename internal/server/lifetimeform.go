package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"linger/broker"
	"linger/web"
)

// deadlineForm is what a row's one-button forms say.
type deadlineForm struct {
	topic              string
	sequence           uint64
	deadline, expected broker.Instant
}

// setDeadline takes these forms: topic, sequence, expire_time and expected (milliseconds since 1970), back. Expiring is a
// deadline that has come.
func (p *pages) setDeadline(w http.ResponseWriter, r *http.Request) {
	f, err := p.readDeadline(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	set, err := p.broker.SetDeadline(r.Context(), f.topic, f.sequence, f.deadline, f.expected)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, struct {
			Topic      string `json:"topic"`
			Sequence   uint64 `json:"sequence"`
			ExpireTime string `json:"expire_time"`
		}{f.topic, f.sequence, jsonInstant(set.Deadline)})
		return
	}
	back := web.ReturnPath(r.PostForm.Get("back"), f.topic)
	http.Redirect(w, r, noticed(back, f.topic, f.sequence), http.StatusSeeOther)
}

// readDeadline reads the form. expected may be missing, and on /expire the time, which then is now.
func (p *pages) readDeadline(w http.ResponseWriter, r *http.Request) (d deadlineForm, err error) {
	if err := p.parseForm(w, r); err != nil {
		return d, err
	}
	f := r.PostForm
	d.topic = f.Get("topic")
	if d.sequence, err = number(f, "sequence"); err != nil {
		return d, err
	}
	if f.Get("expire_time") == "" && r.URL.Path == "/expire" {
		d.deadline = p.broker.Now()
	} else if n, err := number(f, "expire_time"); err != nil {
		return d, err
	} else {
		d.deadline = broker.Instant(n)
	}
	if f.Get("expected") != "" {
		n, err := number(f, "expected")
		d.expected = broker.Instant(n)
		return d, err
	}
	return d, nil
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
	l := languageOf(r)
	m, end, err := p.broker.Get(topic, sequence)
	switch {
	case err != nil:
		return ""
	case end != nil:
		return l.Text("notice.ended", "number", fmt.Sprintf("#%d", sequence), "topic", topic)
	}
	return l.Text("notice.goes", "number", fmt.Sprintf("#%d", sequence), "topic", topic, "time", m.Deadline.Time().Format("15:04:05"))
}
