import{a as o}from"./shared-ISSJKWQV.js";import{O as n}from"./shared-5QNGV3YT.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
