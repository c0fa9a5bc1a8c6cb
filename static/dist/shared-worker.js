import{a as o}from"./shared-A3XDVBYG.js";import{F as n}from"./shared-MZRAK5VS.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
