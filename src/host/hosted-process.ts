/**
 * The host's side of a process that it started: feeds its input, takes its output, learns of its end.
 *
 * Interface: HostedProcess. Streams are pipes, or one terminal, whose far end the host holds.
 */
import type { Errno } from '../abi/errno.ts';
import { signalName, SIGNALS } from '../abi/signals.ts';
import type { PipeId, TtyId } from '../kernel/ids.ts';
import { createHostPipe, hostPipeClose, hostPipeRead, hostPipeState, hostPipeWrite } from '../kernel/ipc/host-pipe.ts';
import type { ExitReason, Kernel } from '../kernel/kernel.ts';
import { haltForLimit } from '../kernel/run.ts';
import { kernelInfo, sendToGroup } from '../kernel/signal/send.ts';
import { ROOT_CRED, userCred } from '../kernel/task/cred.ts';
import { spawnProcess } from '../kernel/task/spawn.ts';
import type { HostProcess, Usage } from '../kernel/task/types.ts';
import { groupUsage, noUsage } from '../kernel/task/usage.ts';
import {
  createHostTerminal,
  hangUpTerminal,
  resizeTerminal,
  terminalInput,
  terminalOutput,
} from '../kernel/tty/host-terminal.ts';
import { putFile } from '../kernel/vfs/file.ts';
import type { OpenFile } from '../kernel/vfs/types.ts';
import { fromUtf8 } from '../util/byte-string.ts';
import type { Exit, GuestProcess, GuestUsage, SpawnRequest } from './guest-process.ts';
import { Input } from './input.ts';
import { Output } from './output.ts';

const CHUNK_BYTES = 64 * 1024;
const PAGE_BYTES = 4096;

const OUT_OF_MEMORY: ExitReason = { kind: 'limit', limit: 'memory', text: 'memory ran out' };

/** What carries the bytes. */
type Channel =
  | { readonly kind: 'pipes'; readonly stdin: PipeId; readonly stdout: PipeId; readonly stderr: PipeId }
  | { readonly kind: 'terminal'; readonly tty: TtyId };

export class HostedProcess implements GuestProcess {
  readonly pid: number;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly exited: Promise<Exit>;
  readonly #kernel: Kernel;
  readonly #channel: Channel;
  readonly #wake: () => void;
  #resolve: (exit: Exit) => void = () => {};
  #stdinClosed = false;
  /** The outputs that were given up. */
  readonly #unread = new Set<'stdout' | 'stderr'>();

  private constructor(kernel: Kernel, pid: number, channel: Channel, wake: () => void) {
    this.#kernel = kernel;
    this.pid = pid;
    this.#channel = channel;
    this.#wake = wake;
    this.stdin = new Input(wake);
    this.stdout = new Output(wake);
    this.stderr = new Output(wake);
    this.exited = new Promise((resolve) => (this.#resolve = resolve));
    if (channel.kind === 'terminal') this.stderr.end();
  }

  /** Starts a program, or gives the errno of its execve. */
  static start(
    kernel: Kernel,
    argv: readonly string[],
    request: SpawnRequest,
    wake: () => void,
  ): HostedProcess | Errno {
    const { channel, files } =
      request.terminal === undefined ? openPipes(kernel) : openTerminal(kernel, request.terminal);
    const pid = spawnProcess(kernel, {
      argv: argv.map(fromUtf8),
      env: Object.entries(request.env ?? {}).map(([name, value]) => fromUtf8(`${name}=${value}`)),
      cwd: fromUtf8(request.cwd ?? '/'),
      cred:
        request.user === undefined || request.user.uid === 0 ? ROOT_CRED : userCred(request.user.uid, request.user.gid),
      stdio: files,
      tty: channel.kind === 'terminal' ? kernel.ttys.get(channel.tty)! : null,
      haltOnExit: request.haltOnExit ?? false,
    });
    for (const file of new Set(files)) putFile(kernel, file);
    if (typeof pid === 'string') {
      closeChannel(kernel, channel);
      return pid;
    }
    const process = new HostedProcess(kernel, pid, channel, wake);
    if (request.stdin === 'ignore' && channel.kind === 'pipes') process.stdin.end();
    return process;
  }

  kill(signal: string | number = 'SIGTERM'): void {
    const signo = typeof signal === 'number' ? signal : (SIGNALS as Readonly<Record<string, number>>)[signal];
    if (signo === undefined) throw new RangeError(`unknown signal ${signal}`);
    const group = this.#kernel.groups.get(this.pid);
    if (group === undefined) return;
    sendToGroup(this.#kernel, group, kernelInfo(signo));
    this.#wake();
  }

  resize(columns: number, rows: number): void {
    if (this.#channel.kind !== 'terminal') return;
    resizeTerminal(this.#kernel, this.#channel.tty, { rows, cols: columns, xpixel: 0, ypixel: 0 });
    this.#wake();
  }

  /** Moves what can be moved between the guest and the host's buffers. True when anything was. */
  moveBytes(): boolean {
    const channel = this.#channel;
    const kernel = this.#kernel;
    const closed = this.#closeUnread();
    if (channel.kind === 'terminal') {
      const fed = this.stdin.feed((bytes, offset) => terminalInput(kernel, channel.tty, bytes.subarray(offset)));
      return this.#take(this.stdout, (max) => terminalOutput(kernel, channel.tty, max)) || fed || closed;
    }
    const fed = this.#feedPipe(channel.stdin);
    const out = this.#take(this.stdout, (max) => hostPipeRead(kernel, channel.stdout, max));
    const err = this.#take(this.stderr, (max) => hostPipeRead(kernel, channel.stderr, max));
    return fed || out || err || closed;
  }

  /** The process has ended and was given back by the kernel. */
  finish(ended: HostProcess): void {
    this.#close();
    const status = ended.status ?? 0;
    const signo = status & 0x7f;
    this.#resolve({
      exitCode: signo === 0 ? (status >> 8) & 0xff : 128 + signo,
      signal: signo === 0 ? null : signalName(signo),
      coreDumped: (status & 0x80) !== 0,
      usage: usageOf(ended.usage, ended.childrenUsage),
      reason: ended.outOfMemory ? OUT_OF_MEMORY : null,
    });
  }

  /** The system halted under the process. */
  abandon(reason: ExitReason): void {
    const group = this.#kernel.groups.get(this.pid);
    const usage = usageOf(
      group === undefined ? noUsage() : groupUsage(this.#kernel, group),
      group?.childrenUsage ?? noUsage(),
    );
    this.#close();
    this.#resolve({ exitCode: 137, signal: 'SIGKILL', coreDumped: false, usage, reason });
  }

  #feedPipe(pipe: PipeId): boolean {
    if (this.#stdinClosed) return false;
    const kernel = this.#kernel;
    if (!hostPipeState(kernel, pipe).otherEndOpen) {
      this.stdin.close();
      return false;
    }
    const fed = this.stdin.feed((bytes, offset) => hostPipeWrite(kernel, pipe, bytes, offset));
    if (!this.stdin.finished) return fed;
    this.#stdinClosed = true;
    hostPipeClose(kernel, pipe);
    return true;
  }

  /** Gives up what nobody reads any more. True when that was something. */
  #closeUnread(): boolean {
    const channel = this.#channel;
    let closed = false;
    for (const name of ['stdout', 'stderr'] as const) {
      if (!this[name].closed || this.#unread.has(name)) continue;
      this.#unread.add(name);
      closed = true;
      if (channel.kind === 'terminal') hangUpTerminal(this.#kernel, channel.tty);
      else hostPipeClose(this.#kernel, channel[name]);
    }
    return closed;
  }

  #take(output: Output, read: (max: number) => Uint8Array): boolean {
    let taken = false;
    while (output.room > 0 && !output.closed) {
      const chunk = read(Math.min(output.room, CHUNK_BYTES));
      if (chunk.length === 0) break;
      taken = true;
      output.push(this.#count(chunk));
    }
    return taken;
  }

  /** Counts output, and gives as much of it as the limit lets through. */
  #count(chunk: Uint8Array): Uint8Array {
    const { stats, limits } = this.#kernel;
    const left = Math.max(0, limits.outputBytes - stats.outputBytes);
    stats.outputBytes += chunk.length;
    if (chunk.length <= left) return chunk;
    haltForLimit(this.#kernel, 'outputBytes', `more than ${limits.outputBytes} bytes were written`);
    return chunk.subarray(0, left);
  }

  #close(): void {
    while (this.#drain());
    this.stdin.close();
    this.stdout.end();
    this.stderr.end();
    closeChannel(this.#kernel, this.#channel);
  }

  /** Takes what is left, whatever the reader's pace: the process is gone. */
  #drain(): boolean {
    const kernel = this.#kernel;
    const channel = this.#channel;
    if (channel.kind === 'terminal') return pushAll(this.stdout, terminalOutput(kernel, channel.tty, CHUNK_BYTES));
    const out = pushAll(this.stdout, hostPipeRead(kernel, channel.stdout, CHUNK_BYTES));
    return pushAll(this.stderr, hostPipeRead(kernel, channel.stderr, CHUNK_BYTES)) || out;
  }
}

function usageOf(own: Usage, children: Usage): GuestUsage {
  return {
    userMs: (own.userNs + children.userNs) / 1e6,
    systemMs: (own.systemNs + children.systemNs) / 1e6,
    maxRssBytes: Math.max(own.maxRssPages, children.maxRssPages) * PAGE_BYTES,
    minorFaults: own.minorFaults + children.minorFaults,
    majorFaults: own.majorFaults + children.majorFaults,
  };
}

function pushAll(output: Output, chunk: Uint8Array): boolean {
  if (chunk.length > 0) output.push(chunk);
  return chunk.length > 0;
}

function openPipes(kernel: Kernel): { channel: Channel; files: OpenFile[] } {
  const stdin = createHostPipe(kernel, 'to-guest');
  const stdout = createHostPipe(kernel, 'from-guest');
  const stderr = createHostPipe(kernel, 'from-guest');
  const channel: Channel = { kind: 'pipes', stdin: stdin.pipe, stdout: stdout.pipe, stderr: stderr.pipe };
  return { channel, files: [stdin.file, stdout.file, stderr.file] };
}

function openTerminal(
  kernel: Kernel,
  size: { columns: number; rows: number },
): { channel: Channel; files: OpenFile[] } {
  const { tty, file } = createHostTerminal(kernel, { rows: size.rows, cols: size.columns, xpixel: 0, ypixel: 0 });
  return { channel: { kind: 'terminal', tty }, files: [file, file, file] };
}

function closeChannel(kernel: Kernel, channel: Channel): void {
  if (channel.kind === 'terminal') return hangUpTerminal(kernel, channel.tty);
  for (const pipe of [channel.stdin, channel.stdout, channel.stderr]) hostPipeClose(kernel, pipe);
}
