// The worker that all tabs of a browser share: one stream for all of them, since a browser opens six connections to a
// host over plain HTTP, for all its tabs together.
import { Hub } from "./hub";
import { watchServer } from "./stream";
import type { Port } from "./tab";

const hub = new Hub(watchServer(location.origin));
setInterval(() => hub.check(), 5000);

// The type checker's library is the page's; only this much of a shared worker's own is needed.
(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  hub.join(event.ports[0] as unknown as Port);
};
