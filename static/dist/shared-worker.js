import{a as o}from"./shared-QVGYQUDY.js";import{F as n}from"./shared-YG746I7Z.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
