// The worker of one tab, where the browser has no shared workers: the same hub with one tab.
import { Hub } from "./hub";
import { watchServer } from "./stream";
import type { Port } from "./tab";

const hub = new Hub(watchServer(location.origin));
setInterval(() => hub.check(), 5000);
hub.join(globalThis as unknown as Port);
