globalThis.lingerTexts={tag:"en",texts:{
"banner.crowded":"Too many Linger tabs for one browser over plain HTTP: this one is not live. Close one.",
"mark.connecting":"Connecting",
"mark.crowded":"Not live",
"mark.live":"Live",
"mark.reconnecting":"Reconnecting ({n})",
"mark.recovering":"Recovering",
"mark.stale":"Stale {s} s",
"mark.stopped":"Stopped {time}",
}};
