package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A page speaks the language that was chosen in the bar, else the one that the browser prefers, else English.
func TestLanguage(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct{ name, accept, cookie, want string }{
		{"nothing asked", "", "", "en"},
		{"the browser's", "zh-CN,zh;q=0.9", "", "zh-CN"},
		{"chosen", "zh-CN", "linger-language=en", "en"},
		{"chosen, Chinese", "", "linger-language=zh-CN", "zh-CN"},
		{"a cookie that names none", "zh-CN", "linger-language=tlh", "zh-CN"},
	} {
		for _, path := range []string{"/", "/topics", "/topics/hello", "/topics/hello/1", "/no/such/page"} {
			r := s.ask(t, path, c.accept, c.cookie)
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(body), `<html lang="`+c.want+`">`) || r.Header.Get("Content-Language") != c.want {
				t.Errorf("%s: %s is in %s, want %s", c.name, path, r.Header.Get("Content-Language"), c.want)
			}
			if vary := r.Header.Get("Vary"); !strings.HasPrefix(vary, "Accept-Language, Cookie") {
				t.Errorf("%s: Vary is %q", path, vary)
			}
		}
	}
}

// The link in the bar asks once; the answer keeps it and leads back to the page.
func TestLanguageIsChosenOnce(t *testing.T) {
	s := start(t, nil)
	for path, want := range map[string]string{
		"/?lang=zh-CN":                         "/",
		"/?in=orders.%3E&lang=zh-CN":           "/?in=orders.%3E",
		"/topics/a%2Fb?lang=zh-CN&published=1": "/topics/a%2Fb?published=1",
		"/no/such/page?lang=zh-CN":             "/no/such/page",
	} {
		r := s.ask(t, path, "en", "")
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != want {
			t.Errorf("%s: %s to %q, want %q", path, r.Status, r.Header.Get("Location"), want)
		}
		if cookie := r.Header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "linger-language=zh-CN; Path=/; Max-Age=") || !strings.Contains(cookie, "SameSite=Lax") {
			t.Errorf("%s: cookie %q", path, cookie)
		}
	}
	if r := s.ask(t, "/?lang=tlh", "", ""); r.StatusCode != http.StatusOK || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("a language that is not spoken: %s, cookie %q", r.Status, r.Header.Get("Set-Cookie"))
	}
}

// The link leads from each page to itself in the other language.
func TestLanguageLink(t *testing.T) {
	s := start(t, nil)
	for path, want := range map[string]string{
		"/":                 "/?lang=zh-CN",
		"/?in=orders.%3E":   "/?in=orders.%3E&amp;lang=zh-CN",
		"/topics/a.b?x=%22": "/topics/a.b?lang=zh-CN&amp;x=%22",
	} {
		body, err := io.ReadAll(s.ask(t, path, "", "").Body)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), `class="language" href="`+want+`"`) {
			t.Errorf("%s has no link to %s", path, want)
		}
	}
}

// ask gets a page without following where it leads.
func (r *running) ask(t *testing.T, path, accept, cookie string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.HTTPAddr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Language", accept)
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}
