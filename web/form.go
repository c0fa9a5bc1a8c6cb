package web

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Form is the publish form: what stands in it, what is wrong with it, and what the last publish did.
type Form struct {
	// Topic and Message as entered; on a topic's page an empty Topic is filled in with its name.
	Topic, Message string
	// TTL is the lifetime as chosen or typed, in any writing that ParseTTL reads; kept as typed when it does not. Empty:
	// the policy's default.
	TTL string
	// Attributes are those filled in, as posted; where there are none the form shows but a way to them.
	Attributes []Attribute
	// Policy is the one of Topic, or the server's for a topic that does not exist.
	Policy Policy
	// MaxMessage is the greatest message the server takes, in bytes; 0 means 1 MiB.
	MaxMessage int64
	// Suggestions are topics to offer while typing, busiest first.
	Suggestions []string
	// Errors stand under their fields.
	Errors []FieldError
	// Result tells what the last publish did. Nil: nothing to tell.
	Result *Result
}

// The fields that a FieldError may name. Any other name puts the error under the whole form.
const (
	FieldTopic   = "topic"
	FieldMessage = "message"
	FieldTTL     = "ttl"

	// The two fields of a row of attributes; a FieldError names the row, too.
	FieldAttrKey   = "attr-key"
	FieldAttrValue = "attr-value"
)

// FieldError is one problem of the form, told under its field.
type FieldError struct {
	// Field is one of the Field constants.
	Field string
	// Text is a sentence without the field's name: "a space at position 4. Letters, digits, _ and -, in parts joined by dots."
	Text string
	// Row is that of Form.Attributes, from 0, if Field is of one.
	Row int
}

func (e FieldError) onAttribute() bool { return e.Field == FieldAttrKey || e.Field == FieldAttrValue }

// Result is the answer to a publish.
type Result struct {
	Topic     string
	Sequence  uint64
	Published time.Time
	// Expires is the deadline; equal to Published for "now or never".
	Expires time.Time
	// Reason says why the lifetime is not the one asked for: "not 3 d: orders allows 1 h at most". Empty: it is.
	Reason string
	// Durability is "memory" or "fsynced".
	Durability string
	// ReceivedBy counts the subscriptions that were handed it so far; negative: not known.
	ReceivedBy int
}

// formView is the form made ready for its template.
type formView struct {
	Form
	Fresh bool
	// Box is what stands in the box; Value, Step, Words and Fill what the slider and its rail make of it.
	Box, Value, Step, Words, Fill string
	// Low and High are the shares of the axis that the policy rules out.
	Low, High string
	Death     string
	Presets   []presetView
	// Other says that the box, not a preset, holds the lifetime.
	Other bool
}

type presetView struct {
	Stop, Value, Label, Says string // Says is read aloud, and begins with the label
	Wide, Checked            bool
}

// form fills in what an empty form begins with and works out where things stand on the axis.
func (n Now) form() formView {
	f := n.Form
	if n.Fresh && f.Topic == "" && f.Message == "" && f.TTL == "" && len(f.Errors) == 0 {
		// Short enough to watch, long enough to open a second window.
		f.Topic, f.Message, f.TTL = "hello", n.t("form.hello"), "30 s"
	} else if n.Topic != nil && f.Topic == "" && len(f.Errors) == 0 {
		f.Topic = n.Topic.Name
	}
	f.Policy = f.Policy.filled()
	ttl, err := f.Policy.Default, error(nil)
	if f.TTL != "" {
		ttl, err = ParseTTL(f.TTL)
	}
	v := formView{Form: f, Fresh: n.Fresh && len(f.Errors) == 0, Box: n.short(ttl)}
	if err != nil {
		v.Box, ttl = f.TTL, f.Policy.Default
	}
	v.place(n.Page, ttl, err == nil)
	if err == nil {
		v.Death = n.death(ttl)
	}
	v.Low = axisPercent(axisPosition(f.Policy.Min))
	v.High = axisPercent(1 - axisPosition(f.Policy.Max))
	return v
}

// place puts a lifetime on the slider and finds the preset that stands for it.
func (v *formView) place(p Page, ttl time.Duration, readable bool) {
	at := axisPosition(ttl)
	stop := nearestStop(ttl)
	v.Fill, v.Words = axisPercent(at), p.words(ttl)
	v.Value, v.Step = strconv.Itoa(stop), "1"
	if stops[stop] != ttl && ttl < stops[lastStop] {
		// Between two stops the thumb stands at the exact place.
		v.Value, v.Step = strconv.FormatFloat(at*lastStop, 'f', 4, 64), "any"
	}
	v.Other = true
	for _, each := range presets {
		d := stops[each.stop]
		checked := readable && d == ttl
		v.Other = v.Other && !checked
		view := presetView{
			Stop: strconv.Itoa(each.stop), Value: strings.ReplaceAll(Short(d), " ", ""), Label: p.short(d),
			Wide: each.wide, Checked: checked,
		}
		if each.stop == lastStop && v.beyond() {
			view.Label = p.t("form.beyond", "time", view.Label) // the slider's end is not the policy's
		}
		view.Says = view.Label
		if d == 0 {
			view.Says = p.t("form.zero") // written out it would collide with 5 s
		}
		v.Presets = append(v.Presets, view)
	}
}

// beyond says that one may ask for more than the slider has.
func (v *formView) beyond() bool { return v.Policy.Max > stops[lastStop] }

// error is what is wrong with a field; "" asks for what is wrong with none in particular.
func (f Form) error(field string) string {
	for _, e := range f.Errors {
		known := e.Field == FieldTopic || e.Field == FieldMessage || e.Field == FieldTTL || e.onAttribute()
		if e.Field == field || field == "" && !known {
			return e.Text
		}
	}
	return ""
}

func (f Form) flags() templ.Attributes {
	return templ.Attributes{"data-failed": len(f.Errors) > 0}
}

// field are the attributes that tie a field to its error. The first one at fault gets the focus.
func (f Form) field(name string) templ.OrderedAttributes {
	described := name + "-error"
	if name == FieldTTL {
		described = "ttl-kept " + described
	}
	a := templ.OrderedAttributes{{Key: "aria-describedby", Value: described}}
	if f.error(name) != "" {
		a = append(a, templ.KeyValue[string, any]{Key: "aria-invalid", Value: "true"})
		if f.Errors[0].Field == name {
			a = append(a, templ.KeyValue[string, any]{Key: "autofocus", Value: true})
		}
	}
	return a
}

// problemOf ties a field to the sentence that says what is wrong with it.
func problemOf(text, id string) templ.Attributes {
	if text == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": id, "autofocus": true}
}

// areaText keeps a message that begins with a line break whole: the parser drops the first one in a textarea.
func areaText(s string) string {
	if strings.HasPrefix(s, "\n") || strings.HasPrefix(s, "\r") {
		return "\n" + s
	}
	return s
}

// told is what the last publish did, its parts joined by dots.
func (r Result) told(p Page) templ.Component {
	ttl := r.Expires.Sub(r.Published)
	kept := p.rich("result.until", "ttl", p.short(ttl), "time", momentAt(p, r.Expires))
	switch {
	case ttl <= 0:
		kept = p.rich("result.passed")
	case r.Reason != "":
		kept = p.rich("result.because", "ttl", p.short(ttl), "reason", visibleLine(r.Reason))
	}
	var rest []string
	switch r.Durability {
	case "":
	case "fsynced":
		rest = append(rest, p.t("result.fsynced"))
	case "memory":
		rest = append(rest, p.t("result.memory"))
	default:
		rest = append(rest, visibleLine(r.Durability))
	}
	if r.ReceivedBy >= 0 {
		rest = append(rest, p.t("result.receivedBy", "count", r.ReceivedBy))
	}
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if err := kept.Render(ctx, w); err != nil {
			return err
		}
		for _, text := range rest {
			if _, err := io.WriteString(w, " · "+templ.EscapeString(text)); err != nil {
				return err
			}
		}
		return nil
	})
}
