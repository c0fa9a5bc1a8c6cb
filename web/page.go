package web

import (
	"cmp"
	"strings"
	"time"

	"github.com/a-h/templ"

	"linger/web/texts"
)

// Page is what every page carries: the clock it was rendered by, and the language it is to speak.
type Page struct {
	// Language is the language of every text.
	Language texts.Language
	// Path is the page's own address, path and query, to which the link to the other language leads. Empty: "/".
	Path string
	// Now is the server's clock at render. Every "time left" on the page is counted from it.
	Now time.Time
	// Zone is the zone in which times are written until the script rewrites them in the browser's. Nil means UTC.
	Zone *time.Location
	// Exposed says that the server listens beyond this machine without authentication; every page warns of it.
	Exposed bool
	// Drift is how far the server's clock is ahead of the wall clock (negative: behind); every page tells of it. Within a
	// second it is not worth telling: 0.
	Drift time.Duration
	// Store is how the store is; every page tells what is wrong with it.
	Store Store
	// Demo says that the demo may be played here.
	Demo bool
	// Command is what to type to run one of the program's commands against this server, with {} in place of its arguments:
	// "linger {} --server localhost:50075". Empty: "linger {}".
	Command string

	fills bool // the page is as high as the window: its lists scroll, and it does not
}

// Store is how the store is.
type Store struct {
	// Problem says what is wrong and the way out, in a sentence. Empty: nothing.
	Problem string
	// Severe says that it is more than a warning.
	Severe bool
}

// script is the bundle's entry. Pages work without it.
const script = "dist/main.js"

// current marks the link to the page that is shown.
func current(here, path string) templ.Attributes {
	if here == path {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

// command is a command that works on this server.
func (p Page) command(args string) string {
	return strings.Replace(cmp.Or(p.Command, "linger {}"), "{}", args, 1)
}
