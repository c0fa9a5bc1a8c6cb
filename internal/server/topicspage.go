package server

import (
	"net/http"
	"strings"

	"linger/broker"
	"linger/web"
)

// topicOrders are the broker's orders by their names in addresses.
var topicOrders = map[string]broker.TopicOrder{
	web.SortActivity: broker.ByActivity, web.SortName: broker.ByName, web.SortRetained: broker.ByRetained,
	web.SortBytes: broker.ByBytes, web.SortNext: broker.ByNextDeadline, web.SortSubscribers: broker.BySubscriptions,
	web.SortLag: broker.ByLag, web.SortKeeps: broker.ByDefaultTTL,
}

// topics shows the topics as a table or as a tree. ?go=NAME goes to one: to a topic, NAME/42 to a message, a pattern to
// what it selects. A script is answered with names.
func (p *pages) topics(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	if to := strings.TrimSpace(values.Get("go")); to != "" {
		http.Redirect(w, r, web.GoPath(to), http.StatusSeeOther)
		return
	}
	if wantsJSON(r) {
		p.suggest(w, r, strings.TrimSpace(values.Get("in")))
		return
	}
	p.topicsPage(w, r, http.StatusOK, web.Topics{Query: web.ReadTopicsQuery(values)})
}

// suggestions is how many topics are offered while one types: more than are read.
const suggestions = 8

// suggest answers a script with the names that a filter lets through, the busiest first, and how many there are in all.
func (p *pages) suggest(w http.ResponseWriter, r *http.Request, filter string) {
	list, total, err := p.broker.QueryTopics(broker.TopicQuery{Filter: filter, Order: broker.ByActivity, Limit: suggestions})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	writeJSON(w, http.StatusOK, struct {
		Topics []string `json:"topics"`
		Total  int      `json:"total"`
	}{names, total})
}

func (p *pages) topicsPage(w http.ResponseWriter, r *http.Request, status int, v web.Topics) {
	v.Page, v.All = p.page(r), p.broker.Stats().Topics
	fill := p.fillTable
	if v.Query.Tree {
		fill = p.fillTree
	}
	if err := fill(&v); err != nil {
		o, _ := lookUp(err)
		if o.http != http.StatusBadRequest {
			p.fail(w, r, err)
			return
		}
		v.Problem, status = said(v.Language, err), o.http
	}
	p.render(w, r, status, web.TopicsPage(v))
}

func (p *pages) fillTable(v *web.Topics) error {
	list, total, err := p.broker.QueryTopics(broker.TopicQuery{
		Filter: v.Query.Filter, Order: topicOrders[v.Query.Sort], Reverse: v.Query.Reverse,
		Offset: (v.Query.Page - 1) * web.TopicsPageRows, Limit: web.TopicsPageRows,
	})
	if err != nil {
		return err
	}
	v.Total = total
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	sums, err := p.broker.SumTopics(names, "")
	if err != nil {
		return err
	}
	for i, t := range list {
		v.Rows = append(v.Rows, web.TopicRow{Name: t.Name, TopicNumbers: topicNumbers(&sums[i]), Policy: policyView(t.Policy)})
	}
	return nil
}

func (p *pages) fillTree(v *web.Topics) error {
	names, err := p.broker.TopicNames(v.Query.Filter)
	if err != nil {
		return err
	}
	v.Total = len(names)
	var shown []*web.TopicBranch
	v.Tree, shown = topicTree(names)
	patterns := make([]string, len(shown))
	for i, b := range shown {
		patterns[i] = b.Pattern
	}
	sums, err := p.broker.SumTopics(patterns, v.Query.Filter)
	if err != nil {
		return err
	}
	for i, b := range shown {
		b.TopicNumbers = topicNumbers(&sums[i])
	}
	return nil
}

func topicNumbers(s *broker.TopicSum) web.TopicNumbers {
	return web.TopicNumbers{
		Rate: s.PublishRate, Recent: s.Recent, Retained: s.Counts.Retained, Bytes: s.Counts.RetainedBytes, NextExpires: timeOf(s.NextDeadline),
		Subscriptions: s.Subscriptions, WorstLag: s.WorstLag,
	}
}

// createTopic makes a topic by the page's form, with the server's policy, and goes to it.
func (p *pages) createTopic(w http.ResponseWriter, r *http.Request) {
	if err := p.parseForm(w, r); err != nil {
		p.fail(w, r, err)
		return
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	_, err := p.broker.CreateTopic(r.Context(), name, broker.Policy{}, broker.DurabilityDefault)
	if err == nil {
		http.Redirect(w, r, web.TopicPath(name), http.StatusSeeOther)
		return
	}
	o, known := lookUp(err)
	if !known || wantsJSON(r) {
		p.fail(w, r, err)
		return
	}
	retryIn(w, err)
	p.topicsPage(w, r, o.http, web.Topics{Query: web.ReadTopicsQuery(nil), Refused: name, Error: said(languageOf(r), err)})
}
