/** The workshop in a page: a worker beside the one in which the system runs. Interface: browserWorkshops. See host/workshop.ts. */
import { Workshops, type ModuleMessage } from '../workshop.ts';

export const browserWorkshops = new Workshops(({ isUp, came, broke }) => {
  if (typeof Worker === 'undefined') return undefined;
  // Bundlers know this form.
  const worker = new Worker(new URL('./workshop-thread.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<ModuleMessage>) => came(data);
  worker.onerror = broke;
  // Orders wait in its queue until it has been loaded.
  isUp();
  return {
    send: (message) => worker.postMessage(message),
    close: () => worker.terminate(),
  };
});
