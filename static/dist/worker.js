import{a as r}from"./shared-X7YEIBM5.js";import{N as o}from"./shared-ISFJFN5J.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
