import{a as r}from"./shared-QVGYQUDY.js";import{F as o}from"./shared-YG746I7Z.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
