/**
 * Ringfence as a library: boot a system over an image and run programs in it.
 *
 *   const system = await boot({ root: await openImage('debian-riscv64'), memory: '512M' });
 *   const ls = system.spawn(['ls', '-l', '/']);
 *   for await (const chunk of ls.stdout) process.stdout.write(chunk);
 *   const { exitCode } = await ls.exited;
 *
 * Interface: boot, BootOptions, openImage, startProfile, pprofOf, firefoxProfileOf, startStatistics, statisticsText,
 * and the types of what they give.
 */
import { nodeEventLoop } from './host/node/event-loop.ts';
import { nodeEntropy } from './host/node/entropy.ts';
import { openDirectory } from './host/node/files.ts';
import { codeDirectory, openCodeStore } from './host/node/code-store.ts';
import { nodeWasm } from './host/node/wasm.ts';
import { BootError } from './host/errors.ts';
import { parseBytes } from './host/sizes.ts';
import { attachProfiler, type Profiler, type ProfilerOptions } from './debug/profile/profiler.ts';
import { createSystem, type System, type SystemOptions } from './host/system.ts';
import type { OpenedImage } from './image/open-node.ts';
import type { Limits } from './kernel/kernel.ts';
import type { Tier, WasmPort } from './machine/machine.ts';
import { fromUtf8 } from './util/byte-string.ts';

export { firefoxProfileOf } from './debug/profile/firefox.ts';
export { pprofOf } from './debug/profile/pprof.ts';
export type { Profile } from './debug/profile/profile.ts';
export type { Profiler, ProfilerOptions } from './debug/profile/profiler.ts';
export { statisticsText } from './debug/statistics/report.ts';
export { startStatistics, type Statistics, type StatisticsCounter } from './debug/statistics/statistics.ts';
export { openImage, type OpenedImage } from './image/open-node.ts';
export { openStore, type ImageStore, type StoredImage } from './image/store-node.ts';
export { buildDebianImage, type BuildProgress, type DebianImageOptions } from './image/debian-node.ts';
export { ImageError } from './image/image-error.ts';
export { BootError, SpawnError } from './host/errors.ts';
export type { Exit, GuestProcess, GuestUsage, SpawnRequest } from './host/guest-process.ts';
export type { Input } from './host/input.ts';
export type { Output } from './host/output.ts';
export type { System } from './host/system.ts';
export type { ExitReason, Limits } from './kernel/kernel.ts';
export type { Tier } from './machine/machine.ts';

/** A host directory that the guest sees. */
export interface Volume {
  /** Path on the host. */
  readonly host: string;
  /** Absolute path in the guest; made when it is not there. */
  readonly guest: string;
  /** Default true: the guest cannot change it. */
  readonly readOnly?: boolean;
}

export interface BootOptions {
  readonly root: OpenedImage;
  /** RAM: bytes, or '512M', '1G'. Default 512M. At most about 3.5G. */
  readonly memory?: number | string;
  readonly hostname?: string;
  readonly volumes?: readonly Volume[];
  readonly limits?: Partial<Limits>;
  /** Time is a function of retired instructions. */
  readonly deterministic?: boolean;
  /** How instructions are executed. Default 'both': interpreted at first, translated when they have run often. */
  readonly tier?: Tier;
  /**
   * Translated code is left to later runs, and taken from earlier ones, in the user's cache directory (true) or another one. Default false.
   */
  readonly codeCache?: boolean | string;
  /** The root cannot be changed. Default false: changes live in memory and go with the system. */
  readonly readOnlyRoot?: boolean;
  /** Kernel log lines as they come. */
  readonly log?: (line: string) => void;
}

/** Boots a system. Throws BootError when its root cannot be mounted, RangeError for a size that makes no sense. */
export function boot(options: BootOptions): Promise<System> {
  return new Promise((resolve) => resolve(createSystem(systemOptions(options))));
}

/**
 * Profiles all that runs in a system from now on; `stop()` of what it returns gives the profile, which pprofOf and firefoxProfileOf turn
 * into what `go tool pprof` and profiler.firefox.com read.
 *
 *   const profiler = startProfile(system, { interval: 50_000 });
 *   await system.spawn(['sort', '/data/words']).exited;
 *   writeFileSync('sort.pb', pprofOf(profiler.stop()));
 */
export function startProfile(system: System, options: ProfilerOptions = {}): Profiler {
  return attachProfiler(system.kernel, options);
}

function wasmPort(codeCache: boolean | string): WasmPort {
  if (codeCache === false) return nodeWasm;
  const directory = codeCache === true ? codeDirectory() : codeCache;
  return { ...nodeWasm, openCodeStore: (layout) => openCodeStore(directory, layout) };
}

function systemOptions(options: BootOptions): SystemOptions {
  const volumes = options.volumes ?? [];
  const directories = volumes.map(({ host, readOnly }) => openDirectory(host, { writable: readOnly === false }));
  const { root } = options;
  if (root.kind === 'directory') directories.push(openDirectory(root.path, { writable: false }));
  const lower =
    root.kind === 'tree'
      ? ({ kind: 'tree', index: 0 } as const)
      : ({ kind: 'host', index: directories.length - 1 } as const);
  for (const { guest } of volumes) {
    if (!guest.startsWith('/')) throw new BootError(`volume target '${guest}' must be an absolute path, such as /data`);
  }
  return {
    wasm: wasmPort(options.codeCache ?? false),
    eventLoop: nodeEventLoop,
    entropy: nodeEntropy,
    trees: root.kind === 'tree' ? [root.tree] : [],
    directories,
    root: {
      lower,
      writable: options.readOnlyRoot === true ? 'none' : 'memory',
      volumes: volumes.map(({ guest, readOnly }, index) => ({
        index,
        target: fromUtf8(guest),
        readOnly: readOnly !== false,
      })),
    },
    ...(options.memory === undefined ? {} : { memoryBytes: parseBytes(options.memory) }),
    ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.deterministic === undefined ? {} : { deterministic: options.deterministic }),
    ...(options.tier === undefined ? {} : { tier: options.tier }),
    ...(options.log === undefined ? {} : { log: options.log }),
  };
}
