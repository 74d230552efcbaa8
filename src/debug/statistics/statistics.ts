/**
 * What a system did, in numbers: instructions, faults, traps, system calls by name, switches, caches, time and memory.
 *
 * Interface: startStatistics, StatisticsCounter, Statistics, Compilation, TranslatorNumbers.
 * All but the calls by name is counted anyway; what is given is the difference to the start. It sees and changes nothing.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import { PAGE_SIZE } from '../../kernel/mm/frames.ts';
import { nowNs } from '../../kernel/time/timers.ts';
import { syscallName } from '../../abi/syscalls.ts';

/** Counts since the start, times in ns of the machine's clock, sizes in bytes. */
export interface Statistics {
  readonly timeNs: number;
  /** Of all tasks. Split by a nominal cost of an instruction. */
  readonly userNs: number;
  readonly systemNs: number;
  /** Retired by programs. The kernel retires none. */
  readonly instructions: number;
  readonly contextSwitches: number;
  readonly processesCreated: number;
  readonly pageFaults: { readonly minor: number; readonly major: number };
  /** By cause, as the privileged architecture names them; those that occurred. */
  readonly traps: Readonly<Record<string, number>>;
  readonly syscalls: { readonly total: number; readonly byName: Readonly<Record<string, number>> };
  /** Calls that are not there, with how often they were asked for. */
  readonly missingSyscalls: Readonly<Record<string, number>>;
  readonly machine: {
    readonly tlbFills: number;
    readonly pageWalks: number;
    readonly decodedPages: number;
    readonly codeInvalidations: number;
    readonly addressSpaceSwitches: number;
    readonly tablePairEvictions: number;
  };
  /** Of translated code, since the system was booted; null where the interpreter does all. */
  readonly translator: TranslatorNumbers | null;
  /** Modules of WebAssembly that were generated and compiled; null where the host does not tell. */
  readonly compilation: Compilation | null;
  readonly memory: {
    readonly ramBytes: number;
    /** As much was ever in use at once, at most; since the system was booted. */
    readonly peakBytes: number;
    /** These at the moment of asking. */
    readonly freeBytes: number;
    readonly pageCacheBytes: number;
    readonly pageTableBytes: number;
    readonly oomKills: number;
  };
}

export interface Compilation {
  readonly modules: number;
  readonly bytes: number;
  readonly ns: number;
}

/** Numbers by name, some of them by cause. `retired` is how many of the instructions were translated ones. */
export interface TranslatorNumbers {
  readonly [name: string]: number | Readonly<Record<string, number>>;
}

export interface StatisticsCounter {
  /** What was counted up to now. */
  read(): Statistics;
  /** Counts no more calls by name. */
  stop(): void;
}

const INTERRUPTS = 64;
/** RISC-V privileged architecture, "Supervisor Cause Register". */
const EXCEPTION_NAMES: Readonly<Record<number, string>> = {
  0: 'instruction address misaligned',
  1: 'instruction access fault',
  2: 'illegal instruction',
  3: 'breakpoint',
  4: 'load address misaligned',
  5: 'load access fault',
  6: 'store address misaligned',
  7: 'store access fault',
  8: 'environment call from U-mode',
  9: 'environment call from S-mode',
  11: 'environment call from M-mode',
  12: 'instruction page fault',
  13: 'load page fault',
  15: 'store page fault',
  [INTERRUPTS + 1]: 'software interrupt',
  [INTERRUPTS + 5]: 'timer interrupt',
  [INTERRUPTS + 9]: 'external interrupt',
};

/** What is counted: a system. */
export interface Counted {
  readonly kernel: Kernel;
  /** What was compiled, in numbers that go on growing. */
  readonly compilation: Compilation | null;
}

/** Counts what a system does from now on; `read()` of what it returns gives the numbers, statisticsText prints them. */
export function startStatistics({ kernel, compilation }: Counted): StatisticsCounter {
  const { observers } = kernel;
  const calls = new Map<string, number>();
  const { syscallEnter } = observers;
  observers.syscallEnter = (task) => {
    const name = syscallName(task.syscall.number) ?? `number ${task.syscall.number}`;
    calls.set(name, (calls.get(name) ?? 0) + 1);
    syscallEnter?.(task);
  };
  const start = take(kernel, compilation);
  return {
    read: () => difference(take(kernel, compilation), start, calls),
    stop: () => void (observers.syscallEnter = syscallEnter),
  };
}

interface Snapshot {
  readonly timeNs: number;
  readonly stats: Kernel['stats'];
  readonly instructions: number;
  readonly traps: readonly number[];
  readonly machine: Omit<Kernel['machine']['stats'], 'traps'>;
  readonly memory: Statistics['memory'];
  readonly missing: ReadonlyMap<string, number>;
  readonly compilation: Compilation | null;
}

function take(kernel: Kernel, compilation: Compilation | null): Snapshot {
  const { machine, frames } = kernel;
  return {
    timeNs: nowNs(kernel),
    stats: { ...kernel.stats },
    instructions: machine.hart.retired,
    traps: [...machine.stats.traps],
    machine: { ...machine.stats },
    memory: {
      ramBytes: frames.pages * PAGE_SIZE,
      peakBytes: frames.highWater * PAGE_SIZE,
      freeBytes: frames.freePages * PAGE_SIZE,
      pageCacheBytes: frames.cachePages * PAGE_SIZE,
      pageTableBytes: frames.tablePages * PAGE_SIZE,
      oomKills: kernel.stats.oomKills,
    },
    missing: new Map(kernel.missingCalls),
    compilation: compilation && { ...compilation },
  };
}

function difference(now: Snapshot, start: Snapshot, calls: ReadonlyMap<string, number>): Statistics {
  const stat = (name: keyof Kernel['stats']): number => now.stats[name] - start.stats[name];
  const machine = (name: Exclude<keyof Snapshot['machine'], 'translator'>): number =>
    now.machine[name] - start.machine[name];
  return {
    timeNs: now.timeNs - start.timeNs,
    userNs: stat('userNs'),
    systemNs: stat('systemNs'),
    instructions: now.instructions - start.instructions,
    contextSwitches: stat('contextSwitches'),
    processesCreated: stat('processesCreated'),
    pageFaults: { minor: stat('pageFaults') - stat('majorFaults'), major: stat('majorFaults') },
    traps: byCause(now.traps.map((count, cause) => count - (start.traps[cause] ?? 0))),
    syscalls: { total: stat('syscalls'), byName: mostFirst(calls) },
    missingSyscalls: mostFirst(
      new Map([...now.missing].map(([name, count]) => [name, count - (start.missing.get(name) ?? 0)])),
    ),
    machine: {
      tlbFills: machine('tlbFills'),
      pageWalks: machine('pageWalks'),
      decodedPages: machine('decodedPages'),
      codeInvalidations: machine('codeInvalidations'),
      addressSpaceSwitches: machine('contextSwitches'),
      tablePairEvictions: machine('tablePairEvictions'),
    },
    translator: now.machine.translator === undefined ? null : { ...now.machine.translator },
    compilation: now.compilation && {
      modules: now.compilation.modules - start.compilation!.modules,
      bytes: now.compilation.bytes - start.compilation!.bytes,
      ns: now.compilation.ns - start.compilation!.ns,
    },
    memory: { ...now.memory, oomKills: now.memory.oomKills - start.memory.oomKills },
  };
}

function byCause(counts: readonly number[]): Record<string, number> {
  const named = new Map<string, number>();
  counts.forEach((count, cause) => {
    const kind = cause < INTERRUPTS ? `exception ${cause}` : `interrupt ${cause - INTERRUPTS}`;
    named.set(EXCEPTION_NAMES[cause] ?? kind, count);
  });
  return mostFirst(named);
}

function mostFirst(counts: ReadonlyMap<string, number>): Record<string, number> {
  const occurred = [...counts].filter(([, count]) => count > 0);
  return Object.fromEntries(occurred.sort(([a, most], [b, least]) => least - most || (a < b ? -1 : 1)));
}
