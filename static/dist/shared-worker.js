import{a as o}from"./shared-X7YEIBM5.js";import{N as n}from"./shared-ISFJFN5J.js";var t=new o(n(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
