// Package static holds what a browser downloads, embedded: the icon, and the scripts and the style in dist/.
//
// Every file has two addresses. The one that Path gives contains a hash of all files, so it may be kept for a year: a new
// build has new addresses. All files share the hash, so that a script finds its neighbours by relative addresses. The
// plain one (/static/dist/app.css) is for people; it is checked on every use.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed favicon.svg dist
var files embed.FS

// Prefix is where Handler expects to be mounted.
const Prefix = "/static/"

// types are the media types of what is here. The system's table is not asked: it differs between machines, and a script
// of the wrong type does not run.
var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".map": "application/json",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// version is a hash of the names and contents of all files.
var version = sync.OnceValue(func() string {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		io.WriteString(h, name+"\x00")
		h.Write(data)
		return err
	})
	if err != nil {
		panic(err) // embedded files are always readable
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
})

// Path is the lasting address of a file: Path("favicon.svg") is "/static/5d41402abc4b/favicon.svg".
func Path(name string) string {
	return Prefix + version() + "/" + name
}

// Has tells whether there is such a file. The bundle is generated and may be missing in a fresh working copy.
func Has(name string) bool {
	info, err := fs.Stat(files, name)
	return err == nil && !info.IsDir()
}

// Handler serves the files under Prefix. It may be called concurrently.
func Handler() http.Handler {
	return http.HandlerFunc(serve)
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET here", http.StatusMethodNotAllowed)
		return
	}
	name, lasting := lookup(strings.TrimPrefix(r.URL.Path, Prefix))
	mediaType, known := types[path.Ext(name)]
	data, err := files.ReadFile(name)
	if err != nil || !known {
		w.Header().Set("Cache-Control", "no-cache")
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	tag := version()
	h.Add("Vary", "Accept-Encoding")
	if TakesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		data, tag = zip(name, data), tag+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	if lasting {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}

// lookup takes the hash off a name. An older hash (a page from before an upgrade) gets today's file, but not for long.
func lookup(name string) (file string, lasting bool) {
	first, rest, ok := strings.Cut(name, "/")
	if !ok || first == "dist" {
		return name, false
	}
	return rest, first == version()
}
