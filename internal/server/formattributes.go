package server

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"linger/internal/server/wire"
	"linger/web"
	"linger/web/texts"
)

// formAttributes are the rows of attributes in a form, without the empty ones: the first attr-key with the first attr-value.
func formAttributes(f url.Values) []web.Attribute {
	keys, values := f[web.FieldAttrKey], f[web.FieldAttrValue]
	var rows []web.Attribute
	for i := range max(len(keys), len(values)) {
		var a web.Attribute
		if i < len(keys) {
			a.Key = keys[i]
		}
		if i < len(values) {
			a.Value = values[i]
		}
		if a != (web.Attribute{}) {
			rows = append(rows, a)
		}
	}
	return rows
}

// attributeMap makes the rows a message's attributes. What is wrong is told of the first row at fault: its field is
// "attr-key[2]" or "attr-value[2]", counted from 0. The script says the same (web/ts/attributes.ts).
func attributeMap(rows []web.Attribute) (map[string]string, error) {
	at, total := map[string]int{}, 0
	attributes := make(map[string]string, len(rows))
	for i, a := range rows {
		key, value := fmt.Sprintf("%s[%d]", web.FieldAttrKey, i), fmt.Sprintf("%s[%d]", web.FieldAttrValue, i)
		total += len(a.Key) + len(a.Value)
		before, twice := at[a.Key]
		switch {
		case i >= wire.MaxAttributes:
			return nil, refuse(key, texts.Say("attrs.many", "limit", web.Count(wire.MaxAttributes)))
		case a.Key == "":
			return nil, refuse(key, texts.Say("attrs.noKey"))
		case len(a.Key) > wire.MaxAttributeKey:
			return nil, refuse(key, texts.Say("attrs.longKey", "bytes", web.Count(len(a.Key)), "limit", web.Count(wire.MaxAttributeKey)))
		case !utf8.ValidString(a.Key):
			return nil, refuse(key, texts.Say("attrs.binary"))
		case twice:
			return nil, refuse(key, texts.Say("attrs.twice", "row", strconv.Itoa(before+1)))
		case len(a.Value) > wire.MaxAttributeValue:
			return nil, refuse(value, texts.Say("attrs.longValue", "bytes", web.Count(len(a.Value)), "limit", web.Count(wire.MaxAttributeValue)))
		case !utf8.ValidString(a.Value):
			return nil, refuse(value, texts.Say("attrs.binary"))
		case total > wire.MaxAttributeBytes:
			return nil, refuse(value, texts.Say("attrs.total", "bytes", web.Count(total), "limit", web.Count(wire.MaxAttributeBytes)))
		}
		at[a.Key], attributes[a.Key] = i, a.Value
	}
	return attributes, nil
}

// attributeField takes the field of an error apart that attributeMap told.
func attributeField(field string) (part string, row int, ok bool) {
	part, rest, _ := strings.Cut(field, "[")
	row, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	return part, row, err == nil && (part == web.FieldAttrKey || part == web.FieldAttrValue)
}
