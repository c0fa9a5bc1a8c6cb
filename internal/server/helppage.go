package server

import (
	"net/http"

	"linger/web"
)

// help shows the keys, the words and the commands.
func (p *pages) help(w http.ResponseWriter, r *http.Request) {
	v := web.Help{Page: p.page(r), Host: r.Host}
	v.Command = p.command(r)
	p.render(w, r, http.StatusOK, web.HelpPage(v))
}
