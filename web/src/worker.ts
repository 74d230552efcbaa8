/** The worker: fetches an image, boots a system over it and connects one program to the page's terminal. */
import { bootInBrowser, startStatistics, statisticsText, type GuestProcess } from 'ringfence/browser';
import { download } from './download.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** At most this much output is under way to the screen; then the program waits. */
const MAX_UNSEEN_BYTES = 128 * 1024;
const PROGRESS_STEP_BYTES = 1024 * 1024;

const send = (message: FromWorker): void => postMessage(message);
let guest: GuestProcess | undefined;
let unseenBytes = 0;
let onShown: (() => void) | undefined;

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case 'start':
      start(data).catch((error: unknown) => send({ kind: 'failed', text: describe(error) }));
      break;
    case 'input':
      void guest?.stdin.write(data.text);
      break;
    case 'resize':
      guest?.resize(data.columns, data.rows);
      break;
    case 'shown':
      unseenBytes -= data.bytes;
      onShown?.();
      break;
  }
};

async function start(request: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  const { imageUrl, memoryBytes, argv, columns, rows } = request;
  send({ kind: 'status', text: 'Fetching the image …' });
  let shownAt = -PROGRESS_STEP_BYTES;
  const image = await download(imageUrl, (done, total) => {
    if (done < shownAt + PROGRESS_STEP_BYTES && done !== total) return;
    shownAt = done;
    send({ kind: 'progress', done, total });
  });
  send({ kind: 'status', text: 'Booting …' });
  const system = bootInBrowser({ image, memoryBytes });
  const statistics = request.statistics ? startStatistics(system) : undefined;
  guest = system.spawn(argv, {
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
    },
    cwd: '/root',
    terminal: { columns, rows },
    haltOnExit: true,
  });
  send({ kind: 'status', text: 'Running' });
  for await (const bytes of guest.stdout) {
    show(bytes);
    while (unseenBytes > MAX_UNSEEN_BYTES) await new Promise<void>((resolve) => (onShown = resolve));
  }
  const { exitCode, reason } = await guest.exited;
  if (statistics) show(new TextEncoder().encode(statisticsText(statistics.read()).replaceAll('\n', '\r\n')));
  send({ kind: 'exited', exitCode, reason: reason?.kind === 'oops' ? reason.report : null });
}

function show(bytes: Uint8Array): void {
  unseenBytes += bytes.length;
  send({ kind: 'output', bytes });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'BootError' || error instanceof RangeError
    ? `${error.message}. Close other tabs, or add ?memory=128 (in MiB) to the address and reload.`
    : error.message;
}
