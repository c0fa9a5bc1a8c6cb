// Command browser bundles main.ts and serves it with its page, as a web site of its own would. It runs from the module's
// root and needs the npm packages that `make setup` fetches.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	listen := flag.String("listen", "localhost:8081", "`address` to serve on")
	flag.Parse()
	if err := serve(*listen); err != nil {
		log.Fatal(err)
	}
}

func serve(address string) error {
	bundle := api.Build(api.BuildOptions{
		EntryPoints: []string{"examples/browser/main.ts"},
		Bundle:      true,
		Format:      api.FormatESModule,
		LogLevel:    api.LogLevelWarning,
	})
	if len(bundle.Errors) > 0 {
		return errors.New("cannot bundle main.ts; run this from the module's root, after make setup")
	}
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "examples/browser/index.html")
	})
	http.HandleFunc("GET /main.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(bundle.OutputFiles[0].Contents) // nobody is left to be told
	})
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	host, _, _ := strings.Cut(address, ":")
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	origin := fmt.Sprintf("http://%s:%s", host, port)
	fmt.Printf("Open %s; the server has to allow it: linger --allow-origin %[1]s\n", origin)
	return http.Serve(listener, nil)
}
