/**
 * Floating-point primitives done in place by the host's own arithmetic, where that is known to give the exact result and
 * flags: rounding is to nearest even, the inexact flag is set already, and the result is an ordinary number, so that no
 * other flag can arise. Anything else branches to `slow`; nothing has been changed then, and the complete function (functions.ts)
 * does the primitive.
 *
 * Interface: emitHostFp, hostFpTypes, hostFpNeeds, FpSite.
 */
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import type { CodeEmitter, Label, Local } from '../../wasm/code.ts';
import { RM } from './format.ts';
import { relaxedMadd, type FpHost } from './fp-host.ts';
import { emitFma32, emitFma64, isZeroProduct } from './host-fma.ts';
import { isOutside } from './rounding.ts';
import { demote, FunctionWriter, promote } from './value.ts';
import type { NumericType, Value, Variable } from './value.ts';

type Format = 'f32' | 'f64';

export interface FpSite {
  readonly code: CodeEmitter;
  readonly host: FpHost;
  readonly slow: Label;
  /** A local for use inside one primitive. */
  temp(type: NumericType): Local;
  /** It is known, or will be looked at, that the result is finite. */
  readonly isFinite?: boolean;
  /** For each operand of a comparison, minimum or maximum, whether it is known not to be a NaN. */
  readonly areNumbers?: readonly boolean[];
  /** Do what is exact because of a zero among the operands, too; it takes more code. */
  readonly withZeros?: boolean;
}

/** What is on the stack for a primitive, and what it leaves: floats as such, truth values as i32. */
export function hostFpTypes(name: FpPrimitive): { operand: NumericType; result: NumericType } {
  const { op, format } = parse(name);
  if (op === 'intToF') return { operand: 'i64', result: format };
  if (op === 'fToInt') return { operand: format, result: 'i64' };
  if (op === 'fToF') return { operand: format === 'f32' ? 'f64' : 'f32', result: format };
  return { operand: format, result: COMPARE[op] ? 'i32' : format };
}

/** What the caller has to make sure of before emitHostFp: nothing, or that NX is set and rounding is in the mode given. */
export function hostFpNeeds(name: FpPrimitive): 'nothing' | 'mode and NX' {
  const { op, format, int } = parse(name);
  const isExact =
    COMPARE[op] !== undefined ||
    op === 'fmin' ||
    op === 'fmax' ||
    (format === 'f64' && (op === 'fToF' || (op === 'intToF' && (int === 'i32' || int === 'u32'))));
  return isExact ? 'nothing' : 'mode and NX';
}

/**
 * The operands are on the stack; the result is left there. `mode` is that of a conversion to an integer (RNE, RTZ, RDN or RUP);
 * all else rounds to nearest even.
 */
export function emitHostFp(name: FpPrimitive, site: FpSite, mode: number = RM.RNE): void {
  const { code, host, slow, temp, isFinite = false, areNumbers = [], withZeros = false } = site;
  const { op, format, int } = parse(name);
  const f = new FunctionWriter(code, temp);
  /** Leaves the float on the stack if its exponent field is at least `from`, or if it is exact all the same. */
  const checked = (from: number, isExact?: (result: Variable) => Value): void => {
    const [result] = f.pop(format);
    const outside = isOutside(result!, from);
    if (isExact && withZeros) {
      outside.emit(code);
      code.unlikely().if(() => f.branchIf(isExact(result!).eqz(), slow));
    } else f.branchIf(outside, slow);
    result!.emit(code);
  };
  switch (op) {
    case 'fadd':
    case 'fsub':
    case 'fsqrt':
      // Exact where it is tiny.
      code.op(`${format}.${HOST_OP[op]}`);
      return isFinite ? undefined : checked(0);
    case 'fmul': {
      const [a, b] = f.pop(format, format);
      a!.mul(b!).emit(code);
      return checked(SAFELY_NORMAL, (result) => isZeroProduct(a!, b!, result));
    }
    case 'fdiv': {
      const [a, b] = f.pop(format, format);
      a!.div(b!).emit(code);
      return checked(SAFELY_NORMAL, (result) => result.eq(0).and(a!.eq(0)));
    }
    case 'fma': {
      const [a, b, c] = f.pop(format, format, format);
      if (host.fusedMadd) relaxedMadd(a!, b!, c!).emit(code);
      else if (format === 'f64') {
        emitFma64(f, a!, b!, c!, slow).emit(code);
        return;
      } else emitFma32(f, a!, b!, c!, slow).emit(code);
      return checked(SAFELY_NORMAL, (result) => isZeroProduct(a!, b!, result));
    }
    case 'fmin':
    case 'fmax': {
      // WebAssembly, too, orders -0 below +0.
      code.op(`${format}.${HOST_OP[op]}`);
      if (isFinite || (areNumbers[0] && areNumbers[1])) return;
      const [result] = f.pop(format);
      f.branchIf(result!.ne(result!), slow);
      result!.emit(code);
      return;
    }
    case 'feq':
    case 'flt':
    case 'fle': {
      const [a, b] = f.pop(format, format);
      const unknown = [a!, b!].filter((_, i) => !areNumbers[i]);
      // Of both: a NaN, or two opposite infinities.
      const witness = unknown.length === 2 ? f.let(a!.add(b!)) : unknown[0];
      if (witness) f.branchIf(witness.ne(witness), slow);
      a!.with(`${format}.${COMPARE[op]!}`, b!).emit(code);
      return;
    }
    case 'intToF': {
      const signedness = int!.startsWith('u') ? 'u' : 's';
      if (int === 'i32' || int === 'u32') code.op('i32.wrap_i64', `${format}.convert_i32_${signedness}`);
      else code.op(`${format}.convert_i64_${signedness}`);
      return;
    }
    case 'fToInt':
      return emitToInt(f, format, int!, mode, slow);
    case 'fToF': {
      if (format === 'f32') {
        const [wide] = f.pop('f64');
        demote(wide!).emit(code);
        return checked(SAFELY_NORMAL, () => wide!.eq(0));
      }
      const [x] = f.pop('f32');
      if (!areNumbers[0]) f.branchIf(x!.ne(x!), slow);
      promote(x!).emit(code);
      return;
    }
  }
}

/** A field of 1 may have been rounded up from a tiny number. */
const SAFELY_NORMAL = 2;

const HOST_OP = {
  fadd: 'add',
  fsub: 'sub',
  fsqrt: 'sqrt',
  fmin: 'min',
  fmax: 'max',
} as const;
const COMPARE: Partial<Record<Operation, 'eq' | 'lt' | 'le'>> = { feq: 'eq', flt: 'lt', fle: 'le' };

const ROUND: Readonly<Record<number, 'nearest' | 'floor' | 'ceil'>> = {
  [RM.RNE]: 'nearest',
  [RM.RDN]: 'floor',
  [RM.RUP]: 'ceil',
};

function emitToInt(f: FunctionWriter, format: Format, int: string, mode: number, slow: Label): void {
  const { code } = f;
  const round = ROUND[mode];
  if (round) code.op(`${format}.${round}`);
  const [x] = f.pop(format);
  const isSigned = int.startsWith('i');
  const limit = 2 ** (int.endsWith('32') ? (isSigned ? 31 : 32) : 63);
  const inRange = isSigned ? x!.abs().lt(limit) : x!.ge(0).and(x!.lt(limit));
  f.branchIf(inRange.eqz(), slow);
  x!.emit(code);
  code.op(`i64.trunc_${format}_s`);
  if (int === 'u32') code.op('i64.extend32_s');
}

type Operation = keyof typeof HOST_OP | 'fmul' | 'fdiv' | 'fma' | 'feq' | 'flt' | 'fle' | 'intToF' | 'fToInt' | 'fToF';

function parse(name: FpPrimitive): { op: Operation; format: Format; int: string | undefined } {
  const [op, format, int] = name.split('.') as [Operation, Format, string | undefined];
  return { op, format, int };
}
