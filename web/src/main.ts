/**
 * The page: a terminal in front of a system that runs in a worker.
 * Query: ?image=URL of an image file (default /images/debian-riscv64.rfi), ?command=program (default bash).
 */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { FromWorker, ToWorker } from './messages.ts';
import './style.css';

const query = new URLSearchParams(location.search);
const status = document.getElementById('status')!;
const terminal = new Terminal({ screenReaderMode: true, cursorBlink: true, scrollback: 5000 });
const fit = new FitAddon();
terminal.loadAddon(fit);
terminal.open(document.getElementById('terminal')!);
fit.fit();

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const send = (message: ToWorker): void => worker.postMessage(message);

worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
  switch (data.kind) {
    case 'status':
      status.textContent = data.text;
      break;
    case 'output':
      terminal.write(data.bytes);
      break;
    case 'exited':
      status.textContent = `The program ended with status ${data.exitCode}. Reload the page to start again.`;
      break;
    case 'failed':
      status.textContent = data.text;
      status.setAttribute('role', 'alert');
      break;
  }
};
worker.onerror = (event) => {
  status.textContent = `The system stopped: ${event.message}`;
};
terminal.onData((text) => send({ kind: 'input', text }));
terminal.onResize(({ cols, rows }) => send({ kind: 'resize', columns: cols, rows }));
addEventListener('resize', () => fit.fit());
send({
  kind: 'start',
  imageUrl: query.get('image') ?? '/images/debian-riscv64.rfi',
  argv: (query.get('command') ?? 'bash').split(' '),
  columns: terminal.cols,
  rows: terminal.rows,
});
terminal.focus();
