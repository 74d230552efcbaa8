/**
 * The RISC-V oracle: executes one instruction directly on a simple state. For tests.
 *
 * Interface: RiscvOracle.
 */
import type { AccessSize, Imm } from '../../isa/ops.ts';
import { decode } from '../../isa/riscv/decode.ts';
import type { Operands } from '../../isa/riscv/insn.ts';
import { CAUSE, type FReg, type RiscvOps, type XReg } from '../../isa/riscv/ops.ts';
import { makeReferenceFpOps } from '../fp/reference-ops.ts';
import { BaseOracle, GuestTrap, SystemExit, type OracleMemory } from './base-ops.ts';

export type Outcome =
  | { readonly kind: 'retired' }
  | { readonly kind: 'trap'; readonly cause: number; readonly value: bigint }
  | { readonly kind: 'system' };

const DYNAMIC_ROUNDING = 7n;

export class RiscvOracle extends BaseOracle {
  readonly xs = new Array<bigint>(32).fill(0n);
  readonly fs = new Array<bigint>(32).fill(0n);
  pcNow = 0n;
  fflags = 0;
  frm = 0;
  reservation: bigint | undefined;
  private readonly ops: RiscvOps<bigint>;

  constructor(memory: OracleMemory) {
    super(memory);
    this.ops = Object.assign(
      this,
      makeReferenceFpOps((flags) => void (this.fflags |= flags)),
    );
  }

  /** Executes one instruction word at pcNow; a trap leaves everything as it was. */
  execute(word: number): Outcome {
    const decoded = decode(word);
    if (!decoded) return { kind: 'trap', cause: CAUSE.illegalInstruction, value: BigInt(rawWord(word)) };
    this.begin(this.pcNow, decoded.length);
    try {
      decoded.insn.semantics(this.ops, decoded.operands as unknown as Operands);
    } catch (ending) {
      if (ending instanceof GuestTrap) return { kind: 'trap', cause: ending.cause, value: ending.value };
      if (ending instanceof SystemExit) return { kind: 'system' };
      throw ending;
    }
    this.pcNow = this.next;
    return { kind: 'retired' };
  }

  x = (reg: XReg): bigint => this.xs[reg as unknown as number]!;
  setX = (reg: XReg, value: bigint): void => {
    if ((reg as unknown as number) !== 0) this.xs[reg as unknown as number] = value;
  };
  f = (reg: FReg): bigint => this.fs[reg as unknown as number]!;
  setF = (reg: FReg, value: bigint): void => void (this.fs[reg as unknown as number] = value);

  rounding = (rm: Imm): bigint => {
    const mode = this.imm(rm) === DYNAMIC_ROUNDING ? BigInt(this.frm) : this.imm(rm);
    this.trapIf(this.ltu(4n, mode), CAUSE.illegalInstruction, 0n);
    return mode;
  };

  loadReserved = (size: AccessSize, address: bigint): bigint => {
    this.requireAligned(size, address, CAUSE.loadMisaligned);
    const value = this.loads(size, address);
    this.reservation = address;
    return value;
  };

  storeConditional = (size: AccessSize, address: bigint, value: bigint): bigint => {
    this.requireAligned(size, address, CAUSE.storeMisaligned);
    // The access is checked even where the store does not happen.
    const old = this.loadToStore(size, address);
    const holds = this.reservation === address;
    this.store(size, address, holds ? value : old);
    this.reservation = undefined;
    return holds ? 0n : 1n;
  };

  override amo = (size: AccessSize, address: bigint, update: (old: bigint) => bigint): bigint => {
    this.requireAligned(size, address, CAUSE.storeMisaligned);
    const old = u64(BigInt.asIntN(8 * size, this.loadToStore(size, address)));
    this.store(size, address, update(old));
    return old;
  };

  /** Whatever is wrong with the access, it is reported as a store's; the codes of load exceptions are 2 less. */
  private loadToStore(size: AccessSize, address: bigint): bigint {
    try {
      return this.load(size, address);
    } catch (trap) {
      throw trap instanceof GuestTrap ? new GuestTrap(trap.cause + 2, trap.value) : trap;
    }
  }

  private requireAligned(size: AccessSize, address: bigint, cause: number): void {
    if (address % BigInt(size) !== 0n) throw new GuestTrap(cause, address);
  }
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

function rawWord(word: number): number {
  return (word & 3) === 3 ? word >>> 0 : word & 0xffff;
}
