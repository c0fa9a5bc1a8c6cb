// Before the page's own script: a browser without shared workers, whose connections are all in use by other tabs.
delete globalThis.SharedWorker;
for (let place = 0; place < 5; place++) navigator.locks.request(`linger-stream-${place}`, () => new Promise(() => {}));
