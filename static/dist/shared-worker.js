import{a as n}from"./shared-OAOJA5JV.js";import{O as o}from"./shared-5QNGV3YT.js";var t=new n(o(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
