/**
 * The generated function decodeWord: from an instruction word to the fields of its record, but for `left`. Made of the patterns and formats
 * of the rows, as isa/riscv/decode.ts is. Decoding is generated because programs decode most at their start, when TypeScript is slow.
 *
 * Interface: defineDecodeWord.
 */
import { RV64C } from '../../isa/riscv/rv64c.ts';
import type { Operand } from '../../isa/riscv/formats.ts';
import type { Insn } from '../../isa/riscv/insn.ts';
import { insnByName, INSNS, usageOf } from '../../isa/riscv/table.ts';
import type { CodeEmitter, FuncRef, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { HART, PAGE_SLOTS, RECORD_BYTES } from '../layout.ts';
import { emitExtract, type Extract } from './bit-fields.ts';
import { emitSwitch } from './execute.ts';
import { isRelative, opcodeOf } from './opcodes.ts';
import { FIELD, PSEUDO } from './record.ts';

/** The register that takes what is written to x0. */
const SINK = (HART.sink - HART.x) / 8;

/** What `findRow` gives: the op of a row's far form, the number of its layout of operands, and these; 0: no row. */
const LAYOUT_SHIFT = 12;
const LAYOUT_MASK = 0xff;
/** Its near form has the op before. */
const RELATIVE = 1 << 20;
const CONTROL_FLOW = 1 << 21;
const USES_FP = 1 << 22;

type Operands = Readonly<Partial<Record<Operand, Extract>>>;

/** A pattern of either width, with what it means. */
interface Pattern {
  readonly mask: number;
  readonly value: number;
  readonly insn: Insn;
  readonly length: 2 | 4;
  readonly operands: Operands;
  /** Where this is 0 the encoding is reserved. */
  readonly notZero?: Extract | undefined;
}

const LONG: readonly Pattern[] = INSNS.map((insn) => ({
  ...{ mask: insn.mask, value: insn.value },
  ...{ insn, length: 4, operands: insn.format.operands },
}));
const SHORT: readonly Pattern[] = RV64C.map((row) => ({
  ...{ mask: row.mask, value: row.value, notZero: row.notZero },
  ...{ insn: insnByName(row.expandsTo), length: 2, operands: row.operands },
}));

/**
 * Defines decodeWord(word, record, slot, fpEnabled) -> 1 if the instruction ends its run. A short instruction's word is its 16 bits. Slots
 * from PAGE_SLOTS on are not in the page.
 */
export function defineDecodeWord(module: ModuleBuilder): FuncRef {
  const layouts = new OperandLayouts();
  const findRow = defineFindRow(module, layouts);
  return module.function('decodeWord', ['i32', 'i32', 'i32', 'i32'], ['i32'], (code, ...parameters) => {
    const [word, record, slot, fpEnabled] = parameters as [Local, Local, Local, Local];
    const [row, imm] = [code.local('i32'), code.local('i32')];
    const leaveAs = (op: number): void => {
      code.get(record).i32(op).mem('i32.store16', FIELD.op);
      code.get(record).get(word).mem('i32.store', FIELD.imm);
      code.i32(1).op('return');
    };
    code.get(word).call(findRow).tee(row).op('i32.eqz');
    code.if(() => leaveAs(PSEUDO.illegal));
    code.i32(0).get(row).i32(USES_FP).op('i32.and').get(fpEnabled).op('select');
    code.if(() => leaveAs(PSEUDO.fpOff));

    layouts.emitFields(code, { number: () => shiftedLayout(code, row), word, record, imm });

    code.get(row).i32(RELATIVE).op('i32.and');
    code.if(() => {
      code.get(slot).i32(PAGE_SLOTS).op('i32.lt_u');
      code.get(slot).get(imm).i32(1).op('i32.shr_s', 'i32.add').i32(PAGE_SLOTS).op('i32.lt_u', 'i32.and');
      code.if(() => {
        code
          .get(imm)
          .i32(RECORD_BYTES / 2)
          .op('i32.mul')
          .set(imm);
        code.get(row).i32(1).op('i32.sub').set(row);
      });
    });
    code.get(record).get(imm).mem('i32.store', FIELD.imm);
    code
      .get(record)
      .get(row)
      .i32((1 << LAYOUT_SHIFT) - 1)
      .op('i32.and')
      .mem('i32.store16', FIELD.op);
    code.get(row).i32(CONTROL_FLOW).op('i32.and').i32(0).op('i32.ne');
  });
}

function shiftedLayout(code: CodeEmitter, row: Local): void {
  code.get(row).i32(LAYOUT_SHIFT).op('i32.shr_u').i32(LAYOUT_MASK).op('i32.and');
}

function defineFindRow(module: ModuleBuilder, layouts: OperandLayouts): FuncRef {
  return module.function('findRow', ['i32'], ['i32'], (code, word) => {
    const emit = (rows: readonly Pattern[], fields: readonly Extract[]): void => {
      const [field, ...others] = fields;
      if (!field) return emitTests(code, word!, rows, layouts);
      const count = field(-1) + 1;
      // A row that leaves the field open would stand in all branches.
      if (rows.length < 2 || !rows.every((row) => field(row.mask) === count - 1)) return emit(rows, others);
      const handlers = Array.from({ length: count }, (_, i) => () => {
        emit(
          rows.filter((row) => field(row.value) === i),
          others,
        );
        code.i32(0).op('return');
      });
      emitSwitch(code, handlers, [...handlers.keys()], () => emitExtract(code, word!, 32, field));
    };
    code.get(word!).i32(3).op('i32.and').i32(3).op('i32.eq');
    code.if(
      () => emit(LONG, [bits(2, 5), bits(12, 3)]),
      () => emit(SHORT, [bits(0, 2), bits(13, 3)]),
    );
    code.i32(0);
  });
}

const bits =
  (from: number, count: number): Extract =>
  (word) =>
    (word >>> from) & ((1 << count) - 1);

/** Looks for the first row whose pattern fits. */
function emitTests(code: CodeEmitter, word: Local, rows: readonly Pattern[], layouts: OperandLayouts): void {
  for (const row of rows) {
    code
      .get(word)
      .i32(row.mask | 0)
      .op('i32.and')
      .i32(row.value | 0)
      .op('i32.eq');
    code.if(() => {
      code.i32(found(row, layouts));
      if (row.notZero) {
        code.i32(0);
        emitExtract(code, word, 16, row.notZero);
        code.op('select');
      }
      code.op('return');
    });
  }
}

function found({ insn, length, operands }: Pattern, layouts: OperandLayouts): number {
  const { reads, writes, controlFlow } = usageOf(insn);
  const { op } = opcodeOf(insn, length, false);
  if (isRelative(insn) && opcodeOf(insn, length, true).op !== op - 1)
    throw new Error(`${insn.name}: op of its near form`);
  return (
    op |
    (layouts.numberOf(operands, length) << LAYOUT_SHIFT) |
    (isRelative(insn) ? RELATIVE : 0) |
    (controlFlow ? CONTROL_FLOW : 0) |
    ([...reads, ...writes].some(({ file }) => file === 'f') ? USES_FP : 0)
  );
}

/** The ways in which operands lie in words; many rows share one. */
class OperandLayouts {
  private readonly layouts: { readonly operands: Operands; readonly width: 16 | 32 }[] = [];

  numberOf(operands: Operands, length: 2 | 4): number {
    const width = length === 2 ? 16 : 32;
    const isSame = (other: Operands): boolean =>
      [...new Set([...Object.keys(operands), ...Object.keys(other)])].every(
        (name) => operands[name as Operand] === other[name as Operand],
      );
    const known = this.layouts.findIndex((layout) => layout.width === width && isSame(layout.operands));
    if (known >= 0) return known;
    if (this.layouts.length > LAYOUT_MASK) throw new Error('too many layouts of operands');
    return this.layouts.push({ operands, width }) - 1;
  }

  /** Writes the register fields of `record`, and the immediate to `imm`. `number` pushes the layout's number. */
  emitFields(
    code: CodeEmitter,
    { number, word, record, imm }: { number: () => void; word: Local; record: Local; imm: Local },
  ): void {
    const register = code.local('i32');
    code.block((done) => {
      const handlers = this.layouts.map(({ operands, width }) => () => {
        const { rd, fd, rs1, fs1, rs2, fs2, fs3, rm } = operands;
        const write = (field: number, extract: Extract = () => 0): void => {
          code.get(record);
          emitExtract(code, word, width, (bits) => 8 * extract(bits));
          code.mem('i32.store16', field);
        };
        if (rd) {
          code.get(record).i32(8 * SINK);
          emitExtract(code, word, width, (bits) => 8 * rd(bits));
          code.tee(register).get(register).op('i32.eqz', 'select').mem('i32.store16', FIELD.rd);
        } else write(FIELD.rd, fd ?? (() => SINK));
        write(FIELD.rs1, rs1 ?? fs1);
        write(FIELD.rs2, rs2 ?? fs2);
        write(FIELD.rs3, fs3);
        emitExtract(code, word, width, operands.imm ?? rm ?? (() => 0));
        code.set(imm).br(done);
      });
      emitSwitch(code, handlers, [...handlers.keys()], number);
    });
  }
}
