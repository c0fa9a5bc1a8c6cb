import{a as r}from"./shared-OAOJA5JV.js";import{O as o}from"./shared-5QNGV3YT.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
