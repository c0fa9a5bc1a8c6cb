import{a as n}from"./shared-RXLZ3UZH.js";import{O as o}from"./shared-4FVICZQH.js";var t=new n(o(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
