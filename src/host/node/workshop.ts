/** The workshop on Node: a worker thread that does not hold the process. Interface: nodeWorkshops. See host/workshop.ts. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Workshops, type ModuleMessage } from '../workshop.ts';
import { nativeModule } from './native-code.ts';

/** As seen from dist/host/node/workshop.js and from the bundle, in one file where that is built, as it starts in half the time. */
const PLACES = ['../../bundle/workshop-thread.cjs', './workshop-thread.cjs', './workshop-thread.js'];

export const nodeWorkshops = new Workshops(({ isUp, came, broke }) => {
  const file = PLACES.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (!file) return undefined;
  const worker = new Worker(file);
  worker.once('online', isUp);
  worker.on('message', (message: ModuleMessage) => came(message));
  worker.once('error', broke);
  worker.unref();
  return {
    send: (message) => worker.postMessage(message),
    close: () => void worker.terminate(),
  };
}, nativeModule);
