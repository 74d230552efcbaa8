/**
 * `Ops` on bigint: what each operation means, said as plainly as possible. Values are unsigned 64-bit bigints.
 *
 * Interface: BaseOracle (common to all instruction sets), OracleMemory, GuestTrap.
 */
import type { AccessSize, Imm, Ops } from '../../isa/ops.ts';

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const bit = (value: boolean): bigint => (value ? 1n : 0n);

/** Byte-wise memory. Both throw a GuestTrap where the access is not allowed. */
export interface OracleMemory {
  load(size: AccessSize, address: bigint): bigint;
  store(size: AccessSize, address: bigint, value: bigint): void;
}

/** Ends the instruction: a synchronous exception. Only the oracle uses a JavaScript exception for one. */
export class GuestTrap {
  readonly cause: number;
  readonly value: bigint;

  constructor(cause: number, value: bigint) {
    this.cause = cause;
    this.value = value;
  }
}

/** Ends the instruction: the privileged part must carry it out. */
export class SystemExit {}

export class BaseOracle implements Ops<bigint> {
  /** Address of the instruction being executed, and of the one to come. */
  pcValue = 0n;
  next = 0n;
  protected readonly memory: OracleMemory;
  private length = 4n;

  constructor(memory: OracleMemory) {
    this.memory = memory;
  }

  begin(pc: bigint, length: number): void {
    this.pcValue = pc;
    this.length = BigInt(length);
    this.next = u64(pc + this.length);
  }

  const = (value: number | bigint): bigint => u64(BigInt(value));
  imm = (field: Imm): bigint => u64(BigInt(field as unknown as number));
  add = (a: bigint, b: bigint): bigint => u64(a + b);
  sub = (a: bigint, b: bigint): bigint => u64(a - b);
  mul = (a: bigint, b: bigint): bigint => u64(a * b);
  mulhs = (a: bigint, b: bigint): bigint => u64((s64(a) * s64(b)) >> 64n);
  mulhu = (a: bigint, b: bigint): bigint => (a * b) >> 64n;
  mulhsu = (a: bigint, b: bigint): bigint => u64((s64(a) * b) >> 64n);
  divs = (a: bigint, b: bigint): bigint => (b === 0n ? u64(-1n) : u64(s64(a) / s64(b)));
  divu = (a: bigint, b: bigint): bigint => (b === 0n ? u64(-1n) : a / b);
  rems = (a: bigint, b: bigint): bigint => (b === 0n ? a : u64(s64(a) % s64(b)));
  remu = (a: bigint, b: bigint): bigint => (b === 0n ? a : a % b);
  and = (a: bigint, b: bigint): bigint => a & b;
  or = (a: bigint, b: bigint): bigint => a | b;
  xor = (a: bigint, b: bigint): bigint => a ^ b;
  shl = (a: bigint, count: bigint): bigint => u64(a << (count & 63n));
  shrs = (a: bigint, count: bigint): bigint => u64(s64(a) >> (count & 63n));
  shru = (a: bigint, count: bigint): bigint => a >> (count & 63n);
  popcount = (a: bigint): bigint => BigInt(a.toString(2).replaceAll('0', '').length);
  sext8 = (a: bigint): bigint => u64(BigInt.asIntN(8, a));
  sext16 = (a: bigint): bigint => u64(BigInt.asIntN(16, a));
  sext32 = (a: bigint): bigint => u64(BigInt.asIntN(32, a));
  zext8 = (a: bigint): bigint => BigInt.asUintN(8, a);
  zext16 = (a: bigint): bigint => BigInt.asUintN(16, a);
  zext32 = (a: bigint): bigint => BigInt.asUintN(32, a);
  eq = (a: bigint, b: bigint): bigint => bit(a === b);
  ne = (a: bigint, b: bigint): bigint => bit(a !== b);
  lts = (a: bigint, b: bigint): bigint => bit(s64(a) < s64(b));
  ltu = (a: bigint, b: bigint): bigint => bit(a < b);
  ges = (a: bigint, b: bigint): bigint => bit(s64(a) >= s64(b));
  geu = (a: bigint, b: bigint): bigint => bit(a >= b);
  select = (condition: bigint, a: bigint, b: bigint): bigint => (condition !== 0n ? a : b);

  load = (size: AccessSize, address: bigint): bigint => this.memory.load(size, address);
  loads = (size: AccessSize, address: bigint): bigint => u64(BigInt.asIntN(8 * size, this.memory.load(size, address)));
  store = (size: AccessSize, address: bigint, value: bigint): void => this.memory.store(size, address, value);
  amo = (size: AccessSize, address: bigint, update: (old: bigint) => bigint): bigint => {
    const old = this.loads(size, address);
    this.store(size, address, update(old));
    return old;
  };

  pc = (): bigint => this.pcValue;
  nextPc = (): bigint => u64(this.pcValue + this.length);
  jump = (target: bigint): void => void (this.next = target);
  jumpRelative = (displacement: Imm): void => void (this.next = this.add(this.pcValue, this.imm(displacement)));
  branchIf = (condition: bigint, displacement: Imm): void => {
    if (condition !== 0n) this.jumpRelative(displacement);
  };
  repeat = (): void => void (this.next = this.pcValue);
  trap = (cause: number, value: bigint): never => {
    throw new GuestTrap(cause, value);
  };
  trapIf = (condition: bigint, cause: number, value: bigint): void => {
    if (condition !== 0n) this.trap(cause, value);
  };
  system = (): never => {
    throw new SystemExit();
  };
  ifThen = (condition: bigint, then: () => void, otherwise?: () => void): void => {
    if (condition !== 0n) then();
    else otherwise?.();
  };
}
