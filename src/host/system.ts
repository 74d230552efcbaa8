/**
 * A running system as its host sees it: boots a kernel on a machine, keeps it running on the event loop, and moves bytes.
 *
 * Interface: createSystem, System, SystemOptions.
 * Nothing runs while the guest has nothing to do: an idle system holds one timer at most.
 */
import type { Errno } from '../abi/errno.ts';
import { SIGNALS } from '../abi/signals.ts';
import { createKernel } from '../kernel/boot.ts';
import type { ExitReason, Kernel, Limits } from '../kernel/kernel.ts';
import type { HostFiles, HostPorts } from '../kernel/ports.ts';
import type { ReadonlyTree } from '../kernel/fs/readonly-tree.ts';
import { mountRoot, type RootSpec } from '../kernel/root.ts';
import { runKernel } from '../kernel/run.ts';
import { failed } from '../kernel/result.ts';
import { kernelInfo, sendToGroup } from '../kernel/signal/send.ts';
import { takeEndedProcesses } from '../kernel/task/host-process.ts';
import { createMachine, type Tier, type WasmPort } from '../machine/machine.ts';
import { hostClock, hostEntropy } from './clock.ts';
import type { EventLoop } from './event-loop.ts';
import { meterCompilation, type Compilation } from './compile-meter.ts';
import { BootError, SpawnError } from './errors.ts';
import type { GuestProcess, SpawnRequest } from './guest-process.ts';
import { HostedProcess } from './hosted-process.ts';

export interface SystemOptions {
  readonly wasm: WasmPort;
  readonly eventLoop: EventLoop;
  /** RAM in bytes. Default 512 MiB. */
  readonly memoryBytes?: number;
  readonly hostname?: string;
  readonly limits?: Partial<Limits>;
  /** Time is a function of retired instructions. */
  readonly deterministic?: boolean;
  /** How instructions are executed. Default 'both': interpreted at first, translated when they have run often. */
  readonly tier?: Tier;
  readonly trees?: readonly ReadonlyTree[];
  readonly directories?: readonly HostFiles[];
  readonly root: RootSpec;
  readonly clock?: HostPorts['clock'];
  readonly entropy?: HostPorts['entropy'];
  /** Kernel log lines as they come. */
  readonly log?: (line: string) => void;
}

const DEFAULT_MEMORY_BYTES = 512 * 1024 * 1024;
const WASM_PAGE = 65536;
/** How long the kernel keeps the host's thread at a time while it is busy. */
const SLICE_NS = 8_000_000;
/** How often the kernel goes on within one turn of the host's event loop when it only waited for bytes to be moved. */
const TURNS = 16;
const NS_PER_MS = 1e6;
/** setTimeout holds 31 bits. */
const MAX_SLEEP_MS = 2 ** 31 - 1;

/** Boots a system. Throws BootError when its root cannot be mounted. */
export function createSystem(options: SystemOptions): System {
  return new System(options);
}

export class System {
  readonly kernel: Kernel;
  /** Of generated modules, up to now. */
  readonly compilation: Readonly<Compilation>;
  readonly #loop: EventLoop;
  readonly #processes = new Map<number, HostedProcess>();
  #scheduled = false;
  #running = false;
  #cancelTimer: (() => void) | undefined;
  #stopped: ExitReason | null = null;
  readonly #ended: Promise<ExitReason>;
  #resolveEnded: (reason: ExitReason) => void = () => {};

  constructor(options: SystemOptions) {
    this.#loop = options.eventLoop;
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    const clock = options.clock ?? hostClock;
    const startNs = clock.monotonicNs();
    const { port, compilation } = meterCompilation(options.wasm, clock.monotonicNs);
    this.compilation = compilation;
    const machine = createMachine({
      wasm: port,
      ramBytes: Math.ceil((options.memoryBytes ?? DEFAULT_MEMORY_BYTES) / WASM_PAGE) * WASM_PAGE,
      clock: { nowNs: () => clock.monotonicNs() - startNs },
      deterministic: options.deterministic ?? false,
      tier: options.tier ?? 'both',
    });
    const ports: HostPorts = {
      clock,
      entropy: options.entropy ?? hostEntropy,
      trees: options.trees ?? [],
      directories: options.directories ?? [],
      log: options.log ?? (() => {}),
    };
    this.kernel = createKernel(machine, ports, {
      ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    const mounted = mountRoot(this.kernel, options.root);
    if (failed(mounted)) throw new BootError(`the root file system cannot be mounted: ${String(mounted)}`);
  }

  /** Resolves when the system has halted, with the reason. */
  get ended(): Promise<ExitReason> {
    return this.#ended;
  }

  /** Starts a program. Throws SpawnError with the errno when it cannot be executed. */
  spawn(argv: readonly string[], request: SpawnRequest = {}): GuestProcess {
    if (this.#stopped !== null) throw new SpawnError('ESRCH', argv[0] ?? '', 'the system has halted');
    const process = HostedProcess.start(this.kernel, argv, request, () => this.wake());
    if (typeof process === 'string') throw new SpawnError(process satisfies Errno, argv[0] ?? '');
    this.#processes.set(process.pid, process);
    this.wake();
    return process;
  }

  /** Ends everything in the system at once. */
  stop(): void {
    for (const group of [...this.kernel.groups.values()]) {
      if (!group.unkillable) sendToGroup(this.kernel, group, kernelInfo(SIGNALS.SIGKILL));
    }
    this.kernel.halted ??= { kind: 'power-off' };
    this.wake();
  }

  /** Something came in from outside: lets the kernel look at it soon. */
  wake(): void {
    if (this.#scheduled || this.#running || this.#stopped !== null) return;
    this.#scheduled = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#loop.soon(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    if (this.#stopped !== null) return;
    this.#running = true;
    // Input that was fed may let the guest go on at once, and its output may make room for more.
    let status = runKernel(this.kernel, SLICE_NS);
    let moved = this.#moveBytes();
    for (let turns = 0; moved && status.kind === 'idle' && turns < TURNS; turns++) {
      status = runKernel(this.kernel, SLICE_NS);
      moved = this.#moveBytes();
    }
    this.#collectExits();
    this.#running = false;
    if (status.kind === 'halted') this.#halt(status.reason);
    else if (status.kind === 'busy' || moved) this.wake();
    // A timer holds the host's process while ours go on, even if nothing but a signal will end them.
    else if (status.untilNs !== Infinity || this.#processes.size > 0) this.#sleepUntil(status.untilNs);
  }

  #sleepUntil(untilNs: number): void {
    const ms = Math.max(0, Math.ceil((untilNs - this.kernel.machine.timer.nowNs()) / NS_PER_MS));
    this.#cancelTimer = this.#loop.after(Math.min(ms, MAX_SLEEP_MS), () => this.wake());
  }

  /** True when something was moved, so that the guest may have more to do. */
  #moveBytes(): boolean {
    let moved = false;
    for (const process of this.#processes.values()) moved = process.moveBytes() || moved;
    return moved;
  }

  #collectExits(): void {
    for (const ended of takeEndedProcesses(this.kernel)) {
      const process = this.#processes.get(ended.tgid);
      this.#processes.delete(ended.tgid);
      process?.finish(ended);
    }
  }

  #halt(reason: ExitReason): void {
    this.#stopped = reason;
    this.#cancelTimer?.();
    this.kernel.machine.keepCode();
    for (const process of this.#processes.values()) process.abandon(reason);
    this.#processes.clear();
    this.#resolveEnded(reason);
  }
}
