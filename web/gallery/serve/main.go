// Command serve serves the gallery, for looking at:
//
//	go run ./web/gallery/serve -addr localhost:8099
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"linger/web/gallery"
)

func main() {
	addr := flag.String("addr", "localhost:8099", "listen on `HOST:PORT`")
	flag.Parse()
	fmt.Fprintf(os.Stderr, "gallery: http://%s/\n", *addr)
	server := &http.Server{Addr: *addr, Handler: gallery.Handler(time.Now), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
