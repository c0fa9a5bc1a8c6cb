import{a as o}from"./shared-JY32NTC4.js";import{O as n}from"./shared-6PHQMV6M.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
