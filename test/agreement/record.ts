/**
 * What a program left, and how two such records differ.
 *
 * Interface: describeDifference, recordOf.
 */
import { F_NAMES, X_NAMES } from '../../src/isa/riscv/registers.ts';
import { MAX_FAULTS, RECORD } from './driver.ts';
import { WINDOW_BYTES } from './places.ts';

/** The record of a program among those that a batch wrote; shorter where the batch broke off. */
export function recordOf(output: Uint8Array, index: number): Uint8Array {
  return output.subarray(index * RECORD.bytes, (index + 1) * RECORD.bytes);
}

const MAX_LINES = 12;

/** A line for each field that differs, the first ones; undefined when none does. */
export function describeDifference(theirs: Uint8Array, ours: Uint8Array): string | undefined {
  if (Buffer.compare(theirs, ours) === 0) return undefined;
  if (theirs.length < RECORD.bytes || ours.length < RECORD.bytes)
    return `broke off: ${theirs.length} and ${ours.length} of ${RECORD.bytes} bytes`;
  const [there, here] = [view(theirs), view(ours)];
  const different = FIELDS.filter(({ at }) => there.getBigUint64(at, true) !== here.getBigUint64(at, true));
  const lines = different.map(({ name, at }) => `${name}: ${hex(there, at)} there, ${hex(here, at)} here`);
  return [
    ...lines.slice(0, MAX_LINES),
    ...(lines.length > MAX_LINES ? [`and ${lines.length - MAX_LINES} more`] : []),
  ].join('\n');
}

interface Field {
  readonly name: string;
  readonly at: number;
}

const FIELDS: readonly Field[] = [
  // Faults first: where control went elsewhere.
  ...Array.from({ length: MAX_FAULTS }, (_, i) => i).flatMap((fault) =>
    ['signal', 'code', 'pc', 'address'].map((part, i) => ({
      name: `fault ${fault} ${part}`,
      at: RECORD.faults + fault * RECORD.faultBytes + 8 * i,
    })),
  ),
  { name: 'faults', at: RECORD.faultCount },
  ...X_NAMES.map((name, i) => ({ name, at: RECORD.x + 8 * i })),
  ...F_NAMES.map((name, i) => ({ name, at: RECORD.f + 8 * i })),
  { name: 'fcsr', at: RECORD.fcsr },
  ...Array.from({ length: WINDOW_BYTES / 8 }, (_, i) => ({ name: `memory ${8 * i}`, at: RECORD.windows + 8 * i })),
];

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(bytes: DataView, at: number): string {
  return bytes.getBigUint64(at, true).toString(16);
}
