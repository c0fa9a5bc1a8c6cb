package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"linger/web"
)

func TestTopicsQueryIsItsAddress(t *testing.T) {
	for address, want := range map[string]web.TopicsQuery{
		"/topics":                      {Sort: web.SortActivity, Page: 1},
		"/topics?in=orders.%2A":        {Filter: "orders.*", Sort: web.SortActivity, Page: 1},
		"/topics?reverse=1&sort=bytes": {Sort: web.SortBytes, Reverse: true, Page: 1},
		"/topics?page=3&sort=name":     {Sort: web.SortName, Page: 3},
		"/topics?view=tree":            {Sort: web.SortActivity, Page: 1, Tree: true},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := web.ReadTopicsQuery(u.Query()); got != want {
			t.Errorf("%s is read %+v", address, got)
		}
		if got := want.Path(); got != address {
			t.Errorf("%+v is at %s, want %s", want, got, address)
		}
	}
	for _, odd := range []string{"sort=nonsense", "page=0", "page=-1", "page=x", "page=99999999999", "view=cube", "reverse=yes"} {
		v, _ := url.ParseQuery(odd)
		if got := web.ReadTopicsQuery(v); got != (web.TopicsQuery{Sort: web.SortActivity, Page: 1}) {
			t.Errorf("%s is read %+v", odd, got)
		}
	}
}

func TestGoPath(t *testing.T) {
	for to, want := range map[string]string{
		"orders": "/topics/orders", "orders/42": "/topics/orders/42", "orders/#42": "/topics/orders/42", "orders.>": "/?in=orders.%3E",
		"*.eu": "/?in=%2A.eu", "orders/x": "/topics/orders%2Fx", "//evil.example": "/topics/%2F%2Fevil.example", "消息": "/topics/%E6%B6%88%E6%81%AF",
	} {
		if got := web.GoPath(to); got != want {
			t.Errorf("%s goes to %s, want %s", to, got, want)
		}
	}
}

// A column that the table is sorted by says so, and turns the order round; the others sort by themselves.
func TestColumnsSort(t *testing.T) {
	row := web.TopicRow{Name: "a.b", TopicNumbers: web.TopicNumbers{Rate: 2, Recent: []uint32{1}, Retained: 41, NextExpires: now.Add(90 * time.Second)}}
	doc := render(t, web.TopicsPage(web.Topics{
		Page: page, Query: web.TopicsQuery{Filter: "a", Sort: web.SortNext, Page: 1}, Rows: []web.TopicRow{row}, Total: 101, All: 300,
	}))
	heads := map[string]string{}
	for _, th := range byTag(byTag(doc, "thead")[0], "th") {
		heads[text(th)] = attr(th, "aria-sort") + " " + attr(byTag(th, "a")[0], "href")
	}
	for head, want := range map[string]string{
		"Next to go": "ascending /topics?in=a&reverse=1&sort=next", "Name": " /topics?in=a&sort=name", "Per second": " /topics?in=a",
	} {
		if heads[head] != want {
			t.Errorf("%s: %q, want %q", head, heads[head], want)
		}
	}
	var cells []string
	for _, td := range byTag(byTag(doc, "tbody")[0], "td") {
		cells = append(cells, text(td))
	}
	if got := strings.Join(cells, "|"); !strings.HasPrefix(got, "2.0|41|0 B|1:30|0|0|") {
		t.Error(got)
	}
	if got := text(byClass(doc, "paging")[0]); got != "1–1 of 101 Next" {
		t.Error(got)
	}
	if got := text(byTag(doc, "h1")[0]); got != "Topics 101 of 300" {
		t.Error(got)
	}
}
