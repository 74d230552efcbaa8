/**
 * A profile for pprof. Interface: pprofOf.
 * Source: github.com/google/pprof, proto/profile.proto. Each sample has three values (retired instructions, system calls, their time) and
 * says by labels whose it is. The message is not compressed; `go tool pprof` takes it with and without gzip.
 */
import { bytesOf, fromUtf8 } from '../../util/byte-string.ts';
import type { Image } from './images.ts';
import type { Profile, ThreadProfile } from './profile.ts';
import { MessageWriter } from './protobuf.ts';

/** Field numbers of profile.proto. */
const PROFILE = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  stringTable: 6,
  durationNanos: 10,
  periodType: 11,
  period: 12,
  comment: 13,
  defaultSampleType: 14,
} as const;
const VALUE_TYPE = { type: 1, unit: 2 } as const;
const SAMPLE = { locationId: 1, value: 2, label: 3 } as const;
const LABEL = { key: 1, str: 2, num: 3 } as const;
const MAPPING = {
  id: 1,
  memoryStart: 2,
  memoryLimit: 3,
  fileOffset: 4,
  filename: 5,
  buildId: 6,
  hasFunctions: 7,
} as const;
const LOCATION = { id: 1, mappingId: 2, address: 3, line: 4 } as const;
const LINE = { functionId: 1 } as const;
const FUNCTION = { id: 1, name: 2, systemName: 3, filename: 4 } as const;

const SAMPLE_TYPES = [
  ['instructions', 'count'],
  ['syscalls', 'count'],
  ['syscall_time', 'nanoseconds'],
] as const;
const KERNEL_NAME = '[kernel]';

export function pprofOf(profile: Profile): Uint8Array<ArrayBuffer> {
  const strings = new Strings();
  const out = new MessageWriter();
  const valueType = (type: string, unit: string): MessageWriter =>
    new MessageWriter().number(VALUE_TYPE.type, strings.id(type)).number(VALUE_TYPE.unit, strings.id(unit));

  for (const [type, unit] of SAMPLE_TYPES) out.message(PROFILE.sampleType, valueType(type, unit));
  for (const thread of profile.threads) writeSamples(out, profile, thread, strings);
  for (const image of busiestFirst(profile)) out.message(PROFILE.mapping, mapping(image, strings));
  out.message(
    PROFILE.mapping,
    new MessageWriter()
      .number(MAPPING.id, profile.images.length + 1)
      .number(MAPPING.filename, strings.id(KERNEL_NAME))
      .number(MAPPING.hasFunctions, 1),
  );
  writeLocations(out, profile, strings);
  out.number(PROFILE.durationNanos, profile.endNs - profile.startNs);
  out.message(PROFILE.periodType, valueType('instructions', 'count'));
  out.number(PROFILE.period, profile.interval);
  out.number(
    PROFILE.comment,
    strings.id(
      'syscall_time is from the entry of a call to its return, waiting included; the kernel retires no instructions',
    ),
  );
  out.number(PROFILE.defaultSampleType, strings.id('instructions'));
  for (const text of strings.all) out.bytes(PROFILE.stringTable, bytesOf(fromUtf8(text)));
  return out.finish();
}

/** Samples with the same stack become one. */
function writeSamples(out: MessageWriter, profile: Profile, thread: ThreadProfile, strings: Strings): void {
  const values = new Map<number, [number, number, number]>();
  const valuesOf = (stack: number): [number, number, number] => {
    let value = values.get(stack);
    if (value === undefined) values.set(stack, (value = [0, 0, 0]));
    return value;
  };
  for (const stack of thread.sampleStacks) valuesOf(stack)[0] += profile.interval;
  for (const [stack, { count, ns }] of thread.calls) {
    const value = valuesOf(stack);
    value[1] += count;
    value[2] += Math.round(ns);
  }
  const label = (key: string): MessageWriter => new MessageWriter().number(LABEL.key, strings.id(key));
  const labels = [
    label('process').number(LABEL.str, strings.id(thread.processName)),
    label('thread').number(LABEL.str, strings.id(thread.name)),
    label('pid').number(LABEL.num, thread.pid),
    label('tid').number(LABEL.num, thread.tid),
  ];
  for (const [stack, value] of values) {
    const sample = new MessageWriter()
      .numbers(
        SAMPLE.locationId,
        profile.stacks.path(stack).map((frame) => frame + 1),
      )
      .numbers(SAMPLE.value, value);
    for (const one of labels) sample.message(SAMPLE.label, one);
    out.message(PROFILE.sample, sample);
  }
}

/** pprof takes the first for the program. */
function busiestFirst({ images, stacks, threads }: Profile): Image[] {
  const counts = images.map(() => 0);
  for (const { sampleStacks } of threads) {
    for (const stack of sampleStacks) {
      const frame = stacks.frames[stacks.frameOf[stack]!];
      if (frame?.kind === 'code') counts[frame.image.index]!++;
    }
  }
  return [...images].sort((a, b) => counts[b.index]! - counts[a.index]! || a.index - b.index);
}

function mapping(image: Image, strings: Strings): MessageWriter {
  const code = image.segments.find(({ isCode }) => isCode);
  return new MessageWriter()
    .number(MAPPING.id, image.index + 1)
    .number(MAPPING.memoryStart, code?.address ?? 0)
    .number(MAPPING.memoryLimit, code === undefined ? 0 : code.address + code.size)
    .number(MAPPING.fileOffset, code?.offset ?? 0)
    .number(MAPPING.filename, strings.id(image.path))
    .number(MAPPING.buildId, strings.id(image.buildId))
    .number(MAPPING.hasFunctions, 1);
}

/** A location for each frame, and a function for each name in an image. */
function writeLocations(out: MessageWriter, profile: Profile, strings: Strings): void {
  const functions = new Map<string, number>();
  const functionId = (name: string, file: string): number => {
    const key = `${file}\0${name}`;
    let id = functions.get(key);
    if (id === undefined) {
      functions.set(key, (id = functions.size + 1));
      out.message(
        PROFILE.function,
        new MessageWriter()
          .number(FUNCTION.id, id)
          .number(FUNCTION.name, strings.id(name))
          .number(FUNCTION.systemName, strings.id(name))
          .number(FUNCTION.filename, strings.id(file)),
      );
    }
    return id;
  };
  profile.stacks.frames.forEach((frame, index) => {
    const isCode = frame.kind === 'code';
    const id = isCode
      ? functionId(frame.image.functionAt(frame.address).name, frame.image.path)
      : functionId(`${KERNEL_NAME} sys_${frame.name}`, KERNEL_NAME);
    out.message(
      PROFILE.location,
      new MessageWriter()
        .number(LOCATION.id, index + 1)
        .number(LOCATION.mappingId, isCode ? frame.image.index + 1 : profile.images.length + 1)
        .number(LOCATION.address, isCode ? frame.address : 0)
        .message(LOCATION.line, new MessageWriter().number(LINE.functionId, id)),
    );
  });
}

/** The string table: every text once, the empty one first. */
class Strings {
  readonly all: string[] = [''];
  readonly #ids = new Map<string, number>([['', 0]]);

  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.all.push(text) - 1;
      this.#ids.set(text, id);
    }
    return id;
  }
}
