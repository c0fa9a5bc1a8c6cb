globalThis.lingerTexts={tag:"zh-CN",texts:{
"banner.crowded":"同一浏览器经普通 HTTP 打开的 Linger 标签页太多，本页不是实时的。请关闭一个。",
"mark.connecting":"正在连接",
"mark.crowded":"未连接",
"mark.live":"实时",
"mark.reconnecting":"正在重连（{n}）",
"mark.recovering":"正在恢复",
"mark.stale":"{s} 秒无更新",
"mark.stopped":"{time} 已停止",
}};
