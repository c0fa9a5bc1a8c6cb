package e2e

import (
	"fmt"
	"testing"
	"time"

	"linger/test/process"
)

// latin lists the words of Latin letters that a page says in its own voice: not what was published, which stands in bdi,
// code and fields, nor names and units.
const latin = `(() => {
	const neutral = new Set(["Linger", "UTC", "Esc", "kB", "KiB", "MB", "MiB", "GB", "GiB", "English", "JSON", "linger", "messages", "json", "import"]);
	const foreign = (node) => node.closest("bdi, code, pre, textarea, script, template, .mono, [hidden], [title='English']") !== null;
	const published = new Set();
	for (const element of document.querySelectorAll("bdi, code")) for (const word of element.textContent.match(/\p{L}+/gu) ?? []) published.add(word);
	const said = [document.title];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) if (!foreign(walk.currentNode.parentElement)) said.push(walk.currentNode.data);
	for (const element of document.querySelectorAll("[aria-label], [aria-valuetext], [title], [placeholder]")) {
		if (foreign(element)) continue;
		for (const name of ["aria-label", "aria-valuetext", "title", "placeholder"]) said.push(element.getAttribute(name) ?? "");
	}
	return said.filter((text) => (text.match(/[A-Za-z]{2,}/g) ?? []).some((word) => !neutral.has(word) && !published.has(word)));
})()`

// isChinese waits until a page says nothing in English: what has just been taken over may be about to be written.
func (b *tab) isChinese(where string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		said, err := tryEval[[]string](b, latin)
		if err == nil && len(said) > 0 {
			err = fmt.Errorf("%s says %q", where, said)
		}
		return err
	})
}

// The pages speak Chinese to who asks for it: what the server renders, what the script writes, and every accessible name.
// The choice is made once.
func TestChinese(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", 3*time.Hour, "", "\x89PNG\r\n\x1a\n\x00\x00")
	b := newPerson(t).live(s, "/")
	b.find("link", "中文").click()
	b.connected("实时")
	if at := eval[string](b, `location.pathname + location.search + document.documentElement.lang`); at != "/zh-CN" {
		t.Errorf("the choice led to %q", at)
	}
	s.publish("orders", time.Second, "ends soon")
	b.find("combobox", "主题").fill("hello")
	b.find("textbox", "消息").fill("再见")
	b.find("textbox", "保留时间，手动输入").fill("2 小时 30 分钟")
	if says := eval[string](b, `document.querySelector("#ttl").getAttribute("aria-label")`); says != "保留时间" {
		t.Errorf("the slider is named %q", says)
	}
	b.find("button", "发布").click()
	b.says("保留 2 小时 30 分钟，到")
	b.holds("保留中", 1, "再见")
	b.holds("实时", 1, "再见", "保留 2 小时 30 分钟")
	b.holds("保留中", 1, "（空）")
	b.holds("保留中", 1, "二进制数据，10 B：89 50 4e 47")
	b.holds("实时", 1, "ends soon", "消失")
	b.isChinese("the front page")

	for _, path := range []string{"/topics", "/topics/hello", "/topics/hello/1", "/topics/orders/3", "/没有/这一页"} {
		b.load(s.URL(path))
		b.isChinese(path)
	}
	b.load(s.URL("/topics/hello"))
	b.connected("实时")
	b.find("textbox", "保留时间，手动输入").fill("5 weeks")
	b.find("button", "发布").click()
	b.says("保留时间：“weeks”不是单位。")

	b.find("link", "English").click()
	b.connected("Live")
	b.holds("Retained", 1, "再见")
}

// The zone in the bar goes round, and all times with it; the choice stays in this browser.
func TestZones(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("hello", time.Hour, "Hello")
	b := newPerson(t).live(s, "/")
	at := func() string { return eval[string](b, `document.querySelector("#live time.at").innerText`) }
	shows := func(zone, like string) {
		t.Helper()
		process.Eventually(t, patience, func() error {
			said, err := tryEval[bool](b, `document.querySelector(".zone .text").textContent.startsWith(`+js(zone)+`) &&
				/^`+like+`$/.test(document.querySelector("#live time.at").innerText)`)
			if err == nil && !said {
				err = fmt.Errorf("with %s a row came at %q", zone, at())
			}
			return err
		})
	}
	const clockLike, ago = `\d\d:\d\d:\d\d`, `\d+ (s|min) ago`
	shows("Local", clockLike)
	b.find("button", "Time zone: Local, UTC").click()
	shows("UTC", clockLike)
	eval[any](b, `document.activeElement.blur()`)
	b.keys("t")
	shows("Relative", ago)
	b.load(s.URL("/topics/hello/1"))
	b.says("s ago")
	b.load(s.URL("/"))
	b.connected("Live")
	shows("Relative", ago)
	b.keys("t")
	shows("Local", clockLike)

	// On a phone Help has what the bar has no room for.
	b.size(390, 664)
	b.load(s.URL("/help"))
	b.find("button", "Time zone: Local, UTC").click()
	b.find("button", "Time zone: UTC")
	b.load(s.URL("/"))
	b.connected("Live")
	shows("UTC", clockLike)
}
