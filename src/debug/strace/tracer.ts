/**
 * strace: what the programs of a system ask of its kernel, in the words and the layout of strace(1) 6.1.
 *
 * Interface: attachTracer, Tracer, TraceOptions.
 * Set on kernel.observers, which call it once at the start and once at the end of each call. It sees and changes nothing. A line that
 * another task's line interrupts ends in `<unfinished ...>` and is resumed later, as there.
 */
import { syscallsByNumber, type NumberedSyscall, syscallName } from '../../abi/syscalls.ts';
import { AUXV } from '../../abi/auxv.ts';
import { errnoName } from '../../abi/errno.ts';
import { returnBits, stackPointer, syscallArgument } from '../../kernel/arch/arch.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { SigInfo } from '../../kernel/signal/types.ts';
import type { Task } from '../../kernel/task/types.ts';
import { countedStrings, strings } from './arguments.ts';
import { endsAtExit, piecesOf } from './pieces.ts';
import { type Call, pathText, type Piece } from './call.ts';
import { memoryOf } from './memory.ts';
import { resultText } from './result.ts';
import { siginfoText } from './siginfo.ts';
import { type Clock, stamp, type StampStyle } from './stamp.ts';
import type { Summary } from './summary.ts';
import { hex, sigset, signalOf } from './text.ts';

export interface TraceOptions {
  /** Takes the text as it comes: pieces of lines, not lines. */
  readonly write: (text: string) => void;
  readonly clock: Clock;
  /** Trace children and threads too. */
  readonly follow: boolean;
  /** Longest string that is shown whole. Default 32. */
  readonly maxString: number;
  /** Which calls are shown. */
  readonly wants: (name: string) => boolean;
  readonly wantsSignal: (signo: number) => boolean;
  readonly stamp: StampStyle;
  /** Show the time that each call took. */
  readonly times: boolean;
  /** Each line says which task it is of, as in a file; otherwise only while there are several. */
  readonly alwaysPid: boolean;
  /** Say on which process tracing begins. */
  readonly sayAttached: boolean;
  /** Counts instead of lines, or besides them. */
  readonly summary: Summary | null;
  readonly lines: boolean;
}

export interface Tracer {
  /** Traces a process that the host has just started, and shows its execve. */
  started(pid: number): void;
  detach(): void;
}

interface Traced {
  readonly task: Task;
  call: Call | null;
  pieces: readonly Piece[];
  /** How many pieces have been written. */
  shown: number;
  isHidden: boolean;
  /** Its line was interrupted by another's. */
  isUnfinished: boolean;
  startedNs: number;
  /** Signals that came during a call and are shown after it. */
  ignored: SigInfo[];
}

const RESULT_COLUMN = 40;
const SIGKILL_BIT = 1n << 8n;
const REGISTERS = 6;

export function attachTracer(kernel: Kernel, options: TraceOptions): Tracer {
  const table = syscallsByNumber(kernel.arch);
  const traced = new Map<Task, Traced>();
  let column = 0;
  let printing: Traced | null = null;
  let lastNs = Number.NaN;

  function write(text: string): void {
    column += text.length;
    options.write(text);
  }

  function endLine(): void {
    options.write('\n');
    column = 0;
    printing = null;
  }

  /** Whatever line stands open is left unfinished. */
  function interrupt(): void {
    if (printing === null) return;
    printing.isUnfinished = true;
    write(' <unfinished ...>');
    endLine();
  }

  function startLine(one: Traced): void {
    if (printing !== null && printing !== one) interrupt();
    printing = one;
    const pid = one.task.tid;
    if (options.alwaysPid) write(`${String(pid).padEnd(5)} `);
    else if (traced.size > 1) write(`[pid ${String(pid).padStart(5)}] `);
    const now = options.clock();
    const text = stamp(options.stamp, now, lastNs);
    lastNs = now.monotonicNs;
    write(text);
  }

  function resume(one: Traced): void {
    if (!one.isUnfinished) return;
    one.isUnfinished = false;
    startLine(one);
    write(`<... ${one.call!.syscall.unistd} resumed>`);
  }

  function writePieces(one: Traced, upTo: 'entry' | 'exit'): void {
    const { pieces } = one;
    for (; one.shown < pieces.length; one.shown++) {
      const piece = pieces[one.shown]!;
      if (upTo === 'entry' && piece.when === 'exit') return;
      write(piece.text(one.call!));
      const next = pieces[one.shown + 1];
      if (next !== undefined && next.ownComma !== true) write(', ');
    }
  }

  function endCall(one: Traced, result: string): void {
    write(')');
    write(column < RESULT_COLUMN - 1 ? ' '.repeat(RESULT_COLUMN - column) : ' ');
    write(`= ${result}`);
    if (options.times && one.call?.result !== null) write(` <${seconds(options.clock().monotonicNs - one.startedNs)}>`);
    endLine();
  }

  function add(task: Task): Traced {
    const one: Traced = {
      task,
      call: null,
      pieces: [],
      shown: 0,
      isHidden: true,
      isUnfinished: false,
      startedNs: 0,
      ignored: [],
    };
    traced.set(task, one);
    return one;
  }

  function syscallEnter(task: Task): void {
    const one = traced.get(task);
    if (one === undefined) return;
    const syscall = table[task.syscall.number] ?? unknownCall(task.syscall.number);
    const call = makeCall(kernel, task, syscall, options.maxString);
    one.call = call;
    one.shown = 0;
    one.startedNs = options.clock().monotonicNs;
    one.isHidden = !options.lines || !options.wants(syscall.unistd);
    if (one.isHidden) return;
    one.pieces = piecesFor(task, call);
    startLine(one);
    write(`${syscall.unistd}(`);
    writePieces(one, 'entry');
  }

  function syscallExit(task: Task, result: number | string): void {
    const one = traced.get(task);
    const call = one?.call;
    if (one === undefined || call === null || call === undefined) return;
    // Of what dies now the call does not come back.
    if (isDying(kernel, task)) return;
    setResult(kernel, task, call, result);
    if (options.summary !== null && options.wants(call.syscall.unistd))
      options.summary.count(call.syscall.unistd, options.clock().monotonicNs - one.startedNs, call.error !== null);
    if (!one.isHidden) {
      resume(one);
      writePieces(one, 'exit');
      endCall(one, resultText(call));
    }
    one.call = null;
    for (const info of one.ignored.splice(0)) showSignal(one, info);
  }

  function showSignal(one: Traced, info: SigInfo): void {
    if (!options.lines || !options.wantsSignal(info.signo)) return;
    startLine(one);
    write(`--- ${signalOf(info.signo)} ${siginfoText(info)} ---`);
    endLine();
  }

  function signalDelivered(task: Task, info: SigInfo): void {
    const one = traced.get(task);
    if (one !== undefined) showSignal(one, info);
  }

  /** A tracer is told of signals that the program ignores, too: between two calls. */
  function signalIgnored(task: Task, info: SigInfo): void {
    const one = traced.get(task);
    if (one === undefined) return;
    if (one.call === null) showSignal(one, info);
    else one.ignored.push(info);
  }

  function taskExit(task: Task): void {
    const one = traced.get(task);
    if (one === undefined) return;
    if (one.call !== null && !one.isHidden) {
      resume(one);
      if (one.shown < one.pieces.length || endsAtExit(one.call)) write(' <unfinished ...>');
      endCall(one, '?');
    }
    if (options.summary !== null && one.call !== null && options.wants(one.call.syscall.unistd))
      options.summary.count(one.call.syscall.unistd, 0, false);
    if (options.lines) {
      startLine(one);
      write(`+++ ${ending(task.exitCode)} +++`);
      endLine();
    }
    traced.delete(task);
  }

  function taskClone(parent: Task, child: Task): void {
    if (!options.follow || !traced.has(parent)) return;
    if (options.sayAttached && options.lines) {
      // The message stands in the middle of the parent's line, which goes on behind it.
      options.write(`strace: Process ${child.tid} attached\n`);
    }
    add(child);
  }

  const observers = { syscallEnter, syscallExit, signalDelivered, signalIgnored, taskExit, taskClone };
  Object.assign(kernel.observers, observers);
  return {
    started(pid) {
      const task = kernel.tasks.get(pid);
      if (task === undefined) return;
      const one = add(task);
      if (options.summary !== null && options.wants('execve')) options.summary.count('execve', 0, false);
      if (!options.lines || !options.wants('execve')) return;
      startLine(one);
      write(`execve(${programText(kernel, task, options.maxString)}`);
      endCall(one, '0');
    },
    detach() {
      for (const name of Object.keys(observers) as (keyof typeof observers)[]) kernel.observers[name] = null;
    },
  };
}

function isDying(kernel: Kernel, task: Task): boolean {
  return (task.pending.set & SIGKILL_BIT) !== 0n || (kernel.groups.get(task.tgid)?.groupExit ?? null) !== null;
}

function makeCall(kernel: Kernel, task: Task, syscall: NumberedSyscall, maxString: number): Call {
  const registers = Array.from({ length: REGISTERS }, (_, index) => syscallArgument(kernel, task, index));
  const args = syscall.sources.map(({ register, width }) => {
    const raw = registers[register]!;
    if (width === 'int') return BigInt.asIntN(32, raw);
    if (width === 'uint') return BigInt.asUintN(32, raw);
    return width === 'long' || width === 'loff' ? BigInt.asIntN(64, raw) : raw;
  });
  const memory = memoryOf(kernel, task);
  return { arch: kernel.arch, memory, maxString, syscall, args, registers, result: null, error: null };
}

/** A number that is not in the table: its six registers. */
function unknownCall(number: number): NumberedSyscall {
  const name = `syscall_${hex(number)}`;
  const row = { nr: {}, args: [], returns: 'long', errors: [], doc: '' } as const;
  return { name: name as NumberedSyscall['name'], nr: number, unistd: name, row, sources: [] };
}

function piecesFor(task: Task, call: Call): readonly Piece[] {
  const { unistd } = call.syscall;
  if (unistd.startsWith('syscall_')) return call.registers.map((value) => ({ when: 'entry', text: () => hex(value) }));
  if (unistd === 'rt_sigreturn') return [{ when: 'exit', text: () => `{mask=${sigset(task.blocked)}}` }];
  if (unistd !== 'restart_syscall') return piecesOf(call);
  const interrupted = (task.restartBlock && syscallName(task.restartBlock.number)) ?? 'system call';
  return [{ when: 'entry', text: () => `<... resuming interrupted ${interrupted} ...>` }];
}

function setResult(kernel: Kernel, task: Task, call: Call, result: number | string): void {
  if (typeof result === 'string') {
    call.result = -1n;
    call.error = result;
    return;
  }
  call.result = BigInt(result);
  if (call.syscall.name !== 'rt_sigreturn') return;
  // The register that it put back is what the interrupted call gave.
  const restored = returnBits(kernel, task);
  call.result = restored;
  const errno = restored < 0n && restored > -4096n ? errnoName(Number(-restored)) : undefined;
  if (errno !== undefined) call.error = errno;
}

function ending(status: number): string {
  const signo = status & 0x7f;
  if (signo === 0) return `exited with ${(status >> 8) & 0xff}`;
  return `killed by ${signalOf(signo)}${(status & 0x80) === 0 ? '' : ' (core dumped)'}`;
}

/** What execve was given, as the new program finds it on its stack. */
function programText(kernel: Kernel, task: Task, maxString: number): string {
  const call = makeCall(kernel, task, unknownCall(0), maxString);
  const stack = BigInt(stackPointer(kernel, task));
  const mm = kernel.mms.get(task.mm);
  const auxv = new DataView(mm?.auxv.slice().buffer ?? new ArrayBuffer(0));
  let path = 0n;
  for (let at = 0; at + 16 <= auxv.byteLength; at += 16)
    if (auxv.getBigUint64(at, true) === BigInt(AUXV.AT_EXECFN)) path = auxv.getBigUint64(at + 8, true);
  const count = call.memory.read(stack, 8);
  const argc = count === null ? 0n : new DataView(count.buffer).getBigUint64(0, true);
  const argv = stack + 8n;
  return `${pathText(call, path)}, ${strings(call, argv)}, ${countedStrings(call, argv + 8n * (argc + 1n))}`;
}

function seconds(ns: number): string {
  return (ns / 1e9).toFixed(6);
}
