/**
 * The memory path of translated code: a look-up in the flat tables (layout.ts), for accesses below 4 GiB.
 *
 * Pages 0 and 2^20 - 1 never have flat entries (cpu/riscv/mmu.ts), so that a base register below 4 GiB plus a 12-bit offset needs no
 * look at the upper half of the sum: if it wraps, it hits one of those. That the base is below 4 GiB has to be seen but once for
 * each value of the register.
 *
 * Interface: FlatAccess.
 */
import type { AccessSize } from '../../isa/ops.ts';
import type { CodeEmitter, Label, Local } from '../../wasm/code.ts';
import type { Temps } from '../interpreter/values.ts';
import { FLAT_TABLE_BYTES } from '../layout.ts';

export interface Place {
  /** The x register in which the base is, if it is one. */
  readonly base: number | undefined;
  readonly offset: number;
}

export class FlatAccess {
  private readonly code: CodeEmitter;
  /** The active table pair. */
  private readonly table: Local;
  /** Registers whose value is known to be below 4 GiB. */
  private low = 0;
  private readonly lowAtEnd = new Map<number, number>();

  constructor(code: CodeEmitter, table: Local) {
    this.code = code;
    this.table = table;
  }

  loadTable(address: number): void {
    this.code.i32(0).mem('i32.load', address).set(this.table);
  }

  /** `only`: the only block from which this one is reached. */
  beginBlock(only: number | undefined): void {
    this.low = only === undefined ? 0 : (this.lowAtEnd.get(only) ?? 0);
  }

  endBlock(block: number): void {
    this.lowAtEnd.set(block, this.low);
  }

  /** What is known at this point, for coming back to it after other code was emitted. */
  get knowledge(): number {
    return this.low;
  }

  set knowledge(low: number) {
    this.low = low;
  }

  /** A register was written. */
  wrote(register: number): void {
    this.low &= ~(1 << register);
  }

  /** Gives the host address without FLAT_BIAS, or branches to `miss`. */
  translate(
    size: AccessSize,
    access: 'read' | 'write',
    { base, offset }: Place,
    pushBase: () => void,
    temps: Temps,
    miss: Label,
  ): Local {
    const { code } = this;
    const [low, entry] = [temps.take('i32'), temps.take('i32')];
    const mask = (size - 1) | 1;
    const isLow = base !== undefined && ((this.low >>> base) & 1) !== 0;
    pushBase();
    code.op('i32.wrap_i64');
    if (offset !== 0) code.i32(offset).op('i32.add');
    code.tee(low).i32(12).op('i32.shr_u').i32(2).op('i32.shl').get(this.table).op('i32.add');
    code.mem('i32.load', access === 'read' ? 0 : FLAT_TABLE_BYTES).tee(entry);
    if (size > 1) code.get(low).i32(-1).op('i32.xor', 'i32.and');
    code.i32(mask).op('i32.and');
    if (isLow) code.i32(mask).op('i32.ne');
    else {
      code.i32(mask).op('i32.xor');
      pushBase();
      code.i64(32).op('i64.shr_u', 'i32.wrap_i64', 'i32.or');
      if (base !== undefined) this.low |= 1 << base;
    }
    code.brIf(miss);
    code.get(low).get(entry).op('i32.add').set(entry);
    return entry;
  }
}
