/**
 * Fused multiply-add by the host's plain arithmetic: a * b + c rounded once, to nearest even, and exactly that. Whatever
 * the proofs below do not cover (NaN, infinity, zero, results near the ends of the range, ties) branches to `slow`.
 *
 * Interface: emitFma64, emitFma32, emitFma64WithFlags, isZeroProduct.
 *
 * Binary64. Let p = RN(ab), s = RN(p + c), t = p + c - s, e = ab - p, so that the exact result is T = s + t + e. Here t is a
 * double, and so is e if |p| >= 2^-960. m is the middle between s and a neighbour, M = |m - s|: a power of two, not below
 * ulp(s) / 4. Note |t| <= min(|p|, |c|), as p and c are candidates for s; |t| <= M as s = RN(s + t); |e| <= 2^-53 |p|.
 *
 * First look. With w just above 2^-53 |p|: if s + (t + w) and s + (t - w), each computed, are equal, the result is s.
 *   Both are then s itself: rounding is monotonic, so that s = RN(s + t) lies between them. As w contains FLOOR, ulp(s) is
 *   at least 2^-949. If |p| < 2^-960, |t + e| < 2^-959 < M, done. Else suppose T reached m, say above s: t + e >= M. The sum
 *   that was computed did not pass m: RN(t + w) <= M, so t + w <= M (1 + 2^-53), so w - e <= 2^-53 M. But w - e is more than
 *   2^-85 |p|, so M > 2^-32 |p|, so |c| > |p|, and p, c, s, t and M are multiples of ulp(p). Either t <= M - ulp(p); then
 *   t + e < M as |e| <= ulp(p) / 2. Or t = M; then w <= 2^-53 M, but M = |t| <= |p|, and w is greater than 2^-53 |p|.
 *   This settles a term added to a sum that is 2^k times as large in all but one of 2^k cases, without computing e; and
 *   what waits for the result has waited for one addition only.
 *
 * Second look. v = RN(t + e), r = RN(s + v). If v is exact, r is the result. Else, unless s + v is a middle m, r is it, too:
 *   T then lies on the same side of every m as s + v, because both are nearer to each other than ulp(v), of which m - (s + v)
 *   is a multiple. For neither t nor e is 0 here, so p + c was not exact. If ulp(p) <= ulp(c), p + c has the unit ulp(p) and
 *   needs more than 53 bits, so |e| <= ulp(s) / 4; else |p + c| >= |p| / 2 (or it were exact), so |e| <= ulp(s). So |v| <= 1.5 ulp(s), and the distance of s to a middle is a multiple of ulp(s) / 4: s + v is a middle
 *   only if v has at most three significant bits, and then its low word is zero.
 *   This holds for |p| >= 2^-960. Below, |r| >= 2^-900 makes |t + e| and |v| less than ulp(s) / 4, so that s is the result, and r.
 *
 * Flags: NX is set already; T cannot be inexact and tiny, being a multiple of 2^-1074 if |p| >= 2^-960, and |r| >= 2^-900 if not.
 *
 * Binary32. The product is exact in binary64. s = RN64(ab + c), and RN32(s) is the result unless s is the middle of two floats.
 */
import type { Label } from '../../wasm/code.ts';
import { productError, sumIsExact, twoSumError } from './error-free.ts';
import { F64 } from './format.ts';
import { isOutside } from './rounding.ts';
import { bitsOfF64, demote, promote, wrap } from './value.ts';
import type { FunctionWriter, Value, Variable } from './value.ts';

/** Just above 2^-53. */
const HALF_ULP = 2 ** -53 * (1 + 2 ** -30);
const FLOOR = 2 ** -950;
/** The least |p| whose error is a double. */
const LEAST_PRODUCT = 2 ** -960;
/** Exponent field of the least |r| of the second look, 2^-900. */
const LEAST_RESULT = F64.bias - 900;

/** The names of the proof. */
interface Sum {
  readonly p: Variable;
  readonly s: Variable;
  readonly t: Variable;
}

/** NX must be set already. */
export function emitFma64(f: FunctionWriter, a: Variable, b: Variable, c: Variable, slow: Label): Value {
  const sum = roundedSum(f, a, b, c);
  const { p, s, t } = sum;
  const result = f.let(s);
  const w = f.let(p.abs().mul(HALF_ULP).add(FLOOR));
  f.if(s.add(t.add(w)).ne(s.add(t.sub(w))), () => f.set(result, secondLook(f, a, b, sum, slow).r));
  return result;
}

/** The same where NX may not be set yet: it is, by `raiseInexact`, if the result is inexact. */
export function emitFma64WithFlags(
  f: FunctionWriter,
  [a, b, c]: readonly [Variable, Variable, Variable],
  raiseInexact: () => void,
  slow: Label,
): Value {
  const sum = roundedSum(f, a, b, c);
  f.branchIf(sum.p.abs().ge(LEAST_PRODUCT).eqz(), slow);
  const { v, r, vIsExact } = secondLook(f, a, b, sum, slow);
  // r cannot make up for what v lost, which is less than v's last place.
  f.if(vIsExact.and(sumIsExact(sum.s, v, r)).eqz(), raiseInexact);
  return r;
}

/** NX must be set already; the result's range is not looked at. */
export function emitFma32(f: FunctionWriter, a: Variable, b: Variable, c: Variable, slow: Label): Value {
  const sum = f.let(promote(a).mul(promote(b)).add(promote(c)));
  const droppedBits = wrap(bitsOfF64(sum)).and(0x1fff_ffff);
  f.branchIf(droppedBits.eq(0x1000_0000), slow);
  return demote(sum);
}

/** Whether a * b, or with a third number added, is a zero because a or b is one; then it is exact. */
export function isZeroProduct(a: Value, b: Value, result: Value): Value {
  return result.eq(0).and(a.eq(0).or(b.eq(0)));
}

function roundedSum(f: FunctionWriter, a: Variable, b: Variable, c: Variable): Sum {
  const p = f.let(a.mul(b));
  const s = f.let(p.add(c));
  return { p, s, t: f.let(twoSumError(f, p, c, s)) };
}

function secondLook(
  f: FunctionWriter,
  a: Variable,
  b: Variable,
  { p, s, t }: Sum,
  slow: Label,
): { v: Variable; r: Variable; vIsExact: Value } {
  const e = f.let(productError(f, a, b, p));
  const v = f.let(t.add(e));
  const r = f.let(s.add(v));
  const vIsExact = sumIsExact(t, e, v);
  f.if(wrap(bitsOfF64(v)).eqz(), () => f.branchIf(vIsExact.eqz(), slow));
  f.if(isOutside(r, LEAST_RESULT), () => {
    f.branchIf(isZeroProduct(a, b, s).eqz(), slow);
    // r has lost its sign.
    f.set(r, s);
  });
  return { v, r, vIsExact };
}
