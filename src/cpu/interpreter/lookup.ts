/**
 * Generated look-ups in the tables of layout.ts: of code, and of data addresses in all their cases.
 *
 * Interface: emitCodeLookup, codeTlb, emitEntryOffset, defineTranslate.
 */
import type { CodeEmitter, FuncRef, Label, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import {
  CODE_TLB_ENTRIES,
  FLAT_BIAS,
  HART,
  HIGH_TLB_ENTRIES,
  RECORD_BYTES,
  TLB_ENTRY_BYTES,
  type Layout,
} from '../layout.ts';

const PAGE_MASK = -4096;

interface Tlb {
  readonly base: number;
  readonly entries: number;
  /** Where the context is, and what that adds to indices. */
  readonly context: number;
  readonly spread?: number;
}

export function codeTlb(layout: Layout): Tlb {
  const [context, spread] = [layout.hart + HART.fetchContext, layout.hart + HART.fetchSpread];
  return { base: layout.codeTlb, entries: CODE_TLB_ENTRIES, context, spread };
}

/** Replaces the number of a virtual page on the stack, an i32, by the offset of its entry from the base. */
export function emitEntryOffset(code: CodeEmitter, { entries, spread }: Tlb): void {
  if (spread !== undefined) code.i32(0).mem('i32.load', spread).op('i32.add');
  code.i32(entries - 1).op('i32.and');
  code.i32(TLB_ENTRY_BYTES).op('i32.mul');
}

/** Leaves the address of the TLB entry for `address` in `entry`, and branches to `miss` if its tag is another one. */
function emitTagCheck(code: CodeEmitter, tlb: Tlb, address: Local, entry: Local, miss: Label): void {
  code.get(address).i64(12).op('i64.shr_u', 'i32.wrap_i64');
  emitEntryOffset(code, tlb);
  code.tee(entry);
  code.mem('i64.load', tlb.base);
  code.get(address).i64(PAGE_MASK).op('i64.and').i32(0).mem('i64.load32_u', tlb.context).op('i64.or');
  code.op('i64.ne').brIf(miss);
}

/** From `address` to the record of its instruction and the page's bias; or branches to `miss`. */
export function emitCodeLookup(
  code: CodeEmitter,
  layout: Layout,
  address: Local,
  out: { record: Local; bias: Local },
  miss: Label,
): void {
  emitTagCheck(code, codeTlb(layout), address, out.record, miss);
  code.get(out.record).mem('i32.load', layout.codeTlb + 8);
  code
    .get(address)
    .op('i32.wrap_i64')
    .i32(0xffe)
    .op('i32.and')
    .i32(RECORD_BYTES / 2)
    .op('i32.mul', 'i32.add');
  code.set(out.record);
  code.get(address).get(out.record).i32(3).op('i32.shr_u', 'i64.extend_i32_u', 'i64.sub').set(out.bias);
}

/**
 * Defines translate(address i64, size i32) -> i32: the linear-memory address of an access that lies in one page and is
 * allowed, aligned or not, below or above 4 GiB; 0 otherwise.
 */
export function defineTranslate(module: ModuleBuilder, layout: Layout, access: 'read' | 'write'): FuncRef {
  const flat = access === 'read' ? 0 : 4 << 20;
  const high = access === 'read' ? layout.highReadTlb : layout.highWriteTlb;
  return module.function(`translate-${access}`, ['i64', 'i32'], ['i32'], (code, address, size) => {
    const entry = code.local('i32');
    code.block((miss) => {
      code.get(address!).op('i32.wrap_i64').i32(0xfff).op('i32.and').get(size!).op('i32.add');
      code.i32(0x1000).op('i32.gt_u').brIf(miss);
      code.block((notFlat) => {
        code.get(address!).i64(32).op('i64.shr_u', 'i32.wrap_i64').brIf(notFlat);
        code.i32(0).mem('i32.load', layout.hart + HART.flatTable);
        code.get(address!).op('i32.wrap_i64').i32(12).op('i32.shr_u').i32(2).op('i32.shl', 'i32.add');
        code.mem('i32.load', flat).tee(entry).op('i32.eqz').brIf(notFlat);
        code.get(address!).op('i32.wrap_i64').get(entry).op('i32.add').i32(FLAT_BIAS).op('i32.add', 'return');
      });
      const tlb = { base: high, entries: HIGH_TLB_ENTRIES, context: layout.hart + HART.dataContext };
      emitTagCheck(code, tlb, address!, entry, miss);
      code.get(entry).mem('i32.load', high + 8);
      code.get(address!).op('i32.wrap_i64').i32(0xfff).op('i32.and', 'i32.add', 'return');
    });
    code.i32(0);
  });
}
