/** The worker: fetches an image, boots a system over it and connects one program to the page's terminal. */
import { bootInBrowser, type GuestProcess } from 'ringfence/browser';
import type { FromWorker, ToWorker } from './messages.ts';

const MEMORY_BYTES = 512 * 1024 * 1024;
const send = (message: FromWorker): void => postMessage(message);
let guest: GuestProcess | undefined;

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case 'start':
      start(data).catch((error: unknown) =>
        send({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }),
      );
      break;
    case 'input':
      void guest?.stdin.write(data.text);
      break;
    case 'resize':
      guest?.resize(data.columns, data.rows);
      break;
  }
};

async function start({ imageUrl, argv, columns, rows }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  const image = await download(imageUrl);
  send({ kind: 'status', text: 'Booting …' });
  const system = bootInBrowser({ image, memoryBytes: MEMORY_BYTES });
  guest = system.spawn(argv, {
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      TERM: 'xterm-256color',
    },
    cwd: '/root',
    terminal: { columns, rows },
    haltOnExit: true,
  });
  send({ kind: 'status', text: `Running ${argv.join(' ')}` });
  for await (const bytes of guest.stdout) send({ kind: 'output', bytes });
  const { exitCode } = await guest.exited;
  send({ kind: 'exited', exitCode });
}

async function download(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    throw new Error(`The image ${url} cannot be fetched (${response.status}). Build it with: ringfence image build`);
  }
  const total = Number(response.headers.get('content-length') ?? 0);
  const chunks: Uint8Array[] = [];
  let done = 0;
  const reader = response.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const chunk = read.value;
    chunks.push(chunk);
    done += chunk.length;
    const share = total > 0 ? `${Math.floor((100 * done) / total)} %` : `${(done / 1e6).toFixed(0)} MB`;
    send({ kind: 'status', text: `Fetching the image: ${share}` });
  }
  const whole = new Uint8Array(done);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
