import{a as r}from"./shared-37LPAH5Q.js";import{O as o}from"./shared-WBC7CTUO.js";var t=new r(o(location.origin));setInterval(()=>t.check(),5e3);t.join(globalThis);
//# sourceMappingURL=worker.js.map
