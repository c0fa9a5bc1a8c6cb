import{a as r}from"./shared-RXLZ3UZH.js";import{O as o}from"./shared-4FVICZQH.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
