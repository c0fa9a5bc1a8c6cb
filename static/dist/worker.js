import{a as r}from"./shared-XP3RTZOM.js";import{N as o}from"./shared-ELQM3LL5.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
