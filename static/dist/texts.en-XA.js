globalThis.lingerTexts={tag:"en-XA",texts:{
"banner.crowded":"⟦Too many Linger tabs for one browser over plain HTTP: this one is not live. Close one.⟧",
"demo.failed":"⟦The demo stopped: {problem} What it sent goes in {left}.⟧",
"demo.left":"⟦Demo, {seconds} s left⟧",
"demo.over":"⟦The demo is over. Its last message goes in {left}, then the server is as empty as before. Nothing to clean up.⟧",
"demo.stopped":"⟦The demo is stopped; what it sent is gone.⟧",
"mark.connecting":"⟦Connecting⟧",
"mark.crowded":"⟦Not live⟧",
"mark.live":"⟦Live⟧",
"mark.reconnecting":"⟦Reconnecting ({n})⟧",
"mark.recovering":"⟦Recovering⟧",
"mark.stale":"⟦Stale {s} s⟧",
"mark.stopped":"⟦Stopped {time}⟧",
}};
