/**
 * The generated functions against the reference, bit by bit and flag by flag, and the host's arithmetic in place with them
 * behind it. RINGFENCE_FP_CASES sets the number of cases for each operation, format and mode.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeWasm } from '../../host/node/wasm.ts';
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import { F32, F64, FLAG } from './format.ts';
import type { FpFormat, RoundingMode } from './format.ts';
import { defineFpFunctions } from './functions.ts';
import { fpClass } from './reference.ts';
import { defineInPlace, testHosts } from './test-in-place.ts';
import { OperandSource, TEST_OPERATIONS } from './test-operations.ts';
import type { TestOperation } from './test-operations.ts';

const CASES = Number(process.env['RINGFENCE_FP_CASES'] ?? 2000);
const FFLAGS = 64;
const HOSTS = testHosts(nodeWasm);
const MODES: readonly RoundingMode[] = [0, 1, 2, 3, 4];

let functions: Record<string, (...args: (bigint | number)[]) => bigint>;
let fflags: Int32Array;

beforeAll(() => {
  const module = new ModuleBuilder();
  module.defineMemory(1);
  module.exportMemory('memory');
  const refs = defineFpFunctions(module, FFLAGS);
  for (const [name, ref] of refs) {
    module.exportFunction(name, ref);
    for (const host of HOSTS) defineInPlace(module, host, FFLAGS, name, ref);
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes() as Uint8Array<ArrayBuffer>));
  functions = exports as unknown as typeof functions;
  fflags = new Int32Array((exports['memory'] as WebAssembly.Memory).buffer, FFLAGS, 1);
});

/** What instruction rows do to reach the primitive: fmsub and its kin flip signs. */
function execute(
  prefix: string,
  operation: TestOperation,
  format: FpFormat,
  operands: bigint[],
  rm: RoundingMode,
): bigint {
  const sign = 1n << BigInt(format.width - 1);
  const [a, b, c] = operands as [bigint, bigint, bigint];
  const run = (name: FpPrimitive, ...args: (bigint | number)[]): bigint =>
    BigInt.asUintN(64, functions[prefix + name]!(...args));
  const f = format === F32 ? 'f32' : 'f64';
  switch (operation.name) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return run(`f${operation.name}.${f}`, a, b, rm);
    case 'sqrt':
      return run(`fsqrt.${f}`, a, rm);
    case 'fmadd':
      return run(`fma.${f}`, a, b, c, rm);
    case 'fmsub':
      return run(`fma.${f}`, a, b, c ^ sign, rm);
    case 'fnmsub':
      return run(`fma.${f}`, a ^ sign, b, c, rm);
    case 'fnmadd':
      return run(`fma.${f}`, a ^ sign, b, c ^ sign, rm);
    case 'eq':
    case 'lt':
    case 'le':
    case 'min':
    case 'max':
      return run(`f${operation.name}.${f}`, a, b);
    case 'toI32':
    case 'toU32':
      return BigInt.asUintN(32, signExtended(run(`fToInt.${f}.${operation.name === 'toI32' ? 'i32' : 'u32'}`, a, rm)));
    case 'toI64':
    case 'toU64':
      return run(`fToInt.${f}.${operation.name === 'toI64' ? 'i64' : 'u64'}`, a, rm);
    case 'fromI32':
    case 'fromU32':
    case 'fromI64':
    case 'fromU64':
      return run(`intToF.${f}.${operation.name.slice(4).toLowerCase() as 'i32'}`, a, rm);
    case 'convert':
      return run(`fToF.${f === 'f32' ? 'f64' : 'f32'}`, a, rm);
    default:
      throw new Error(`no function for ${operation.name}`);
  }
}

/** Checks that a 32-bit result is sign-extended. */
function signExtended(value: bigint): bigint {
  if (BigInt.asUintN(64, BigInt.asIntN(32, value)) !== value) throw new Error(`${hex(value)} is not sign-extended`);
  return value;
}

function check(operation: TestOperation, format: FpFormat, rm: RoundingMode, operands: bigint[]): string | undefined {
  const [a, b, c] = operands as [bigint, bigint, bigint];
  const expected = operation.run(format, a, b, c, rm);
  // The high half of an f32 operand is ignored.
  const noise = format === F32 && operation.operands === 'float' ? 0xdead_beefn << 32n : 0n;
  const noisy = operands.map((operand) => operand | noise);
  // NX set beforehand selects another path.
  const prefixes = ['', ...HOSTS.map(({ prefix }) => prefix)];
  for (const [before, prefix] of [0, FLAG.NX].flatMap((flags) => prefixes.map((prefix) => [flags, prefix] as const))) {
    fflags[0] = before;
    const result = execute(prefix, operation, format, noisy, rm);
    if (result === expected.bits && fflags[0] === (expected.flags | before)) continue;
    return (
      `${prefix}${operation.name} f${format.width} rm=${rm} (${operands.map(hex).join(', ')}): ` +
      `expected ${hex(expected.bits)} flags ${expected.flags | before}, got ${hex(result)} flags ${fflags[0]}`
    );
  }
  return undefined;
}

describe('generated functions agree with the reference:', () => {
  for (const operation of TEST_OPERATIONS.filter(({ name }) => name !== 'class')) {
    it(operation.name, { timeout: 3_600_000 }, () => {
      const source = new OperandSource(operation.code * 7919 + 1);
      const wrong: string[] = [];
      for (const format of [F32, F64]) {
        for (const rm of operation.rounds ? MODES : MODES.slice(0, 1)) {
          for (let i = 0; i < CASES && wrong.length < 10; i++) {
            const mismatch = check(operation, format, rm, source.next(operation, format));
            if (mismatch !== undefined) wrong.push(mismatch);
          }
        }
      }
      expect(wrong).toEqual([]);
    });
  }

  it('every pair of special values', { timeout: 60_000 }, () => {
    const wrong: string[] = [];
    for (const format of [F32, F64]) {
      const values = specialValues(format);
      for (const operation of TEST_OPERATIONS.filter((o) => o.operands === 'float' && o.name !== 'class')) {
        for (const rm of operation.rounds ? MODES : MODES.slice(0, 1)) {
          for (const a of values) {
            for (const b of operation.arity > 1 ? values : [0n]) {
              // A third operand would make too many: the addend goes through zero, infinity, NaN and one number.
              for (const c of operation.arity > 2 ? values.filter((_, i) => i % 5 === 0) : [0n]) {
                const mismatch = check(operation, format, rm, [a, b, c]);
                if (mismatch !== undefined) wrong.push(mismatch);
              }
            }
          }
        }
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
  });
});

describe('operands', () => {
  it('visit every class of float and every flag', () => {
    const source = new OperandSource(5);
    for (const format of [F32, F64]) {
      let classes = 0;
      let flags = 0;
      for (const operation of TEST_OPERATIONS.filter(({ arity }) => arity === 2)) {
        for (let i = 0; i < 2000; i++) {
          const [a, b, c] = source.next(operation, format);
          classes |= fpClass(format, a) | fpClass(format, b);
          flags |= operation.run(format, a, b, c, 0).flags;
        }
      }
      expect(classes).toBe(0x3ff);
      expect(flags).toBe(0x1f);
    }
  });
});

/** Zeros, limits, neighbours of one, NaNs, of both signs. */
function specialValues(format: FpFormat): bigint[] {
  const fraction = BigInt(format.fractionBits);
  const one = BigInt(format.bias) << fraction;
  const infinity = BigInt(2 * format.bias + 1) << fraction;
  const smallestNormal = 1n << fraction;
  const positive = [
    0n,
    1n,
    smallestNormal - 1n,
    smallestNormal,
    smallestNormal + 1n,
    one - 1n,
    one,
    one + 1n,
    one + smallestNormal,
    infinity - 1n,
    infinity,
    infinity + 1n,
    format.canonicalNan,
  ];
  return positive.flatMap((value) => [value, value | (1n << BigInt(format.width - 1))]);
}

function hex(bits: bigint): string {
  return `0x${bits.toString(16)}`;
}
