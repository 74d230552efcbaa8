/**
 * A profile for the Firefox Profiler (profiler.firefox.com), which reads it from a file, gzipped or not. Interface: firefoxProfileOf.
 *
 * Source: its processed profile format, version 48 (docs-developer/CHANGELOG-formats.md and src/types/profile.js of
 * firefox-devtools/profiler); newer versions of the page convert it. A thread has tables of its own, each a record of columns.
 * A sample stands for the instructions of an interval; its place in time is the machine's clock. System calls are markers.
 */
import type { Image } from './images.ts';
import type { CallInterval, Profile, StackTree, ThreadProfile } from './profile.ts';

const FORMAT_VERSION = 48;
/** Of the unprocessed format that this one corresponds to. */
const GECKO_FORMAT_VERSION = 30;
const NS_PER_MS = 1e6;

const CATEGORIES = [
  { name: 'Other', color: 'grey', subcategories: ['Other'] },
  { name: 'User', color: 'yellow', subcategories: ['Other'] },
  { name: 'Kernel', color: 'orange', subcategories: ['Other'] },
] as const;
const USER = 1;
const KERNEL = 2;
const RESOURCE_LIBRARY = 1;
const MARKER_INTERVAL = 1;
const SYSTEM_CALL = 'SystemCall';

/** The profile as the object that JSON.stringify makes a file of. */
export function firefoxProfileOf(profile: Profile): object {
  const libs = profile.images.map(lib);
  const pids = pidTexts(profile.threads);
  const threads = profile.threads.map((thread, i) => threadTable(profile, thread, pids[i]!));
  const busiest = busiestFirst(profile.threads);
  return {
    meta: {
      interval: profile.interval / NS_PER_MS,
      startTime: 0,
      processType: 0,
      product: 'Ringfence',
      importedFrom: 'Ringfence',
      stackwalk: 1,
      debug: false,
      version: GECKO_FORMAT_VERSION,
      preprocessedProfileVersion: FORMAT_VERSION,
      symbolicated: true,
      abi: 'riscv64',
      oscpu: 'Linux riscv64',
      platform: 'Linux',
      categories: CATEGORIES,
      markerSchema: [
        {
          name: SYSTEM_CALL,
          display: ['marker-chart', 'marker-table', 'timeline-overview'],
          tooltipLabel: '{marker.name}',
          data: [{ label: 'What', value: 'A system call from its entry to its return, waiting included' }],
        },
      ],
      usesOnlyOneStackType: true,
      doesNotUseFrameImplementation: true,
      sourceCodeIsNotOnSearchfox: true,
      initialVisibleThreads: busiest,
      initialSelectedThreads: busiest.slice(0, 1),
      extra: [
        {
          label: 'Sampling',
          entries: [
            { label: 'Retired instructions a sample', format: 'integer', value: profile.interval },
            { label: 'Retired instructions', format: 'integer', value: profile.instructions },
          ],
        },
      ],
    },
    libs,
    threads,
  };
}

function lib({ path, buildId }: Image): object {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    arch: 'riscv64',
    name,
    path,
    debugName: name,
    debugPath: path,
    breakpadId: breakpadId(buildId),
    codeId: buildId === '' ? null : buildId,
  };
}

/** The first 16 bytes of the build id as a little-endian GUID, and an age of 0. */
function breakpadId(buildId: string): string {
  const id = buildId.padEnd(32, '0').slice(0, 32);
  const swapped = (from: number, to: number): string => id.slice(from, to).match(/../g)!.reverse().join('');
  return `${swapped(0, 8)}${swapped(8, 12)}${swapped(12, 16)}${id.slice(16)}0`.toUpperCase();
}

/** The page takes threads with the same pid for one process: what exec made another program of gets a suffix. */
function pidTexts(threads: readonly ThreadProfile[]): string[] {
  const names = new Map<number, string[]>();
  return threads.map(({ pid, processName }) => {
    let known = names.get(pid);
    if (known === undefined) names.set(pid, (known = []));
    if (!known.includes(processName)) known.push(processName);
    const index = known.indexOf(processName);
    return index === 0 ? String(pid) : `${pid}.${index}`;
  });
}

const MOST_VISIBLE = 20;

function busiestFirst(threads: readonly ThreadProfile[]): number[] {
  const weight = (i: number): number => threads[i]!.sampleStacks.length;
  return threads
    .map((_, i) => i)
    .sort((a, b) => weight(b) - weight(a) || a - b)
    .slice(0, MOST_VISIBLE);
}

function threadTable(profile: Profile, thread: ThreadProfile, pid: string): object {
  const ms = (ns: number): number => (ns - profile.startNs) / NS_PER_MS;
  const tables = new Tables(profile.stacks);
  const stack = thread.sampleStacks.map((one) => tables.stack(one));
  const markers = markerTable(thread.intervals, ms, tables.strings);
  return {
    processType: 'default',
    processName: thread.processName,
    processStartupTime: ms(thread.startNs),
    processShutdownTime: ms(thread.endNs),
    registerTime: ms(thread.startNs),
    unregisterTime: ms(thread.endNs),
    pausedRanges: [],
    name: thread.name,
    isMainThread: thread.isMain,
    pid,
    tid: thread.tid,
    samples: {
      stack,
      time: thread.sampleTimesNs.map(ms),
      weight: null,
      weightType: 'samples',
      length: stack.length,
    },
    markers,
    stackTable: tables.stackTable(),
    frameTable: tables.frameTable(),
    funcTable: tables.funcTable(),
    resourceTable: tables.resourceTable(),
    nativeSymbols: tables.nativeSymbols(),
    stringArray: tables.strings.all,
  };
}

function markerTable(intervals: readonly CallInterval[], ms: (ns: number) => number, strings: Indices<string>): object {
  return {
    name: intervals.map(({ name }) => strings.of(name)),
    startTime: intervals.map(({ startNs }) => ms(startNs)),
    endTime: intervals.map(({ endNs }) => ms(endNs)),
    phase: intervals.map(() => MARKER_INTERVAL),
    category: intervals.map(() => KERNEL),
    data: intervals.map(() => ({ type: SYSTEM_CALL })),
    length: intervals.length,
  };
}

interface NativeFunction {
  readonly image: Image;
  readonly name: string;
  readonly start: number;
}

/** The tables of one thread, filled with the stacks that it uses. */
class Tables {
  readonly strings = new Indices<string>();
  readonly #tree: StackTree;
  readonly #stacks = new Indices<number>();
  readonly #frames = new Indices<number>();
  readonly #functions = new Indices<string>();
  readonly #natives: NativeFunction[] = [];
  readonly #images = new Indices<Image>();
  readonly #addresses: number[] = [];
  readonly #functionOfFrame: number[] = [];

  constructor(tree: StackTree) {
    this.#tree = tree;
  }

  /** The index of a stack; null for the empty one. Callers come before what they call. */
  stack(stack: number): number | null {
    if (stack === 0) return null;
    const path: number[] = [];
    for (let at = stack; at !== 0 && !this.#stacks.has(at); at = this.#tree.callerOf[at]!) path.push(at);
    for (const one of path.reverse()) {
      this.#stacks.of(one);
      this.#frame(this.#tree.frameOf[one]!);
    }
    return this.#stacks.of(stack);
  }

  stackTable(): object {
    const { all } = this.#stacks;
    const caller = (stack: number): number => this.#tree.callerOf[stack]!;
    return {
      frame: all.map((stack) => this.#frames.of(this.#tree.frameOf[stack]!)),
      category: all.map(() => USER),
      subcategory: all.map(() => 0),
      prefix: all.map((stack) => (caller(stack) === 0 ? null : this.#stacks.of(caller(stack)))),
      length: all.length,
    };
  }

  frameTable(): object {
    const frames = this.#frames.all;
    const none = frames.map(() => null);
    const zeros = frames.map(() => 0);
    return {
      address: this.#addresses,
      inlineDepth: zeros,
      category: frames.map(() => USER),
      subcategory: zeros,
      func: this.#functionOfFrame,
      nativeSymbol: this.#functionOfFrame,
      innerWindowID: zeros,
      implementation: none,
      line: none,
      column: none,
      length: frames.length,
    };
  }

  funcTable(): object {
    const natives = this.#natives;
    const none = natives.map(() => null);
    return {
      name: natives.map(({ name }) => this.strings.of(name)),
      isJS: natives.map(() => false),
      relevantForJS: natives.map(() => false),
      resource: natives.map(({ image }) => this.#images.of(image)),
      fileName: none,
      lineNumber: none,
      columnNumber: none,
      length: natives.length,
    };
  }

  resourceTable(): object {
    const images = this.#images.all;
    return {
      lib: images.map(({ index }) => index),
      name: images.map(({ path }) => this.strings.of(path.slice(path.lastIndexOf('/') + 1))),
      host: images.map(() => null),
      type: images.map(() => RESOURCE_LIBRARY),
      length: images.length,
    };
  }

  nativeSymbols(): object {
    const natives = this.#natives;
    return {
      libIndex: natives.map(({ image }) => image.index),
      address: natives.map(({ start }) => start),
      name: natives.map(({ name }) => this.strings.of(name)),
      functionSize: natives.map(() => null),
      length: natives.length,
    };
  }

  #frame(frame: number): void {
    if (this.#frames.has(frame)) return;
    this.#frames.of(frame);
    const info = this.#tree.frames[frame]!;
    // The stacks of samples are user code: calls of the kernel are markers.
    if (info.kind !== 'code') throw new TypeError(`a sample in ${info.name}`);
    this.#addresses.push(info.address);
    this.#functionOfFrame.push(this.#function(info.image, info.address));
  }

  #function(image: Image, address: number): number {
    const { name, start } = image.functionAt(address);
    const key = `${image.index} ${start}`;
    if (!this.#functions.has(key)) this.#natives.push({ image, name, start });
    this.#images.of(image);
    return this.#functions.of(key);
  }
}

/** Values in the order in which they were first asked for. */
class Indices<T> {
  readonly all: T[] = [];
  readonly #indices = new Map<T, number>();

  has(value: T): boolean {
    return this.#indices.has(value);
  }

  of(value: T): number {
    let index = this.#indices.get(value);
    if (index === undefined) {
      index = this.all.push(value) - 1;
      this.#indices.set(value, index);
    }
    return index;
  }
}
