package web

import (
	"strconv"

	"github.com/a-h/templ"
)

// spareAttributes is how many empty rows a form without script has for more attributes; with script rows come when asked for.
const spareAttributes = 3

// attributeRow is one row of the form's attributes.
type attributeRow struct {
	Attribute
	// Number counts from 1.
	Number string
	// Spare says that the row is for those without script.
	Spare bool
	// Problem is what is wrong in the row, with Part, one of FieldAttrKey and FieldAttrValue; First says that it is the
	// form's first. Empty: nothing.
	Problem, Part string
	First         bool
}

// attributeRows are those that are filled in, and empty ones for more.
func (f Form) attributeRows() []attributeRow {
	rows := make([]attributeRow, max(len(f.Attributes), 1)+spareAttributes)
	for i := range rows {
		rows[i].Number = strconv.Itoa(i + 1)
		if i < len(f.Attributes) {
			rows[i].Attribute = f.Attributes[i]
		}
		rows[i].Spare = i > 0 && i >= len(f.Attributes)
	}
	for i, e := range f.Errors {
		if e.onAttribute() && e.Row >= 0 && e.Row < len(f.Attributes) {
			rows[e.Row].Problem, rows[e.Row].Part, rows[e.Row].First = e.Text, e.Field, i == 0
		}
	}
	return rows
}

// errorID is of the sentence under the row.
func (r attributeRow) errorID() string { return "attr-error-" + r.Number }

// field are the attributes that tie one of the row's two fields to that sentence.
func (r attributeRow) field(part string) templ.OrderedAttributes {
	a := templ.OrderedAttributes{{Key: "aria-describedby", Value: r.errorID()}}
	if r.Problem != "" && r.Part == part {
		a = append(a, templ.KeyValue[string, any]{Key: "aria-invalid", Value: "true"})
		if r.First {
			a = append(a, templ.KeyValue[string, any]{Key: "autofocus", Value: true})
		}
	}
	return a
}

// attributeCount is how many are filled in, behind a space; "" for none. The space is its own, as Chromium leaves out of the
// accessible name one that stood before nothing.
func (f Form) attributeCount() string {
	if len(f.Attributes) == 0 {
		return ""
	}
	return " " + Count(len(f.Attributes))
}
