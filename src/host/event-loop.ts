/** What the host needs of its event loop. Interface: EventLoop. Adapters: node/event-loop.ts, browser/event-loop.ts. */
export interface EventLoop {
  /** Calls back after input and output had their turn, as soon as possible. */
  soon(callback: () => void): void;
  /** Calls back after `ms` milliseconds; the result cancels it. */
  after(ms: number, callback: () => void): () => void;
}
