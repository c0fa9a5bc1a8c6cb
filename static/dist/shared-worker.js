import{a as o}from"./shared-HAOLF5VJ.js";import{E as n}from"./shared-K4D2ZOTU.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
