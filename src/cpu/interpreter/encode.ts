/**
 * The generated function encode: from instructions in memory to the interpreter's records.
 *
 * A page of records (layout.ts) belongs to one physical page; slot i holds the instruction that begins at halfword i.
 * `left` of a record is the number of instructions from it to the end of its run: the next control flow, system instruction
 * or page end. An undecoded record is all zero, but for the flag of a region.
 *
 * Interface: defineEncode.
 * Invariant: whatever follows a decoded record in its run is decoded too.
 */
import type { CodeEmitter, FuncRef, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { HART, PAGE_SLOTS, RECORD_BYTES, RECORD_PAGE_HOST, type Layout } from '../layout.ts';
import { defineDecodeWord } from './decode-word.ts';
import { defineFuse } from './fuse.ts';
import { codeTlb, emitEntryOffset } from './lookup.ts';
import { FIELD, PSEUDO, REGION_FLAG } from './record.ts';

const LAST_SLOT = PAGE_SLOTS - 1;
const CROSSED_SLOT = 2049;
const CROSSED_END_SLOT = 2051;
/** The crossing instruction is two slots too far away. */
const CROSSED_TOO_FAR = -4;

/** A place in a page of records: the field of a slot. */
const inPage = (slot: number, field: number): number => slot * RECORD_BYTES + field;

/**
 * Exports encode(page, fpEnabled): decodes from the hart's `record`, which lies in that page of records, to the end of its run, or to what is
 * decoded already. Where `fpEnabled` is 0, floating-point instructions are to leave as SYSTEM. For a slot whose instruction crosses
 * the page end and has been met before, the next page must be in the code TLB.
 */
export function defineEncode(module: ModuleBuilder, layout: Layout): void {
  const decodeWord = defineDecodeWord(module);
  const fuse = defineFuse(module);
  const encodeCrossing = defineEncodeCrossing(module, layout, decodeWord);
  module.function(
    'encode',
    ['i32', 'i32'],
    [],
    (code, page, fpEnabled) => {
      const [first, record, slot, host] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')];
      const [op, left, back, word] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')];
      const flag = code.local('i32');
      emitPageEnds(code, page!);
      code
        .i32(0)
        .mem('i32.load', layout.hart + HART.record)
        .tee(first)
        .set(record);
      // Each record of this walk has in `left`, for the time being, how far before it the one before lies.
      code.block((walked) => {
        code.loop((next) => {
          code.get(record).get(page!).op('i32.sub').i32(Math.log2(RECORD_BYTES)).op('i32.shr_u').tee(slot);
          code.i32(PAGE_SLOTS).op('i32.ge_u').brIf(walked);
          code.get(record).mem('i32.load16_u', FIELD.op).tee(op).i32(REGION_FLAG).op('i32.and').set(flag);
          code
            .get(op)
            .i32(REGION_FLAG - 1)
            .op('i32.and')
            .set(op);
          code.block((undecoded) => {
            code.get(op).i32(PSEUDO.undecoded).op('i32.eq').brIf(undecoded);
            code.get(op).i32(PSEUDO.cross).op('i32.eq');
            code.get(record).get(first).op('i32.eq', 'i32.and').brIf(undecoded);
            code.get(record).mem('i32.load16_u', FIELD.left).set(left).br(walked);
          });
          code.get(page!).mem('i32.load', RECORD_PAGE_HOST).get(slot).i32(1).op('i32.shl', 'i32.add').tee(host);
          code.mem('i32.load16_u').set(word);
          const keepFlag = (): void => {
            code
              .get(record)
              .get(record)
              .mem('i32.load16_u', FIELD.op)
              .get(flag)
              .op('i32.or')
              .mem('i32.store16', FIELD.op);
          };
          const mark = (): void => void code.get(record).get(back).mem('i32.store16', FIELD.left);
          code.get(word).i32(3).op('i32.and').i32(3).op('i32.eq');
          code.if(
            () => {
              code.get(slot).i32(LAST_SLOT).op('i32.eq');
              code.if(() => {
                code.get(page!).get(word).get(fpEnabled!).get(op).i32(PSEUDO.cross).op('i32.eq').call(encodeCrossing);
                keepFlag();
                mark();
                stepOver(code, record, back, LONG_BYTES);
                code.br(walked);
              });
              code.get(host).mem('i32.load', 0, 1).set(word);
              emitOne(LONG_BYTES);
            },
            () => emitOne(SHORT_BYTES),
          );
          function emitOne(bytes: number): void {
            mark();
            code.get(word).get(record).get(slot).get(fpEnabled!).call(decodeWord);
            keepFlag();
            stepOver(code, record, back, bytes);
            code.brIf(walked).br(next);
          }
        });
      });
      code.block((done) => {
        code.loop((before) => {
          // `back` is how far before `record` the last record lies whose `left` is not known yet; 0: there is none.
          code.get(back).op('i32.eqz').brIf(done);
          code.get(record).get(back).op('i32.sub').tee(record).mem('i32.load16_u', FIELD.left).set(back);
          code.get(record).get(left).i32(1).op('i32.add').tee(left).mem('i32.store16', FIELD.left);
          code.get(record).get(left).call(fuse).br(before);
        });
      });
    },
    'encode',
  );
}

const SHORT_BYTES = RECORD_BYTES;
const LONG_BYTES = 2 * RECORD_BYTES;

function stepOver(code: CodeEmitter, record: Local, back: Local, bytes: number): void {
  code.i32(bytes).set(back);
  code.get(record).i32(bytes).op('i32.add').set(record);
}

/** Writes what follows the page's last slot, and the crossing instruction's record, if it is not there yet. */
function emitPageEnds(code: CodeEmitter, page: Local): void {
  code.get(page).mem('i32.load16_u', inPage(PAGE_SLOTS, FIELD.op)).i32(PSEUDO.undecoded).op('i32.eq');
  code.if(() => {
    for (const slot of [PAGE_SLOTS, CROSSED_END_SLOT])
      code.get(page).i32(PSEUDO.pageEnd).mem('i32.store16', inPage(slot, FIELD.op));
    code.get(page).i32(CROSSED_TOO_FAR).mem('i32.store', inPage(CROSSED_END_SLOT, FIELD.imm));
  });
}

/**
 * Defines encodeCrossing(page, low, fpEnabled, isNextMapped) for the instruction at the page's last halfword, `low`. Until its other half is
 * known, the record expects what no page holds.
 */
function defineEncodeCrossing(module: ModuleBuilder, layout: Layout, decodeWord: FuncRef): FuncRef {
  return module.function('encodeCrossing', ['i32', 'i32', 'i32', 'i32'], [], (code, ...parameters) => {
    const [page, low, fpEnabled, isNextMapped] = parameters as [Local, Local, Local, Local];
    const high = code.local('i32');
    code.i32(-1).set(high);
    code.get(isNextMapped).if(() => {
      emitNextHalfword(code, layout);
      code.tee(high).i32(16).op('i32.shl').get(low).op('i32.or');
      code.get(page).i32(inPage(CROSSED_SLOT, 0)).op('i32.add').i32(CROSSED_SLOT).get(fpEnabled);
      code.call(decodeWord).op('drop');
      code.get(page).i32(1).mem('i32.store16', inPage(CROSSED_SLOT, FIELD.left));
    });
    code.get(page).i32(PSEUDO.cross).mem('i32.store16', inPage(LAST_SLOT, FIELD.op));
    code.get(page).get(high).mem('i32.store', inPage(LAST_SLOT, FIELD.imm));
  });
}

/** Pushes the first halfword of the virtual page after the one of pc. */
function emitNextHalfword(code: CodeEmitter, layout: Layout): void {
  code
    .i32(0)
    .mem('i32.load', layout.hart + HART.pc)
    .i32(12)
    .op('i32.shr_u')
    .i32(1)
    .op('i32.add');
  emitEntryOffset(code, codeTlb(layout));
  code
    .mem('i32.load', layout.codeTlb + 8)
    .mem('i32.load', RECORD_PAGE_HOST)
    .mem('i32.load16_u');
}
