package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// Topics is the page of topics: a table, or a tree whose branches are the parts of the names.
type Topics struct {
	Page
	Query TopicsQuery
	// Rows are the page of the table that was asked for.
	Rows []TopicRow
	// Tree are the outermost branches and topics of the tree.
	Tree TopicBranches
	// Total counts the topics that the filter lets through, All those of the server.
	Total, All int
	// Problem says why the filter finds nothing: it is no pattern. Empty: it is one, or a part of a name.
	Problem string
	// Refused is the name that could not be made a topic of, Error why, a sentence. Both are empty otherwise.
	Refused, Error string
}

// TopicsQuery is what the address asks for.
type TopicsQuery struct {
	// Filter is a pattern, or a part of a name.
	Filter string
	// Sort is one of the Sort constants.
	Sort string
	// Reverse turns the order round.
	Reverse bool
	// Page counts from 1.
	Page int
	// Tree asks for the tree in place of the table.
	Tree bool
}

// TopicsPageRows is how many rows a page of the table has.
const TopicsPageRows = 100

// What the table may be sorted by, as the address says it.
const (
	SortActivity    = "activity" // the order without being asked
	SortName        = "name"
	SortRetained    = "retained"
	SortBytes       = "bytes"
	SortNext        = "next"
	SortSubscribers = "subscribers"
	SortLag         = "lag"
	SortKeeps       = "keeps"
)

// TopicNumbers are the numbers of one topic, or of all in a branch.
type TopicNumbers struct {
	// Rate is how many messages a second are published.
	Rate float64
	// Recent is how many were in each of the last 60 whole seconds, oldest first. Nil: not known.
	Recent          []uint32
	Retained, Bytes uint64
	// NextExpires is the earliest deadline; the zero time: nothing is retained.
	NextExpires   time.Time
	Subscriptions int
	WorstLag      uint64
}

// TopicRow is one topic in the table.
type TopicRow struct {
	Name string
	TopicNumbers
	Policy Policy
}

// TopicBranches are what stands side by side in the tree.
type TopicBranches struct {
	List []TopicBranch
	// More counts those left out; Pattern lists them in the table.
	More    int
	Pattern string
}

// TopicBranch is a topic in the tree, or all whose names begin alike.
type TopicBranch struct {
	// Label is its part of the name; a branch's ends with a dot.
	Label string
	// Pattern is the topic's name, or what selects all in the branch: "orders.>".
	Pattern string
	TopicNumbers
	// Topics counts those in the branch; 0: it is a topic.
	Topics int
	// Below is what is in the branch. Nil for one that is too large to be shown here; it has a page of its own.
	Below *TopicBranches
	// Open says that the branch is unfolded at first.
	Open bool
}

// Path is the address of what is asked for. What goes without saying is left out.
func (q TopicsQuery) Path() string {
	v := url.Values{}
	set := func(key, value string, said bool) {
		if said {
			v.Set(key, value)
		}
	}
	set("in", q.Filter, q.Filter != "")
	set("view", "tree", q.Tree)
	set("sort", q.Sort, q.Sort != "" && q.Sort != SortActivity && !q.Tree)
	set("reverse", "1", q.Reverse && !q.Tree)
	set("page", strconv.Itoa(q.Page), q.Page > 1 && !q.Tree)
	if len(v) == 0 {
		return "/topics"
	}
	return "/topics?" + v.Encode()
}

// ReadTopicsQuery reads what an address asks for; what it does not understand goes without saying.
func ReadTopicsQuery(v url.Values) TopicsQuery {
	q := TopicsQuery{Filter: v.Get("in"), Sort: SortActivity, Reverse: v.Get("reverse") == "1", Tree: v.Get("view") == "tree", Page: 1}
	for _, c := range (Topics{}).columns() {
		if v.Get("sort") == c.sort {
			q.Sort = c.sort
		}
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 1 && n <= 1_000_000 {
		q.Page = n
	}
	return q
}

// column is one of the table.
type column struct {
	title, says, sort string
	class             string
}

// columns are those of the table, from left to right. says tells what the title does not.
func (t Topics) columns() []column {
	return []column{
		{t.t("topics.name"), "", SortName, ""},
		{t.t("topics.rate"), t.t("topics.rateSays"), SortActivity, "num extra"},
		{t.t("topics.retained"), "", SortRetained, "num"},
		{t.t("topics.bytes"), "", SortBytes, "num extra"},
		{t.t("topics.next"), "", SortNext, "num"},
		{t.t("topics.subscribers"), "", SortSubscribers, "num extra"},
		{t.t("topics.lag"), t.t("topics.lagSays"), SortLag, "num extra"},
		{t.t("topics.keeps"), "", SortKeeps, "extra"},
	}
}

// sorted is the address of the table sorted by a column: once more turns it round.
func (t Topics) sorted(c column) string {
	q := t.Query
	q.Page, q.Reverse = 1, q.Sort == c.sort && !q.Reverse
	q.Sort = c.sort
	return q.Path()
}

// order is what the head of a column says of the table's order.
func (t Topics) order(c column) templ.Attributes {
	if c.sort != t.Query.Sort {
		return nil
	}
	// Names and deadlines ascend by themselves, numbers descend.
	if (c.sort == SortName || c.sort == SortNext) != t.Query.Reverse {
		return templ.Attributes{"aria-sort": "ascending"}
	}
	return templ.Attributes{"aria-sort": "descending"}
}

// as is the address of the same topics in the other view.
func (t Topics) as(tree bool) string {
	q := t.Query
	q.Tree, q.Page = tree, 1
	return q.Path()
}

// page is the address of a page of the table.
func (t Topics) page(n int) string {
	q := t.Query
	q.Page = n
	return q.Path()
}

// first and last are the places of the page's rows in the whole table, from 1.
func (t Topics) first() int { return (t.Query.Page-1)*TopicsPageRows + 1 }
func (t Topics) last() int  { return t.first() + len(t.Rows) - 1 }

func (t Topics) count() string {
	if t.Query.Filter != "" {
		return t.t("topics.some", "n", Count(t.Total), "count", t.All)
	}
	return Count(t.Total)
}

// empty is what stands in place of topics that are not there.
func (t Topics) empty() string {
	switch {
	case t.Problem != "":
		return t.Problem
	case t.All == 0:
		return t.t("topics.empty")
	case t.Query.Filter != "" && t.Total == 0:
		return t.t("topics.noMatch", "count", t.All)
	}
	return t.t("topics.pastEnd")
}

// nextToGo is how long the topic's next message to go has left.
func (n TopicNumbers) nextToGo(p Page) string {
	if n.NextExpires.IsZero() {
		return "–"
	}
	return p.countdown(n.NextExpires.Sub(p.Now))
}

// data is what the script reads from a row.
func (n TopicNumbers) data(pattern string) templ.OrderedAttributes {
	a := templ.OrderedAttributes{{Key: "data-row", Value: true}, {Key: "data-pattern", Value: pattern}}
	if !n.NextExpires.IsZero() {
		a = append(a, templ.KeyValue[string, any]{Key: "data-next", Value: millis(n.NextExpires)})
	}
	return a
}

// inTable is the address of what is left out here.
func (b TopicBranches) inTable() string { return TopicsQuery{Filter: b.Pattern}.Path() }

// ownPage is the address of a branch that is too large to be shown with others.
func (b TopicBranch) ownPage() string { return TopicsQuery{Filter: b.Pattern, Tree: true}.Path() }
