package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// copyForm is one of the forms in which a message can be copied.
type copyForm struct {
	// ID is what the script asks for; Label what stands on the button.
	ID, Label string
	// Text is what is copied; "" with Why set.
	Text string
	// Why says why the form cannot carry this message. Empty: it can.
	Why string
}

// copyForms are the message as text, and the commands that publish it again: same topic, key, attributes, lifetime and data.
func (d Detail) copyForms() []copyForm {
	return []copyForm{d.asText(), d.asPub(), d.asGRPCurl(), d.asCurl()}
}

func (d Detail) asText() copyForm {
	f := copyForm{ID: "text", Label: d.t("copy.text")}
	if !utf8.Valid(d.Message.Data) {
		f.Why = d.t("copy.binary")
		return f
	}
	f.Text = string(d.Message.Data)
	return f
}

func (d Detail) asPub() copyForm {
	m := d.Message
	flags := []string{"--ttl", commandTTL(m.granted())}
	if m.Key != "" {
		flags = append(flags, "--key", m.Key)
	}
	f := copyForm{ID: "pub", Label: "linger pub"}
	for _, a := range m.Attributes {
		if strings.Contains(a.Key, "=") {
			f.Why = d.t("copy.equals")
		}
		flags = append(flags, "--attr", a.Key+"="+a.Value)
	}
	words := []string{d.Topic, string(m.Data)}
	if why := d.pasteable(append(slices.Clone(flags), words...)); why != "" {
		f.Why = why
	}
	if f.Why != "" {
		return f
	}
	if strings.HasPrefix(d.Topic, "-") || strings.HasPrefix(words[1], "-") {
		// Behind "--" nothing is a flag: the address of the server stands before it.
		f.Text = d.command("pub"+shellWords(flags...)) + " --" + shellWords(words...)
		return f
	}
	f.Text = d.command("pub" + shellWords(append(words, flags...)...))
	return f
}

// pasteable says why arguments cannot stand in a command; "": they can.
func (d Detail) pasteable(args []string) string {
	for _, arg := range args {
		switch {
		case !utf8.ValidString(arg):
			return d.t("copy.binary")
		case !survivesPaste(arg):
			return d.t("copy.controls")
		case len(arg) > maxArgument:
			return d.t("copy.long")
		}
	}
	return ""
}

// asGRPCurl carries every message that is not too long: its data are in base64.
func (d Detail) asGRPCurl() copyForm {
	f := copyForm{ID: "grpcurl", Label: "grpcurl"}
	request := d.requestJSON()
	if f.Why = d.pasteable([]string{request}); f.Why == "" {
		f.Text = "grpcurl" + shellWords("-plaintext", "-d", request, cmp.Or(d.GRPC, "localhost:50074"), "linger.v1.PublishService/Publish")
	}
	return f
}

// requestJSON is a PublishRequest as protobuf writes it in JSON.
func (d Detail) requestJSON() string {
	type message struct {
		Key        string            `json:"key,omitempty"`
		Attributes map[string]string `json:"attributes,omitempty"`
		Data       []byte            `json:"data,omitempty"`
	}
	type batch struct {
		Topic    string    `json:"topic"`
		TTL      string    `json:"ttl"`
		Messages []message `json:"messages"`
	}
	one := message{Key: d.Message.Key, Data: d.Message.Data}
	for _, a := range d.Message.Attributes {
		if one.Attributes == nil {
			one.Attributes = map[string]string{}
		}
		one.Attributes[a.Key] = a.Value
	}
	ttl := d.Message.granted()
	return plainJSON(map[string][]batch{"batches": {{
		Topic: d.Topic, Messages: []message{one},
		TTL: fmt.Sprintf("%d.%03ds", ttl/time.Second, ttl%time.Second/time.Millisecond),
	}}})
}

// plainJSON writes a value as JSON in which no character is hidden or means something to a terminal.
func plainJSON(v any) string {
	var encoded bytes.Buffer
	e := json.NewEncoder(&encoded)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // texts and bytes: there is always a way to write them
	}
	var b strings.Builder
	for _, r := range strings.TrimSuffix(encoded.String(), "\n") {
		if r < 0x10000 && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// asCurl posts the form.
func (d Detail) asCurl() copyForm {
	f := copyForm{ID: "curl", Label: "curl"}
	body := formValue(FieldMessage, string(d.Message.Data))
	for _, a := range d.Message.Attributes {
		body = append(body, formValue(FieldAttrKey, a.Key)...)
		body = append(body, formValue(FieldAttrValue, a.Value)...)
	}
	if f.Why = d.pasteable(body); f.Why != "" {
		return f
	}
	// Asked for JSON the server takes line breaks as they are, and answers with what became of the message.
	args := append([]string{"-H", "Accept: application/json", "-d", "topic=" + d.Topic, "-d", "ttl=" + commandTTL(d.Message.granted())}, body...)
	f.Text = "curl" + shellWords(append(args, cmp.Or(d.Origin, "http://localhost:8080")+"/publish")...)
	return f
}

// formValue are curl's arguments for a field of the form. What a terminal would not hand on is percent-encoded: less to
// read, and carries every byte.
func formValue(field, value string) []string {
	if survivesPaste(value) {
		return []string{"--data-urlencode", field + "=" + value}
	}
	return []string{"-d", field + "=" + url.QueryEscape(value)}
}

// bare says that curl leaves the ordering key out.
func (d Detail) bare() bool { return d.Message.Key != "" }

// copyJSON is a text for an attribute of the page. HTML itself would turn a carriage return into a line feed and has no NUL.
func (f copyForm) copyJSON() string {
	return plainJSON(f.Text)
}

// missing is true for a form that cannot be had, as ARIA writes it.
func (f copyForm) missing() string {
	return strconv.FormatBool(f.Why != "")
}
