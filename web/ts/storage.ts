// What this browser keeps for the pages: small choices, never a message.

// storage is undefined where pages may keep nothing.
export function storage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
