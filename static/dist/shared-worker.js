import{a as o}from"./shared-XP3RTZOM.js";import{N as n}from"./shared-ELQM3LL5.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
