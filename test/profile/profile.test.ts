/**
 * Profiles of a program whose stacks are known, with call-frame information and without, in both formats; and what profiling must not
 * change.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot, firefoxProfileOf, openImage, pprofOf, startProfile, type Profile } from '../../src/index.ts';
import { compile } from '../support/tools.ts';
import { decodeMessage, packed, text, whole, type Message } from './protobuf-reader.ts';

const SOURCE = fileURLToPath(new URL('stacks.c', import.meta.url));
const INTERVAL = 50_000;
const root = mkdtempSync(join(tmpdir(), 'ringfence-profile-'));

interface Run {
  readonly profile: Profile;
  readonly stdout: string;
  readonly retired: number;
}

async function runProgram(name: string, interval = INTERVAL): Promise<Run> {
  const system = await boot({ root: await openImage(join(root, name)), deterministic: true, memory: '64M' });
  const profiler = startProfile(system, { interval });
  const guest = system.spawn(['/stacks'], { haltOnExit: true });
  const [stdout, { exitCode }] = await Promise.all([guest.stdout.text(), guest.exited]);
  expect(exitCode).toBe(0);
  return { profile: profiler.stop(), stdout, retired: system.kernel.machine.hart.retired };
}

/** Samples by stack, outermost function first, from main on. */
function stacksOf({ stacks, threads }: Profile): Map<string, number> {
  const counts = new Map<string, number>();
  for (const stack of threads.flatMap((thread) => thread.sampleStacks)) {
    const names = stacks.path(stack).map((frame) => nameOf(stacks.frames[frame]!));
    const line = names
      .slice(0, names.indexOf('main') + 1)
      .reverse()
      .join(' ');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return counts;
}

const nameOf = (frame: Profile['stacks']['frames'][number]): string =>
  frame.kind === 'code' ? frame.image.functionAt(frame.address).name : `sys_${frame.name}`;

const PROGRAMS = {
  'call-frame information': ['cfi', '-O2', '-fasynchronous-unwind-tables'],
  'symbols alone': ['plain', '-O2', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
  'symbols alone and frame pointers': ['pointers', '-O0', '-fno-omit-frame-pointer', '-fno-asynchronous-unwind-tables'],
} as const;

beforeAll(() => {
  for (const [name, ...flags] of Object.values(PROGRAMS)) {
    mkdirSync(join(root, name));
    compile('riscv64', [SOURCE], join(root, name, 'stacks'), flags);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('stacks', () => {
  it.each(Object.entries(PROGRAMS))('are found by %s', async (_, [name]) => {
    const { profile } = await runProgram(name);
    const stacks = stacksOf(profile);
    const left = stacks.get('main outer left spin')!;
    const right = stacks.get('main outer right right right right right right spin')!;
    const handler = [...stacks].find(([line]) => /^main .*on_signal in_handler spin$/.test(line))!;
    expect(right / left).toBeCloseTo(2, 1);
    expect(handler[1] / left).toBeCloseTo(1, 1);
    const all = profile.threads.reduce((sum, thread) => sum + thread.sampleStacks.length, 0);
    expect(left + right + handler[1]).toBeGreaterThan(0.97 * all);
    expect(all).toBe(Math.floor(profile.instructions / INTERVAL));
  });

  it('lead to system calls', async () => {
    const { profile } = await runProgram('cfi');
    const calls = profile.threads.flatMap((thread) => [...thread.calls]);
    const named = calls.map(
      ([stack, { count }]) =>
        [profile.stacks.path(stack).map((frame) => nameOf(profile.stacks.frames[frame]!)), count] as const,
    );
    const getppid = named.filter(([names]) => names[0] === 'sys_getppid');
    expect(getppid).toHaveLength(1);
    expect(getppid[0]![0].slice(0, 3)).toEqual(['sys_getppid', 'getppid', 'main']);
    expect(getppid[0]![1]).toBe(7);
  });
});

describe('profiling', () => {
  it('changes nothing, and gives the same each time', async () => {
    const runs = [await runProgram('cfi'), await runProgram('cfi'), await runProgram('cfi', 1009)];
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(new Set(runs.map(({ retired }) => retired)).size).toBe(1);
    const [first, second] = runs.map(({ profile }) => profile);
    expect(pprofOf(first!)).toEqual(pprofOf(second!));
    expect(JSON.stringify(firefoxProfileOf(first!))).toBe(JSON.stringify(firefoxProfileOf(second!)));
  });

  it('refuses an interval that is none', async () => {
    await expect(runProgram('cfi', 0)).rejects.toThrow(RangeError);
    await expect(runProgram('cfi', 1.5)).rejects.toThrow(RangeError);
  });
});

describe('pprof', () => {
  it('holds what was sampled', async () => {
    const { profile } = await runProgram('cfi');
    const message = decodeMessage(pprofOf(profile));
    const strings = message.get(6)!.map(text);
    expect(strings[0]).toBe('');
    const at = (fields: Message, field: number): string => strings[whole(fields, field)]!;
    const types = message.get(1)!.map((value) => decodeMessage(value as Uint8Array));
    expect(types.map((type) => [at(type, 1), at(type, 2)])).toEqual([
      ['instructions', 'count'],
      ['syscalls', 'count'],
      ['syscall_time', 'nanoseconds'],
    ]);
    const nested = (field: number): Message[] => message.get(field)!.map((value) => decodeMessage(value as Uint8Array));
    const byId = (messages: Message[]): Map<number, Message> => new Map(messages.map((one) => [whole(one, 1), one]));
    const [mappings, locations, functions] = [byId(nested(3)), byId(nested(4)), byId(nested(5))];
    const names = new Map(
      [...locations].map(([id, location]) => {
        expect(mappings.has(whole(location, 2))).toBe(true);
        const line = decodeMessage(location.get(4)![0] as Uint8Array);
        return [id, at(functions.get(whole(line, 1))!, 2)];
      }),
    );
    const samples = nested(2).map((sample) => ({
      names: packed(sample.get(1)![0]).map((id) => names.get(id)!),
      values: packed(sample.get(2)![0]),
      labels: new Map(
        sample.get(3)!.map((value) => {
          const label = decodeMessage(value as Uint8Array);
          return [at(label, 1), label.has(2) ? at(label, 2) : whole(label, 3)];
        }),
      ),
    }));
    const total = samples.reduce((sum, { values }) => sum + values[0]!, 0);
    expect(total).toBe(INTERVAL * Math.floor(profile.instructions / INTERVAL));
    expect(samples.find(({ names }) => names[0] === '[kernel] sys_getppid')).toMatchObject({
      values: [0, 7, expect.any(Number)],
    });
    expect([...samples[0]!.labels.keys()]).toEqual(['process', 'thread', 'pid', 'tid']);
    expect(samples[0]!.labels.get('process')).toBe('stacks');
    expect(whole(message, 12)).toBe(INTERVAL);
    expect(strings[whole(message, 14)]).toBe('instructions');
    expect([...mappings.values()].map((mapping) => at(mapping, 5))).toContain('/stacks');
  });
});

interface Table {
  readonly length: number;
  readonly [column: string]: unknown;
}

/** Columns of a table: all of the table's length. */
function expectTable(table: Table, columns: readonly string[]): void {
  expect(Object.keys(table).sort()).toEqual([...columns, 'length'].sort());
  for (const column of columns) {
    const values = table[column];
    if (Array.isArray(values)) expect(values, column).toHaveLength(table.length);
  }
}

describe('the Firefox Profiler’s format', () => {
  it('has tables whose columns agree and whose indices hold', async () => {
    const { profile } = await runProgram('cfi');
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    const { meta, libs, threads } = JSON.parse(JSON.stringify(firefoxProfileOf(profile))) as any;
    expect(meta).toMatchObject({ preprocessedProfileVersion: 48, symbolicated: true, interval: INTERVAL / 1e6 });
    expect(threads).toHaveLength(1);
    const thread = threads[0];
    expect(thread).toMatchObject({
      name: 'stacks',
      processName: 'stacks',
      isMainThread: true,
      pid: String(thread.tid),
    });
    const { samples, markers, stackTable, frameTable, funcTable, resourceTable, nativeSymbols, stringArray } = thread;
    expectTable(samples, ['stack', 'time', 'weight', 'weightType']);
    expectTable(markers, ['data', 'name', 'startTime', 'endTime', 'phase', 'category']);
    expectTable(stackTable, ['frame', 'category', 'subcategory', 'prefix']);
    expectTable(frameTable, [
      ...['address', 'inlineDepth', 'category', 'subcategory', 'func', 'nativeSymbol', 'innerWindowID'],
      ...['implementation', 'line', 'column'],
    ]);
    expectTable(funcTable, ['name', 'isJS', 'relevantForJS', 'resource', 'fileName', 'lineNumber', 'columnNumber']);
    expectTable(resourceTable, ['lib', 'name', 'host', 'type']);
    expectTable(nativeSymbols, ['libIndex', 'address', 'name', 'functionSize']);
    const below = (values: (number | null)[], length: number): void => {
      for (const value of values) expect(value === null || (value >= 0 && value < length)).toBe(true);
    };
    below(samples.stack, stackTable.length);
    below(stackTable.frame, frameTable.length);
    below(frameTable.func, funcTable.length);
    below(frameTable.nativeSymbol, nativeSymbols.length);
    below(funcTable.resource, resourceTable.length);
    below(resourceTable.lib, libs.length);
    below([...funcTable.name, ...nativeSymbols.name, ...resourceTable.name, ...markers.name], stringArray.length);
    stackTable.prefix.forEach((prefix: number | null, i: number) => expect(prefix === null || prefix < i).toBe(true));
    expect([...samples.time].sort((a: number, b: number) => a - b)).toEqual(samples.time);
    expect(markers.name.map((name: number) => stringArray[name])).toContain('getppid');

    const names = new Map<string, number>();
    for (const stack of samples.stack as number[]) {
      const path: string[] = [];
      for (let at: number | null = stack; at !== null; at = stackTable.prefix[at])
        path.push(stringArray[funcTable.name[frameTable.func[stackTable.frame[at]]]]);
      const line = path
        .slice(0, path.indexOf('main') + 1)
        .reverse()
        .join(' ');
      names.set(line, (names.get(line) ?? 0) + 1);
    }
    expect(names).toEqual(stacksOf(profile));
  });
});
