package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Help is the page of the keys, the words and the commands.
type Help struct {
	Page
	// Host is where the page was asked for, "localhost:8080". Forms are posted there from a terminal too.
	Host string
}

// keyTable is what the script's keys are read from too (ts/keys.ts).
//
//go:embed keys.json
var keyTable []byte

// binding is a key and the action that it is for.
type binding struct{ Key, Action string }

var bindings = sync.OnceValue(func() (all []binding) {
	if err := json.Unmarshal(keyTable, &all); err != nil {
		panic(fmt.Sprintf("web: keys.json: %v", err)) // embedded files were tested
	}
	return all
})

// strokes are what is pressed one after the other, or with Shift, as keyboards have it.
func (b binding) strokes(p Page) (names []string) {
	for _, stroke := range strings.Fields(b.Key) {
		switch {
		case stroke == "Escape":
			stroke = "Esc"
		case stroke == "Space":
			stroke = p.t("keys.space")
		case len(stroke) == 1 && stroke[0] >= 'A' && stroke[0] <= 'Z':
			names = append(names, "Shift")
		}
		names = append(names, stroke)
	}
	return names
}

// does says what the key does. Empty: nobody has written it yet.
func (b binding) does(p Page) string {
	switch b.Action {
	case "goto":
		return p.t("keys.goto")
	case "now":
		return p.t("keys.now")
	case "topics":
		return p.t("keys.topics")
	case "server":
		return p.t("keys.server")
	case "next":
		return p.t("keys.next")
	case "previous":
		return p.t("keys.previous")
	case "open":
		return p.t("keys.open")
	case "release":
		return p.t("keys.release")
	case "pause":
		return p.t("keys.pause")
	case "form":
		return p.t("keys.form")
	case "extend":
		return p.t("keys.extend")
	case "expire":
		return p.t("keys.expire")
	case "expire-now":
		return p.t("keys.expireNow")
	case "undo":
		return p.t("keys.undo")
	case "shorter":
		return p.t("keys.shorter")
	case "longer":
		return p.t("keys.longer")
	case "zone":
		return p.t("keys.zone")
	case "copy-text":
		return p.t("keys.copyText")
	case "copy-command":
		return p.t("keys.copyCommand")
	case "help":
		return p.t("keys.help")
	}
	return ""
}

// word is a term as the pages use it, what it means, and by what a page leads to it.
type word struct{ term, means, id string }

// passingWord is where Help tells of messages that pass.
const passingWord = "word-passing"

func (h Help) words() []word {
	return []word{
		{h.t("record.retained"), h.t("help.retained"), "word-retained"},
		{h.t("help.lifetimeWord"), h.t("help.lifetime"), "word-lifetime"},
		{h.t("help.goneWord"), h.t("help.gone"), "word-gone"},
		{h.word(Delivered), h.t("help.delivered"), "word-delivered"},
		{h.word(Undelivered), h.t("help.undelivered"), "word-undelivered"},
		{h.t("record.passing"), h.t("help.passing"), passingWord},
		{h.word(WasEvicted), h.t("help.evicted"), "word-evicted"},
		{h.word(WasDeleted), h.t("help.deleted"), "word-deleted"},
		{h.word(WasLost), h.t("help.lost"), "word-lost"},
		{h.word(Unknown), h.t("help.unknown"), "word-unknown"},
		{h.t("help.aheadWord"), h.t("help.ahead"), "word-ahead"},
	}
}

// example is something to type into a terminal, and what it is for.
type example struct{ does, command string }

func (h Help) examples() []example {
	return []example{
		{h.t("help.subscribe"), h.Page.command("sub '>'")},
		{h.t("help.publish"), h.Page.command(`pub hello "Hello, Linger" --ttl 30s`)},
		{h.t("help.list"), h.Page.command("messages '>'")},
		{h.t("help.post"), "curl -d topic=hello -d message=Hi -d ttl=30 -H 'Accept: application/json' " + h.publishAddress()},
	}
}

// publishAddress is where the form is posted. Shells take brackets for something else.
func (h Help) publishAddress() string {
	address := h.Host + "/publish"
	if strings.Contains(address, "[") {
		return "'" + address + "'"
	}
	return address
}
