/**
 * The event loop of a page or worker. Interface: browserEventLoop.
 * A message channel comes round at once, where setTimeout would wait for 4 ms.
 */
import type { EventLoop } from '../event-loop.ts';

const channel = new MessageChannel();
const pending: (() => void)[] = [];
channel.port1.onmessage = () => pending.shift()?.();

export const browserEventLoop: EventLoop = {
  soon: (callback) => {
    pending.push(callback);
    channel.port2.postMessage(0);
  },
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
