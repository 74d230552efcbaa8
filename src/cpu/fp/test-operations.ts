/**
 * For tests: every operation by number, with its reference and its operands' kinds. hardware.c numbers them alike.
 */
import { F32, F64 } from './format.ts';
import type { FpFormat, RoundingMode } from './format.ts';
import * as reference from './reference.ts';
import type { FpResult } from './reference-rounding.ts';

export interface TestOperation {
  readonly name: string;
  /** Number in hardware.c, for f32; f64 adds 32. */
  readonly code: number;
  readonly operands: 'float' | 'i32' | 'i64';
  /** How many operands. */
  readonly arity: 1 | 2 | 3;
  /** Whether the rounding mode matters. */
  readonly rounds: boolean;
  readonly run: (format: FpFormat, a: bigint, b: bigint, c: bigint, rm: RoundingMode) => FpResult;
}

type Run = TestOperation['run'];

function operation(
  code: number,
  name: string,
  operands: TestOperation['operands'],
  arity: TestOperation['arity'],
  rounds: boolean,
  run: Run,
): TestOperation {
  return { code, name, operands, arity, rounds, run };
}

const fma = (signs: { negateProduct?: boolean; negateAddend?: boolean }): Run => {
  return (format, a, b, c, rm) => reference.fpFma(format, a, b, c, rm, signs);
};
const toInt = (width: 32 | 64, signed: boolean): Run => {
  return (format, a, _b, _c, rm) => reference.fpToInt(format, a, width, signed, rm);
};
const fromInt = (width: 32 | 64, signed: boolean): Run => {
  return (format, a, _b, _c, rm) =>
    reference.fpFromInt(format, signed ? BigInt.asIntN(width, a) : BigInt.asUintN(width, a), rm);
};

export const TEST_OPERATIONS: readonly TestOperation[] = [
  operation(0, 'add', 'float', 2, true, (f, a, b, _c, rm) => reference.fpAdd(f, a, b, rm)),
  operation(1, 'sub', 'float', 2, true, (f, a, b, _c, rm) => reference.fpSub(f, a, b, rm)),
  operation(2, 'mul', 'float', 2, true, (f, a, b, _c, rm) => reference.fpMul(f, a, b, rm)),
  operation(3, 'div', 'float', 2, true, (f, a, b, _c, rm) => reference.fpDiv(f, a, b, rm)),
  operation(4, 'sqrt', 'float', 1, true, (f, a, _b, _c, rm) => reference.fpSqrt(f, a, rm)),
  operation(5, 'fmadd', 'float', 3, true, fma({})),
  operation(6, 'fmsub', 'float', 3, true, fma({ negateAddend: true })),
  operation(7, 'fnmsub', 'float', 3, true, fma({ negateProduct: true })),
  operation(8, 'fnmadd', 'float', 3, true, fma({ negateProduct: true, negateAddend: true })),
  operation(9, 'eq', 'float', 2, false, (f, a, b) => reference.fpEq(f, a, b)),
  operation(10, 'lt', 'float', 2, false, (f, a, b) => reference.fpLt(f, a, b)),
  operation(11, 'le', 'float', 2, false, (f, a, b) => reference.fpLe(f, a, b)),
  operation(12, 'min', 'float', 2, false, (f, a, b) => reference.fpMin(f, a, b)),
  operation(13, 'max', 'float', 2, false, (f, a, b) => reference.fpMax(f, a, b)),
  operation(14, 'class', 'float', 1, false, (f, a) => ({ bits: BigInt(reference.fpClass(f, a)), flags: 0 })),
  operation(15, 'toI32', 'float', 1, true, toInt(32, true)),
  operation(16, 'toU32', 'float', 1, true, toInt(32, false)),
  operation(17, 'toI64', 'float', 1, true, toInt(64, true)),
  operation(18, 'toU64', 'float', 1, true, toInt(64, false)),
  operation(19, 'fromI32', 'i32', 1, true, fromInt(32, true)),
  operation(20, 'fromU32', 'i32', 1, true, fromInt(32, false)),
  operation(21, 'fromI64', 'i64', 1, true, fromInt(64, true)),
  operation(22, 'fromU64', 'i64', 1, true, fromInt(64, false)),
  operation(23, 'convert', 'float', 1, true, (f, a, _b, _c, rm) => {
    return reference.fpConvert(f, f === F32 ? F64 : F32, a, rm);
  }),
];

/** A source of operands that visits the corners often. The same seed gives the same operands. */
export class OperandSource {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 1;
  }

  /** The operands of one case, unused ones zero. Later ones are often chosen close to trouble with earlier ones. */
  next(operation: TestOperation, format: FpFormat): [bigint, bigint, bigint] {
    if (operation.operands !== 'float') return [this.integer(operation.operands === 'i32' ? 32 : 64), 0n, 0n];
    if (operation.name.startsWith('to')) return [this.nearInteger(format), 0n, 0n];
    if (operation.name === 'convert' && format === F64) return [this.nearF32(), 0n, 0n];
    const a = this.float(format);
    if (operation.arity === 1) return [a, 0n, 0n];
    const b = this.below(3) === 0 ? this.companion(format, a) : this.float(format);
    if (operation.arity === 2) return [a, b, 0n];
    // An addend near the product, of either sign: cancellation, ties, sticky bits far below.
    if (this.below(3) === 0) return [a, b, this.float(format)];
    const product = reference.fpMul(format, a, b, 0).bits;
    return [a, b, this.companion(format, product)];
  }

  /** Uniform in 0 … bound - 1. */
  below(bound: number): number {
    return this.word() % bound;
  }

  private word(): number {
    // xorshift32
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  private long(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }

  private float(format: FpFormat): bigint {
    return this.compose(format, this.below(2), this.exponent(format), this.fraction(format));
  }

  private compose(format: FpFormat, sign: number, exponent: number, fraction: bigint): bigint {
    const top = 2 * format.bias + 1;
    const biased = Math.max(0, Math.min(top, exponent));
    return (
      (BigInt(sign) << BigInt(format.width - 1)) |
      (BigInt(biased) << BigInt(format.fractionBits)) |
      (fraction & ones(format))
    );
  }

  private exponent(format: FpFormat): number {
    const top = 2 * format.bias + 1;
    switch (this.below(9)) {
      case 0:
        return this.below(4); // subnormal and just above
      case 1:
        return top - this.below(4); // infinity, NaN, largest
      case 2:
      case 3:
      case 4:
        return format.bias + this.below(8) - 4; // around 1
      case 5:
        return format.bias + (this.below(4) - 1) * (format.fractionBits + this.below(5) - 2); // around one precision off
      case 6:
        return (format.bias >> 1) + (this.below(3) >> 1) * format.bias + this.below(7) - 3; // products near the limits
      default:
        return this.below(top);
    }
  }

  private fraction(format: FpFormat): bigint {
    const bits = format.fractionBits;
    switch (this.below(8)) {
      case 0:
        return 0n;
      case 1:
        return ones(format) - BigInt(this.below(3));
      case 2:
        return BigInt(this.below(4));
      case 3:
        return 1n << BigInt(this.below(bits)); // one bit
      case 4:
        return ones(format) << BigInt(this.below(bits)); // ones, then zeros
      case 5:
        return (this.long() & ones(format)) << BigInt(this.below(bits)); // few significant bits: exact results
      default:
        return this.long();
    }
  }

  /** A value with an exponent within reach of another's, a neighbour, or its negation. */
  private companion(format: FpFormat, other: bigint): bigint {
    const sign = this.below(2);
    const exponent = Number((other >> BigInt(format.fractionBits)) & ((1n << BigInt(format.exponentBits)) - 1n));
    const fraction = other & ones(format);
    switch (this.below(6)) {
      case 0:
        return this.compose(format, sign, exponent, fraction);
      case 1:
        return this.compose(format, sign, exponent, fraction + BigInt(this.below(5)) - 2n);
      case 2:
        return this.compose(format, sign, exponent + this.below(5) - 2, this.fraction(format));
      case 3:
        return this.compose(format, sign, exponent + format.fractionBits + this.below(7) - 3, this.fraction(format));
      case 4:
        return this.compose(format, sign, exponent - format.fractionBits - this.below(7) + 3, this.fraction(format));
      default:
        return this.compose(
          format,
          sign,
          exponent + this.below(6 * format.fractionBits) - 3 * format.fractionBits,
          this.fraction(format),
        );
    }
  }

  /** Floats around the limits of the integer types, and around halves. */
  private nearInteger(format: FpFormat): bigint {
    if (this.below(4) === 0) return this.float(format);
    const exponent = format.bias - 2 + this.below(70);
    const base = this.compose(format, this.below(2), exponent, this.fraction(format));
    // Half of them become a whole number or a whole number and a half.
    const spare = format.fractionBits - (exponent - format.bias) - this.below(3);
    if (this.below(2) === 0 || spare <= 0 || spare > format.fractionBits) return base;
    return (base >> BigInt(spare)) << BigInt(spare);
  }

  /** Doubles whose low 29 bits are close to a tie, over and beyond the range of f32. */
  private nearF32(): bigint {
    if (this.below(3) === 0) return this.float(F64);
    const exponent = F64.bias + this.below(330) - 165;
    const tail = [0n, 1n, 0x0fff_ffffn, 0x1000_0000n, 0x1000_0001n, 0x1fff_ffffn, this.long() & 0x1fff_ffffn][
      this.below(7)
    ]!;
    // Below 2^-126 the tie moves up.
    const kept = BigInt(29 + Math.max(0, Math.min(24, F64.bias - 126 - exponent)));
    const head = (this.fraction(F64) & ones(F64)) >> kept;
    return this.compose(F64, this.below(2), exponent, (head << kept) | (tail << (kept - 29n)));
  }

  private integer(width: 32 | 64): bigint {
    const ones = (1n << BigInt(width)) - 1n;
    const shift = BigInt(this.below(width));
    switch (this.below(6)) {
      case 0:
        return BigInt.asUintN(64, BigInt.asIntN(width, (1n << shift) + BigInt(this.below(5)) - 2n));
      case 1:
        return BigInt.asUintN(64, BigInt.asIntN(width, ones << shift));
      case 2:
        return BigInt.asUintN(64, BigInt.asIntN(width, (ones >> shift) ^ (1n << BigInt(this.below(width)))));
      default:
        return BigInt.asUintN(64, BigInt.asIntN(width, (this.long() & ones) >> shift));
    }
  }
}

function ones(format: FpFormat): bigint {
  return (1n << BigInt(format.fractionBits)) - 1n;
}
