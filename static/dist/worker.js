import{a as r}from"./shared-A3XDVBYG.js";import{F as o}from"./shared-MZRAK5VS.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
