import{a as r}from"./shared-HAOLF5VJ.js";import{E as o}from"./shared-K4D2ZOTU.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
