import{a as o}from"./shared-3UEDGVV3.js";import{F as n}from"./shared-M4YR6XYP.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
