/**
 * Disassembly against binutils, over random instances of every row; decoding of every 16-bit encoding.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode, instructionLength } from './decode.ts';
import { disassemble } from './disassemble.ts';
import { CSR_NAMES } from './registers.ts';
import { RV64C } from './rv64c.ts';
import { INSNS } from './table.ts';

const OBJDUMP = 'riscv64-linux-gnu-objdump';
const hasObjdump = spawnSync(OBJDUMP, ['--version']).status === 0;

let seed = 7;
function random32(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  const high = seed;
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (high & 0xffff0000) | (seed >>> 16);
}

/** Text that objdump gives for each instruction of a stream, with one space after the mnemonic and no comments. */
function objdump(bytes: Uint8Array): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-'));
  try {
    const file = join(directory, 'code');
    writeFileSync(file, bytes);
    const args = ['-D', '-b', 'binary', '-m', 'riscv:rv64', '-M', 'no-aliases', '-z', '--no-show-raw-insn', file];
    const output = execFileSync(OBJDUMP, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
    const lines = output.split('\n').flatMap((line) => /^\s*[0-9a-f]+:\s+(.*)$/.exec(line)?.[1] ?? []);
    return lines.map((line) =>
      line
        .replace(/ [#<].*$/, '')
        .replace(/\s+/, ' ')
        .trim(),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function compare(words: readonly number[]): void {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  let length = 0;
  const ours: string[] = [];
  for (const word of words) {
    ours.push(disassemble(word, BigInt(length)));
    const size = instructionLength(word);
    if (size === 2) view.setUint16(length, word & 0xffff, true);
    else view.setInt32(length, word, true);
    length += size;
  }
  const theirs = objdump(new Uint8Array(view.buffer, 0, length));
  const differences = ours.flatMap((text, i) => (text === theirs[i] ? [] : [`${text} | ${theirs[i]}`]));
  expect(differences.slice(0, 40)).toEqual([]);
}

describe.runIf(hasObjdump)('disassemble', () => {
  it('prints every 32-bit row as objdump does', () => {
    compare(
      INSNS.flatMap((row) =>
        Array.from(
          { length: 40 },
          () => row.value | (random32() & ~row.mask & (row.name === 'fence.i' ? 0 : -1)),
        ).filter(
          // Reserved rounding modes, and fences with fields that mean nothing, are printed in too many ways; exact conversions with a mode are not known everywhere.
          (word) => {
            if (row.name.startsWith('csr') && CSR_NAMES[word >>> 20] === undefined) return false;
            const rm = decode(word)?.operands.rm;
            if (/^fcvt\.d\.(wu?|s)$/.test(row.name)) return rm === 0;
            return rm !== 5 && rm !== 6 && !(row.name.startsWith('fence') && (word & 0xf00f8f80) !== 0);
          },
        ),
      ),
    );
  });

  it('knows the same compressed instructions and prints them alike', () => {
    const words = Array.from({ length: 65536 }, (_, word) => word).filter((word) => (word & 3) !== 3);
    // Encodings that expand to nothing of RV64GC, or are HINTs that binutils names otherwise, are left to the next test.
    compare(words.filter((word) => decode(word) && !isRenamedHint(word)));
  });
});

describe('decode', () => {
  it('rejects reserved encodings', () => {
    for (const word of [0x0000, 0x2001 & ~0xf80, 0x6101 & ~0x107c, 0x8002, 0x4002, 0x6002, 0x9c41, 0x8000])
      expect(decode(word), word.toString(16)).toBeUndefined();
  });

  it('finds exactly one row for each instance', () => {
    for (const row of INSNS)
      expect(
        INSNS.filter((other) => ((row.value ^ other.value) & row.mask & other.mask) === 0).map((other) => other.name),
      ).toEqual([row.name]);
    expect(new Set(RV64C.map((row) => row.name)).size).toBe(RV64C.length);
  });
});

function isRenamedHint(word: number): boolean {
  const decoded = decode(word)!;
  const { rd, imm } = decoded.operands;
  const name = decoded.compressed!.name;
  if (name === 'c.nop') return true;
  return (
    (rd === 0 && !['c.j', 'c.jr', 'c.nop'].includes(name)) ||
    (imm === 0 && ['c.slli', 'c.srli', 'c.srai', 'c.addi'].includes(name))
  );
}
