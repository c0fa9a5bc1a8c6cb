import{a as r}from"./shared-JY32NTC4.js";import{O as o}from"./shared-6PHQMV6M.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
