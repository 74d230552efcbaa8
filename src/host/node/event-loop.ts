/** Node's event loop. Interface: nodeEventLoop. */
import type { EventLoop } from '../event-loop.ts';

export const nodeEventLoop: EventLoop = {
  soon: (callback) => void setImmediate(callback),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
