import{a as r}from"./shared-3UEDGVV3.js";import{F as o}from"./shared-M4YR6XYP.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
