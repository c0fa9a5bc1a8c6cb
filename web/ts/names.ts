// Topic names and patterns, as the server reads them.

// matches says whether a topic's name fits a pattern: `*` stands for one token, a final `>` for one or more.
export function matches(pattern: string, topic: string): boolean {
  if (pattern === ">" || pattern === topic) return true;
  const want = pattern.split(".");
  const have = topic.split(".");
  for (let i = 0; i < want.length; i++) {
    if (want[i] === ">" && i === want.length - 1) return have.length > i;
    if (i >= have.length || (want[i] !== "*" && want[i] !== have[i])) return false;
  }
  return want.length === have.length;
}

// isPattern says whether a scope is more than one topic.
export function isPattern(scope: string): boolean {
  return scope.split(".").some((token) => token === "*" || token === ">");
}

// topicPath is the address of a topic's page, of a message's with a sequence.
export function topicPath(topic: string, sequence?: number): string {
  return `/topics/${encodeURIComponent(topic)}${sequence === undefined ? "" : `/${sequence}`}`;
}

// messageAt is the message whose page is at an address; undefined: another page is.
export function messageAt(address: string): { topic: string; sequence: number } | undefined {
  const [, topic, sequence] = /^\/topics\/([^/]+)\/(\d+)$/.exec(new URL(address).pathname) ?? [];
  return topic && sequence ? { topic: decodeURIComponent(topic), sequence: Number(sequence) } : undefined;
}
