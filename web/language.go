package web

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"github.com/a-h/templ"

	"linger/static"
	"linger/web/texts"
)

// t writes a text of the catalogue in the page's language: p.t("bar.allTopics", "count", 12). Every word that people read
// on a page comes from here; texts.Language.Text says what the values may be.
func (p Page) t(key string, values ...any) string {
	return p.Language.Text(key, values...)
}

// rich is t for a text with markup in it: values may be components.
func (p Page) rich(key string, values ...any) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, piece := range p.Language.Pieces(key, values...) {
			if c, ok := piece.(templ.Component); ok {
				if err := c.Render(ctx, w); err != nil {
					return err
				}
			} else if _, err := io.WriteString(w, templ.EscapeString(fmt.Sprint(piece))); err != nil {
				return err
			}
		}
		return nil
	})
}

// title is what a page is called in its tab.
func (p Page) title(key string) string {
	return p.t(key) + " — Linger"
}

// inLanguage is the page's own address with the wish for a language, which the server keeps in a cookie.
func (p Page) inLanguage(l texts.Language) templ.SafeURL {
	u, err := url.Parse(p.Path)
	if err != nil || ReturnPath(p.Path, "") != p.Path {
		u = &url.URL{Path: "/"}
	}
	q := u.Query()
	q.Set("lang", l.Tag())
	u.RawQuery = q.Encode()
	return templ.URL(u.String())
}

// scriptTexts is the file with the texts that the script needs.
func (p Page) scriptTexts() string {
	return static.Path("dist/texts." + p.Language.Tag() + ".js")
}
