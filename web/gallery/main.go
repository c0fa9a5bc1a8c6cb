// Command gallery serves every page of the dashboard in every state, with canned data, for looking at and taking pictures:
//
//	go run ./web/gallery -addr localhost:8099
//
// A page speaks another language with ?lang=zh-CN; with ?lang=en-XA all that comes from the catalogue is within ⟦ ⟧.
//
// The pages are served under the policy that the server sends, so what works here works there.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"linger/static"
	"linger/web/texts"
)

// policy is the one that internal/server sends with every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func main() {
	addr := flag.String("addr", "localhost:8099", "listen on `HOST:PORT`")
	flag.Parse()
	fmt.Fprintf(os.Stderr, "gallery: http://%s/\n", *addr)
	server := &http.Server{Addr: *addr, Handler: handler(time.Now), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// handler serves the index at /, the pages at /show/NAME and the files they need.
func handler(now func() time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		if err := index(pages(now(), texts.English)).Render(r.Context(), w); err != nil {
			log.Print(err)
		}
	})
	mux.HandleFunc("GET /show/{name}", func(w http.ResponseWriter, r *http.Request) {
		language, _ := texts.Parse(r.URL.Query().Get("lang"))
		for _, p := range pages(now(), language) {
			if p.Name == r.PathValue("name") {
				w.Header().Set("Content-Security-Policy", policy)
				if err := p.Content.Render(r.Context(), w); err != nil {
					log.Print(err)
				}
				return
			}
		}
		http.NotFound(w, r)
	})
	return mux
}
