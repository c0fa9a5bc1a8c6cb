// Before the page's own script: a demo that was played on this tab, and is over.
{
  const now = Date.now();
  const sent = [{ topic: "demo.orders", sequence: 1, expires: now + 72_000 }];
  sessionStorage.setItem("linger-demo", JSON.stringify({ begun: now - 61_000, until: 60_000, over: true, stopped: false, problem: "", sent }));
}
