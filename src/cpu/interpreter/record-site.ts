/**
 * Access to the fields of a pre-decoded record from generated code, and the position of its instruction.
 *
 *   pc       bias + record/8, where `bias` is fixed for as long as execution stays in one page of records
 *
 * Interface: RecordSite.
 */
import type { Expr, FieldName, RegisterOperand } from '../../isa/graph.ts';
import type { CodeEmitter, Local } from '../../wasm/code.ts';
import { HART, RECORD_BYTES, type Layout } from '../layout.ts';
import { FIELD } from './record.ts';
import type { Temps, ValueEmitter } from './values.ts';

export class RecordSite {
  readonly code: CodeEmitter;
  readonly temps: Temps;
  protected readonly layout: Layout;
  protected readonly record: Local;
  protected readonly bias: Local;
  protected readonly length: 2 | 4;
  /** A register operand whose value is also in a local. */
  forward: { readonly field: FieldName; readonly local: Local } | undefined;
  /** Where to keep a copy of what is written to a register. */
  keep: Local | undefined;
  /** How far in bytes the instruction's record is from the one in `record`. */
  protected readonly offset: number;

  constructor(
    code: CodeEmitter,
    temps: Temps,
    layout: Layout,
    place: { record: Local; bias: Local },
    form: { length: 2 | 4 },
    offset = 0,
  ) {
    this.code = code;
    this.temps = temps;
    this.layout = layout;
    this.record = place.record;
    this.bias = place.bias;
    this.length = form.length;
    this.offset = offset;
  }

  /** Distance in bytes from `record` to the record of the next instruction. */
  get next(): number {
    return this.offset + (this.length / 2) * RECORD_BYTES;
  }

  pushRegisterValue(operand: RegisterOperand): void {
    if (operand.file === 'x' && operand.reg === this.forward?.field) this.code.get(this.forward.local);
    else this.code.mem('i64.load', this.pushRegisterAddress(operand));
  }

  setRegister(operand: RegisterOperand, value: Expr, values: ValueEmitter): void {
    const base = this.pushRegisterAddress(operand);
    values.value(value);
    if (this.keep) this.code.tee(this.keep);
    this.code.mem('i64.store', base);
  }

  pushImm(): void {
    this.code.get(this.record).mem('i64.load32_s', this.offset + FIELD.imm);
  }

  pushPc(): void {
    this.pushPcAt(this.offset);
  }

  pushNextPc(): void {
    this.pushPcAt(this.next);
  }

  private pushPcAt(offset: number): void {
    this.code.get(this.bias).get(this.record).i32(3).op('i32.shr_u', 'i64.extend_i32_u', 'i64.add');
    if (offset > 0) this.code.i64(offset / (RECORD_BYTES / 2)).op('i64.add');
  }

  /** Pushes an i32; the register is that far from what it gives. */
  private pushRegisterAddress({ file, reg }: RegisterOperand): number {
    if (file === 'flag') throw new Error('RISC-V has no flags');
    const base = this.layout.hart + HART[file];
    if (typeof reg === 'number') {
      this.code.i32(0);
      return base + 8 * reg;
    }
    this.code.get(this.record).mem('i32.load16_u', this.offset + FIELD[reg]);
    return base;
  }
}
