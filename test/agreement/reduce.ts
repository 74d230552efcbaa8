/**
 * Finds a small program that still shows a difference, by leaving out nodes: many at once, then fewer.
 *
 * Interface: reduce, listing.
 */
import { disassemble } from '../../src/isa/riscv/disassemble.ts';
import { instructionLength } from '../../src/isa/riscv/decode.ts';
import { nodesIn, type Program } from './program.ts';

/** Ids of nodes without which `differs` still holds. Asks at most `attempts` times. */
export async function reduce(
  program: Program,
  differs: (without: ReadonlySet<number>) => boolean | Promise<boolean>,
  attempts = 400,
): Promise<ReadonlySet<number>> {
  const ids = program.functions.flatMap(({ body }) => nodesIn(body)).map(({ id }) => id);
  const without = new Set<number>();
  let left = attempts;
  for (let size = Math.ceil(ids.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < ids.length && left > 0; at += size) {
      const chunk = ids.slice(at, at + size).filter((id) => !without.has(id));
      if (chunk.length === 0) continue;
      left--;
      const tried = new Set([...without, ...chunk]);
      if (await differs(tried)) chunk.forEach((id) => without.add(id));
    }
  }
  return without;
}

/** Code as assembly text, with addresses. Data among it is disassembled too. */
export function listing(bytes: Uint8Array, start: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: string[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const low = view.getUint16(at, true);
    const length = at + 4 <= bytes.length ? instructionLength(low) : 2;
    const word = length === 4 ? view.getInt32(at, true) : low;
    const raw = (word >>> 0).toString(16).padStart(2 * length, '0');
    lines.push(`${(start + at).toString(16)}: ${raw.padEnd(8)} ${disassemble(word, BigInt(start + at))}`);
    at += length;
  }
  return lines.join('\n');
}
