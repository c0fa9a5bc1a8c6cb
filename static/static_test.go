package static_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"linger/static"
)

func get(t *testing.T, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestTypesAndCaching(t *testing.T) {
	for name, mediaType := range map[string]string{
		"dist/app.css": "text/css; charset=utf-8", "favicon.svg": "image/svg+xml", "dist/main.js": "text/javascript; charset=utf-8",
	} {
		if !static.Has(name) {
			t.Logf("%s is not built", name) // the pages do without it
			continue
		}
		lasting := get(t, "GET", static.Path(name))
		if lasting.StatusCode != 200 || lasting.Header.Get("Content-Type") != mediaType || !strings.Contains(lasting.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s, %v", static.Path(name), lasting.Status, lasting.Header)
		}
		for _, path := range []string{static.Prefix + name, static.Prefix + "000000000000/" + name} {
			fresh := get(t, "GET", path)
			if fresh.StatusCode != 200 || fresh.Header.Get("Cache-Control") != "no-cache" || fresh.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %s, %v", path, fresh.Status, fresh.Header)
			}
			if again := get(t, "GET", path, "If-None-Match", fresh.Header.Get("ETag")); again.StatusCode != 304 {
				t.Errorf("%s again: %s", path, again.Status)
			}
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	for _, path := range []string{"/static/", "/static/dist", "/static/dist/", "/static/nothing.css", "/static/static.go", "/static/../static.go", "/static/x/../../static.go"} {
		if r := get(t, "GET", path); r.StatusCode != 404 || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	if r := get(t, "POST", static.Path("dist/app.css")); r.StatusCode != 405 {
		t.Error(r.Status)
	}
	if static.Has("nothing") || static.Has("dist") || !static.Has("dist/app.css") {
		t.Error("Has is wrong")
	}
}

func TestCompressed(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "br": false, "gzip;q=0": false, "x-gzip": false,
		"gzip": true, "gzip, deflate, br, zstd": true, "br, GZIP;q=0.5": true,
	} {
		r := get(t, "GET", static.Path("dist/app.css"), "Accept-Encoding", accept)
		encoding := r.Header.Get("Content-Encoding")
		if (encoding == "gzip") != want || r.Header.Get("Vary") != "Accept-Encoding" || r.Header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%q: %v", accept, r.Header)
		}
		var body io.Reader = r.Body
		if want {
			var err error
			if body, err = gzip.NewReader(r.Body); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := io.ReadAll(body); err != nil || !strings.Contains(string(text), "--alive:") {
			t.Errorf("%q: %d bytes, %v", accept, len(text), err)
		}
	}
	plain, zipped := get(t, "GET", static.Path("dist/app.css")), get(t, "GET", static.Path("dist/app.css"), "Accept-Encoding", "gzip")
	if plain.Header.Get("ETag") == zipped.Header.Get("ETag") {
		t.Error("two contents, one tag")
	}
}
