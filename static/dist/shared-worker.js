import{a as n}from"./shared-37LPAH5Q.js";import{O as o}from"./shared-WBC7CTUO.js";var t=new n(o(location.origin));setInterval(()=>t.check(),5e3);globalThis.onconnect=e=>{t.join(e.ports[0])};
//# sourceMappingURL=shared-worker.js.map
