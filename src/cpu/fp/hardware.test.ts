/**
 * The reference against real processors: this one (x86-64) and riscv64 under qemu. Needs gcc and, for riscv64, its cross
 * compiler and qemu-user. RINGFENCE_FP_CASES sets the number of cases for each operation, format and mode.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { F32, F64, FLAG } from './format.ts';
import type { FpFormat, RoundingMode } from './format.ts';
import { OperandSource, TEST_OPERATIONS } from './test-operations.ts';
import type { TestOperation } from './test-operations.ts';

const CASES = Number(process.env['RINGFENCE_FP_CASES'] ?? 600);
const REQUEST_BYTES = 32;
const RESPONSE_BYTES = 16;
const UNSUPPORTED = 0xffff_ffff_ffff_ffffn;
const MODES: readonly RoundingMode[] = [0, 1, 2, 3, 4];

interface Case {
  readonly operation: TestOperation;
  readonly format: FpFormat;
  readonly rm: RoundingMode;
  readonly operands: [bigint, bigint, bigint];
}

interface Response {
  readonly result: bigint;
  readonly flags: bigint;
}

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'ringfence-fp-'))));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the reference agrees with', () => {
  it('riscv64 under qemu', { timeout: 600_000 }, () => {
    const program = build('riscv64-linux-gnu-gcc', ['-static'], 'apt install gcc-riscv64-linux-gnu');
    const cases = makeCases(1);
    const responses = run('qemu-riscv64', [program], cases, 'apt install qemu-user');
    expect(mismatches(cases, responses, () => true)).toEqual([]);
  });

  it.runIf(process.arch === 'x64')('x86-64', { timeout: 600_000 }, () => {
    const program = build('gcc', [], 'apt install gcc libc6-dev');
    const cases = makeCases(2);
    const responses = run(program, [], cases, 'apt install gcc libc6-dev');
    expect(responses.filter(({ flags }) => flags !== UNSUPPORTED).length).toBeGreaterThan(cases.length / 3);
    expect(mismatches(cases, responses, x86Agrees)).toEqual([]);
  });
});

/** Where x86 means the same as RISC-V. */
function x86Agrees({ operation, format, operands, rm }: Case): boolean {
  // Out of range x86 gives the "integer indefinite" value.
  if (operation.name.startsWith('to')) return (operation.run(format, ...operands, rm).flags & FLAG.NV) === 0;
  // x86 does not call infinity * 0 + NaN invalid.
  const nan = ((1n << BigInt(format.exponentBits)) - 1n) << BigInt(format.fractionBits);
  return !(operation.arity === 3 && (operands[2] & ((1n << BigInt(format.width - 1)) - 1n)) > nan);
}

function makeCases(seed: number): Case[] {
  const source = new OperandSource(seed * 0x9e3779b1);
  const cases: Case[] = [];
  for (const operation of TEST_OPERATIONS) {
    for (const format of [F32, F64]) {
      for (const rm of operation.rounds ? MODES : [MODES[0]!]) {
        for (let i = 0; i < CASES; i++) cases.push({ operation, format, rm, operands: source.next(operation, format) });
      }
    }
  }
  return cases;
}

function mismatches(cases: readonly Case[], responses: readonly Response[], applies: (c: Case) => boolean): string[] {
  const wrong: string[] = [];
  cases.forEach((c, i) => {
    const { result, flags } = responses[i]!;
    if (flags === UNSUPPORTED || !applies(c)) return;
    const expected = c.operation.run(c.format, ...c.operands, c.rm);
    if (expected.bits === result && BigInt(expected.flags) === flags) return;
    wrong.push(
      `${c.operation.name} f${c.format.width} rm=${c.rm} (${c.operands.map(hex).join(', ')}): ` +
        `reference ${hex(expected.bits)} flags ${expected.flags}, processor ${hex(result)} flags ${flags}`,
    );
  });
  return wrong.slice(0, 10);
}

function build(compiler: string, options: string[], install: string): string {
  const program = join(directory, compiler);
  const source = fileURLToPath(new URL('./hardware.c', import.meta.url));
  start(compiler, ['-O2', ...options, '-o', program, source], Buffer.alloc(0), install);
  return program;
}

function run(command: string, args: string[], cases: readonly Case[], install: string): Response[] {
  const input = Buffer.alloc(cases.length * REQUEST_BYTES);
  cases.forEach(({ operation, format, rm, operands }, i) => {
    const at = i * REQUEST_BYTES;
    input.writeUInt32LE(operation.code + (format === F64 ? 32 : 0), at);
    input.writeUInt32LE(rm, at + 4);
    operands.forEach((operand, j) => input.writeBigUInt64LE(operand, at + 8 + 8 * j));
  });
  const output = start(command, args, input, install);
  return cases.map((_, i) => ({
    result: output.readBigUInt64LE(i * RESPONSE_BYTES),
    flags: output.readBigUInt64LE(i * RESPONSE_BYTES + 8),
  }));
}

function start(command: string, args: string[], input: Buffer, install: string): Buffer {
  try {
    return execFileSync(command, args, { input, maxBuffer: 2 ** 30 });
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') throw new Error(`${command} is missing: ${install}`);
    throw error;
  }
}

function hex(bits: bigint): string {
  return `0x${bits.toString(16)}`;
}
