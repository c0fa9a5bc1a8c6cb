globalThis.lingerTexts={tag:"zh-CN",texts:{
"banner.crowded":"同一浏览器经普通 HTTP 打开的 Linger 标签页太多，本页不是实时的。请关闭一个。",
"demo.failed":"演示中止：{problem} 它发布的消息还剩 {left}。",
"demo.left":"演示还剩 {seconds} 秒",
"demo.over":"演示结束。它的最后一条消息还剩 {left}，之后服务器和之前一样空，无需清理。",
"demo.stopped":"演示已停止，它发布的消息都已消失。",
"mark.connecting":"正在连接",
"mark.crowded":"未连接",
"mark.live":"实时",
"mark.reconnecting":"正在重连（{n}）",
"mark.recovering":"正在恢复",
"mark.stale":"{s} 秒无更新",
"mark.stopped":"{time} 已停止",
}};
