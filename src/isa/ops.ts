/**
 * The language in which instructions are written down: operations on opaque 64-bit values V.
 *
 * V is a bigint in the oracle, a node of a recorded graph (record.ts) everywhere else, so that no row can branch in
 * JavaScript on a guest value: conditions go through `select`, `ifThen`, `branchIf` and `trapIf`.
 *
 * Every V is 64 bits, without a sign of its own; where it matters the operation says so (…s signed, …u unsigned).
 * Comparisons give 1 or 0. Operands (XReg, Imm …) are opaque too: a number in the oracle, a field of a pre-decoded
 * record in the interpreter, a constant in translated code.
 *
 * Order: effects happen in the order of the calls; a row must do everything that may trap (loads, stores, trapIf)
 * before it changes a register, so that a trap leaves the instruction undone.
 *
 * Interface: Ops, AccessSize, Imm.
 */
declare const kind: unique symbol;

/** A signed immediate of at most 32 bits. */
export interface Imm {
  readonly [kind]: 'imm';
}

export type AccessSize = 1 | 2 | 4 | 8;

export interface Ops<V> {
  const(value: number | bigint): V;
  imm(field: Imm): V;

  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** High 64 bits of the 128-bit product. */
  mulhs(a: V, b: V): V;
  mulhu(a: V, b: V): V;
  /** Signed a, unsigned b. */
  mulhsu(a: V, b: V): V;
  /** Division is total: x/0 is all ones and x%0 is x; the signed overflow gives the dividend and remainder 0. */
  divs(a: V, b: V): V;
  divu(a: V, b: V): V;
  rems(a: V, b: V): V;
  remu(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  /** Shift counts are taken modulo 64. */
  shl(a: V, count: V): V;
  shrs(a: V, count: V): V;
  shru(a: V, count: V): V;
  popcount(a: V): V;
  sext8(a: V): V;
  sext16(a: V): V;
  sext32(a: V): V;
  zext8(a: V): V;
  zext16(a: V): V;
  zext32(a: V): V;

  eq(a: V, b: V): V;
  ne(a: V, b: V): V;
  lts(a: V, b: V): V;
  ltu(a: V, b: V): V;
  ges(a: V, b: V): V;
  geu(a: V, b: V): V;
  /** `condition` is any value: non-zero chooses a. Both are computed. */
  select(condition: V, a: V, b: V): V;

  /** Zero-extended (load) or sign-extended (loads); raises the instruction set's access faults. */
  load(size: AccessSize, address: V): V;
  loads(size: AccessSize, address: V): V;
  store(size: AccessSize, address: V, value: V): void;
  /** Atomic read-modify-write of 4 or 8 aligned bytes; gives the old value, sign-extended. */
  amo(size: AccessSize, address: V, update: (old: V) => V): V;

  /** Address of this instruction, and of the one after it. */
  pc(): V;
  nextPc(): V;
  /** Without one of these the instruction falls through. Each ends the instruction. */
  jump(target: V): void;
  jumpRelative(displacement: Imm): void;
  branchIf(condition: V, displacement: Imm): void;
  /** Executes this same instruction again (a string instruction between two elements). */
  repeat(): void;
  /** Raises a synchronous exception of the instruction set, at this instruction, which is left undone. */
  trap(cause: number, value: V): void;
  trapIf(condition: V, cause: number, value: V): void;
  /** Leaves to the privileged part of the machine, which carries the instruction out. */
  system(): void;

  ifThen(condition: V, then: () => void, otherwise?: () => void): void;
}
