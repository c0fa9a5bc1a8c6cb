package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"linger/test/process"
)

// patience is how long a test waits for what should be there at once.
const patience = process.Patience

// control is something on the page, found as a screen reader would name it.
type control struct {
	b          *tab
	role, name string
	node       cdp.BackendNodeID
	ax         *accessibility.Node
}

// find returns the one control of this role and accessible name, waiting until it is there.
func (b *tab) find(role, name string) *control {
	b.t.Helper()
	var c *control
	process.Eventually(b.t, patience, func() (err error) {
		c, err = b.look(role, name)
		return err
	})
	return c
}

// look is find without waiting.
func (b *tab) look(role, name string) (*control, error) {
	found, err := b.all(role, name)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d of %s %q on the page", len(found), role, name)
	}
	return found[0], nil
}

// all returns every control of this role and, unless it is empty, this accessible name. What is hidden from a screen reader is
// not among them.
func (b *tab) all(role, name string) ([]*control, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	root, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	if err != nil {
		return nil, err
	}
	tree, err := chromedp.Call(ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
		ObjectID: root.Result.ObjectID, Role: role, AccessibleName: name,
	})
	if err != nil {
		return nil, err
	}
	var found []*control
	for _, n := range tree.Nodes {
		if !n.Ignored && n.BackendDOMNodeID != 0 {
			found = append(found, &control{b: b, role: role, name: name, node: n.BackendDOMNodeID, ax: n})
		}
	}
	return found, nil
}

// gone waits until there is no such control.
func (b *tab) gone(role, name string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		found, err := b.all(role, name)
		if err == nil && len(found) > 0 {
			err = fmt.Errorf("%s %q is still there", role, name)
		}
		return err
	})
}

// value is the control's value as the accessibility tree has it, description what it is described by.
func (c *control) value() string       { return axText(c.ax.Value) }
func (c *control) description() string { return axText(c.ax.Description) }

func axText(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	if json.Unmarshal(v.Value, &s) == nil {
		return s
	}
	return string(v.Value)
}

// callOn calls a function of the page with the control as this.
func callOn[T any](c *control, function string, args ...any) T {
	c.b.t.Helper()
	v, err := tryCallOn[T](c, function, args...)
	if err != nil {
		c.b.t.Fatalf("%s %q: %v", c.role, c.name, err)
	}
	return v
}

func tryCallOn[T any](c *control, function string, args ...any) (v T, err error) {
	ctx, cancel := context.WithTimeout(c.b.ctx, patience)
	defer cancel()
	object, err := chromedp.Call(ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: c.node})
	if err != nil {
		return v, err
	}
	params := runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: object.Object.ObjectID, ReturnByValue: new(true), AwaitPromise: new(true)}
	for _, a := range args {
		params.Arguments = append(params.Arguments, &runtime.CallArgument{Value: jsonv2.Value(js(a))})
	}
	result, err := chromedp.Call(ctx, runtime.CallFunctionOn, params)
	if err != nil {
		return v, err
	}
	if result.ExceptionDetails != nil {
		return v, errors.New(exceptionText(result.ExceptionDetails))
	}
	if len(result.Result.Value) == 0 {
		return v, nil
	}
	return v, json.Unmarshal(result.Result.Value, &v)
}

// box is a rectangle on the screen.
type box struct{ X, Y, Width, Height float64 }

func (r box) centre() (x, y float64) { return r.X + r.Width/2, r.Y + r.Height/2 }

// box is where the control is, scrolled into view.
func (c *control) box() box {
	return callOn[box](c, `function() {
		this.scrollIntoView({ block: "nearest" });
		const { x: X, y: Y, width: Width, height: Height } = this.getBoundingClientRect();
		return { X, Y, Width, Height };
	}`)
}

// click moves the mouse to the control's middle and presses it.
func (c *control) click(options ...chromedp.MouseOption) {
	c.b.t.Helper()
	x, y := c.box().centre()
	c.b.mouse(chromedp.MouseMoved, x, y)
	c.b.do(chromedp.MouseClickXY(x, y, options...))
}

// shifted is a click while Shift is held down.
var shifted = chromedp.ButtonModifiers(chromedp.ModifierShift)

// fill replaces the text of a field, by keys.
func (c *control) fill(text string) {
	c.b.t.Helper()
	c.focus()
	callOn[any](c, `function() { this.select() }`)
	if text == "" {
		c.b.keys(kb.Delete)
		return
	}
	c.b.do(call(input.InsertText, input.InsertTextParams{Text: text}))
}

func (c *control) focus() {
	c.b.t.Helper()
	c.b.do(call(dom.Focus, dom.FocusParams{BackendNodeID: c.node}))
}

// keys presses keys, one after the other, wherever the focus is.
func (b *tab) keys(keys ...string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(strings.Join(keys, "")))
}

// mouse sends one event of the mouse.
func (b *tab) mouse(kind input.DispatchMouseEventType, x, y float64, options ...chromedp.MouseOption) {
	b.t.Helper()
	b.do(chromedp.MouseEvent(kind, x, y, options...))
}

// drag presses the left button, moves in steps, and calls held, if there is one, before it lets go.
func (b *tab) drag(fromX, fromY, toX, toY float64, held func()) {
	b.t.Helper()
	const steps = 12
	b.mouse(chromedp.MouseMoved, fromX, fromY)
	b.mouse(chromedp.MousePressed, fromX, fromY, chromedp.ButtonLeft)
	for i := 1; i <= steps; i++ {
		f := float64(i) / steps
		b.mouse(chromedp.MouseMoved, fromX+(toX-fromX)*f, fromY+(toY-fromY)*f, chromedp.ButtonLeft, func(p *input.DispatchMouseEventParams) { p.Buttons = 1 })
	}
	if held != nil {
		held()
	}
	b.mouse(chromedp.MouseReleased, toX, toY, chromedp.ButtonLeft)
}

// focused tells role and accessible name of what has the focus.
func (b *tab) focused() (role, name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	active, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.activeElement"})
	if err != nil {
		b.t.Fatal(err)
	}
	tree, err := chromedp.Call(ctx, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{
		ObjectID: active.Result.ObjectID, FetchRelatives: new(false),
	})
	if err != nil || len(tree.Nodes) == 0 {
		b.t.Fatalf("what has the focus: %v", err)
	}
	return axText(tree.Nodes[0].Role), axText(tree.Nodes[0].Name)
}
