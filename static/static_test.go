package static_test

import (
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
		"app.css": "text/css; charset=utf-8", "favicon.svg": "image/svg+xml", "dist/main.js": "text/javascript; charset=utf-8",
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
	if r := get(t, "POST", static.Path("app.css")); r.StatusCode != 405 {
		t.Error(r.Status)
	}
	if static.Has("nothing") || static.Has("dist") || !static.Has("app.css") {
		t.Error("Has is wrong")
	}
}
