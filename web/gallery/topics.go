package gallery

import (
	"fmt"
	"strings"
	"time"

	"linger/web"
)

func topics(p web.Page) web.Topics {
	t := web.Topics{Page: p, Query: web.TopicsQuery{Sort: web.SortActivity, Page: 1}, Total: 1000, All: 1000}
	for i, name := range topicNames {
		t.Rows = append(t.Rows, web.TopicRow{Name: name, TopicNumbers: numbers(p, i)})
	}
	for i := range web.TopicsPageRows - len(topicNames) {
		t.Rows = append(t.Rows, web.TopicRow{Name: fmt.Sprintf("sensors.hall-%d.%03d", i/20+1, i), TopicNumbers: numbers(p, 1+i%7)})
	}
	t.Rows[0].NextExpires = time.Time{}
	t.Rows[1].Policy = web.Policy{Min: 5 * time.Second, Default: 10 * time.Minute, Max: time.Hour}
	return t
}

var topicNames = []string{
	"orders.eu", "orders.us", "demo.weather", "demo.chat", "console", "größen.länge", "你好.世界", strings.Repeat("a-very-long-token.", 14) + "end",
}

func numbers(p web.Page, i int) web.TopicNumbers {
	n := web.TopicNumbers{
		Rate: float64(i*i*i) / 7, Retained: uint64(i * 12345), Bytes: uint64(i * 1234567),
		NextExpires: p.Now.Add(time.Duration(1+i*i*i*i*90) * time.Second), Subscriptions: i, WorstLag: uint64(i * i * 100),
	}
	for second := range 60 {
		n.Recent = append(n.Recent, uint32(second*i%17*i))
	}
	return n
}

func topicTree(p web.Page) web.Topics {
	t := web.Topics{Page: p, Query: web.TopicsQuery{Tree: true, Page: 1}, Total: 1003, All: 1003}
	leaf := func(label, name string, i int) web.TopicBranch {
		return web.TopicBranch{Label: label, Pattern: name, TopicNumbers: numbers(p, i)}
	}
	t.Tree.List = []web.TopicBranch{
		leaf("console", "console", 4),
		{Label: "orders.", Pattern: "orders.>", Topics: 1002, TopicNumbers: numbers(p, 9), Open: true, Below: &web.TopicBranches{
			List: []web.TopicBranch{
				leaf("created", "orders.created", 4), leaf("paid", "orders.paid", 5),
				{Label: "eu.", Pattern: "orders.eu.>", Topics: 900, TopicNumbers: numbers(p, 7)},
			},
			More: 100, Pattern: "orders.>",
		}},
		leaf(topicNames[7], topicNames[7], 7),
	}
	return t
}

// numbersByPattern are the numbers of what stands in the table and the tree.
func numbersByPattern(p web.Page) map[string]web.TopicNumbers {
	all := map[string]web.TopicNumbers{}
	var branch func(web.TopicBranches)
	branch = func(b web.TopicBranches) {
		for _, one := range b.List {
			all[one.Pattern] = one.TopicNumbers
			if one.Below != nil {
				branch(*one.Below)
			}
		}
	}
	branch(topicTree(p).Tree)
	for _, row := range topics(p).Rows {
		all[row.Name] = row.TopicNumbers
	}
	return all
}
