/**
 * The page: a terminal in front of a system that runs in a worker.
 * Query: ?image=URL of an image file, ?command=a line for the shell instead of a shell, ?memory=RAM in MiB, ?stats: at the end, what was
 * done in numbers.
 */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { FromWorker, ToWorker } from './messages.ts';
import './style.css';

const DEFAULT_MEMORY_MIB = 512;
const BYTES_PER_MIB = 1024 * 1024;

const query = new URLSearchParams(location.search);
const status = document.getElementById('status')!;
const progress = document.getElementById('progress') as HTMLProgressElement;
const restart = document.getElementById('restart') as HTMLButtonElement;
const place = document.getElementById('terminal')!;

const terminal = new Terminal({
  screenReaderMode: true,
  cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
  scrollback: 5000,
});
const fit = new FitAddon();
terminal.loadAddon(fit);
terminal.open(place);
fit.fit();

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const send = (message: ToWorker): void => worker.postMessage(message);

worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
  switch (data.kind) {
    case 'status':
      status.textContent = data.text;
      progress.hidden = true;
      break;
    case 'progress':
      progress.hidden = false;
      if (data.total > 0) progress.max = data.total;
      if (data.total > 0) progress.value = data.done;
      progress.textContent = `${megabytes(data.done)} of ${data.total > 0 ? megabytes(data.total) : 'an unknown size'}`;
      progress.title = progress.textContent;
      break;
    case 'output':
      terminal.write(data.bytes, () => send({ kind: 'shown', bytes: data.bytes.length }));
      break;
    case 'exited':
      end(
        data.reason === null
          ? `The program ended with status ${data.exitCode}.`
          : `The system stopped. This is a fault of Ringfence:\n${data.reason}`,
      );
      break;
    case 'failed':
      end(data.text, true);
      break;
  }
};
worker.onerror = (event) => end(`The system stopped: ${event.message || 'its worker could not be started'}`, true);

terminal.onData((text) => send({ kind: 'input', text }));
terminal.onResize(({ cols, rows }) => send({ kind: 'resize', columns: cols, rows }));
// Programs get every other key, Tab too; Ctrl+F6 leaves the terminal.
let isKeyDown = false;
terminal.attachCustomKeyEventHandler((event) => {
  isKeyDown = event.type === 'keydown' || (isKeyDown && event.type !== 'keyup');
  if (event.type !== 'keydown' || event.key !== 'F6' || !event.ctrlKey) return true;
  event.preventDefault();
  restart.focus();
  return false;
});
// In screen-reader mode xterm.js drops text that comes without a key: from an emoji picker, dictation or a switch device.
terminal.textarea?.addEventListener('input', (event) => {
  const { inputType, data } = event as InputEvent;
  if (inputType === 'insertText' && data !== null && !isKeyDown) terminal.input(data);
});
new ResizeObserver(() => fit.fit()).observe(place);
restart.onclick = () => location.reload();

const command = query.get('command');
send({
  kind: 'start',
  imageUrl: new URL(query.get('image') ?? 'images/debian-riscv64.rfi', document.baseURI).href,
  memoryBytes: memoryMib() * BYTES_PER_MIB,
  argv: command === null ? ['bash'] : ['bash', '-c', command],
  columns: terminal.cols,
  rows: terminal.rows,
  statistics: query.has('stats'),
});
terminal.focus();

function memoryMib(): number {
  const wanted = Number(query.get('memory') ?? DEFAULT_MEMORY_MIB);
  return Number.isFinite(wanted) && wanted > 0 ? wanted : DEFAULT_MEMORY_MIB;
}

function end(text: string, isFailure = false): void {
  if (isFailure) status.setAttribute('role', 'alert');
  status.textContent = text;
  progress.hidden = true;
  restart.focus();
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
