// Does on a page what its state needs a person for: a line each of data-acts, once the page's own script has taken over.
//
//	focus SELECTOR        click SELECTOR        fill SELECTOR TEXT
//	wait MILLISECONDS     (for what is read when the page begins)
//	scroll SELECTOR PX    every MILLISECONDS click SELECTOR
//	key NAME              hover SELECTOR X      drag SELECTOR X X      (X a share of the element's width)
(() => {
  const acts = document.currentScript.dataset.acts.split("\n").map((line) => line.split(" "));

  const wide = ["focus", "click"]; // what takes a selector with spaces in it
  const act = ([what, first, ...others]) => {
    const [name, ...rest] = wide.includes(what) ? [[first, ...others].join(" ")] : [first, ...others];
    if (what === "key") {
      const on = document.activeElement ?? document.body;
      for (const type of ["keydown", "keyup"]) on.dispatchEvent(new KeyboardEvent(type, { key: name === "Space" ? " " : name, bubbles: true, cancelable: true }));
      return;
    }
    const element = document.querySelector(name);
    if (!element) throw new Error(`nothing fits ${name}`);
    if (what === "focus") element.focus();
    if (what === "click") element.click();
    if (what === "fill") {
      element.value = rest.join(" ").replaceAll("\\n", "\n");
      element.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (what === "scroll") element.scrollTop = Number(rest[0]);
    const { left, top, width, height } = element.getBoundingClientRect();
    const point = (type, share, buttons) => {
      const at = { clientX: left + width * share, clientY: top + height / 2, bubbles: true, buttons, pointerId: 1, isPrimary: true };
      element.dispatchEvent(new PointerEvent(type, at));
    };
    const [from, to] = rest.map(Number);
    if (what === "hover") for (const type of ["pointerover", "pointermove", "mousemove"]) point(type, from, 0);
    if (what === "drag") {
      element.setPointerCapture = () => {}; // there is no such pointer
      point("pointerdown", from, 1);
      point("pointermove", (from + to) / 2, 1);
      point("pointermove", to, 1);
      point("pointerup", to, 0);
    }
  };

  // again clicks now and then what there is to click.
  const again = (every, [, ...selector]) => {
    const click = () => document.querySelector(selector.join(" "))?.click();
    click();
    setInterval(click, every);
  };

  const live = () => {
    const mark = document.querySelector("#mark");
    return !document.querySelector("#retained") || (document.querySelector("#main[data-ready]") && mark?.dataset.state === "live");
  };
  const begin = async () => {
    if (!live()) return setTimeout(begin, 50);
    for (const line of acts) {
      if (line[0] === "wait") await new Promise((done) => setTimeout(done, Number(line[1])));
      else if (line[0] === "every") again(Number(line[1]), line.slice(2));
      else act(line);
    }
    document.documentElement.dataset.acted = "";
  };
  begin();
})();
