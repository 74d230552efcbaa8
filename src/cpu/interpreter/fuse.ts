/**
 * The generated function fuse: gives a record the op of the longest sequence (fusion.ts) that begins there, if any does.
 *
 * Interface: defineFuse.
 */
import type { CodeEmitter, FuncRef, Local } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { RECORD_BYTES } from '../layout.ts';
import { emitSwitch } from './execute.ts';
import { FUSED, type Chain, type Fused, type FusedPart } from './opcodes.ts';
import { FIELD, REGION_FLAG } from './record.ts';

/** The chains, those first that are to be preferred. */
const CHAINS: readonly Chain[] = ['rs1', 'rs2', 'none'];
const FIRST_FUSED = FUSED[0]!.op;

const firstOp = ({ parts }: Fused): number => parts[0]!.opcode.op;
/** From the record of an instruction of a sequence to the next one's. */
const distance = ({ opcode }: FusedPart): number => (opcode.length / 2) * RECORD_BYTES;

/**
 * Defines fuse(record, left): the record has its own op, `left` is its own, and the records behind it in its run are decoded. Where translated
 * code begins nothing is done.
 */
export function defineFuse(module: ModuleBuilder): FuncRef {
  const ownOp = defineOwnOp(module);
  return module.function('fuse', ['i32', 'i32'], [], (code, record, left) => {
    code.get(record!).mem('i32.load16_u', FIELD.op).i32(REGION_FLAG).op('i32.and');
    code.if(() => code.op('return'));
    const starts = [...new Set(FUSED.map(firstOp))];
    const handlers = starts.map((op) => () => {
      const sequences = FUSED.filter((sequence) => firstOp(sequence) === op).toSorted(byPreference);
      emitTests(code, { record: record!, left: left! }, sequences, ownOp);
      code.op('return');
    });
    const none = handlers.push(() => undefined) - 1;
    const numbers = Array.from({ length: FIRST_FUSED }, (_, op) => (starts.includes(op) ? starts.indexOf(op) : none));
    emitSwitch(code, handlers, numbers, () => code.get(record!).mem('i32.load16_u', FIELD.op));
  });
}

/** Longer ones first; of equally long ones, one that is chained. */
function byPreference(a: Fused, b: Fused): number {
  const rank = ({ parts }: Fused): number =>
    parts.reduce((sum, { chain }) => sum * CHAINS.length + CHAINS.indexOf(chain), 0);
  return b.parts.length - a.parts.length || rank(a) - rank(b);
}

/** Takes the first of the sequences, which begin with the same instruction, that stands there. */
function emitTests(
  code: CodeEmitter,
  { record, left }: { record: Local; left: Local },
  sequences: readonly Fused[],
  ownOp: FuncRef,
): void {
  for (const { op, parts } of sequences)
    code.block((other) => {
      code.get(left).i32(parts.length).op('i32.lt_u').brIf(other);
      let at = 0;
      for (const [i, { opcode, chain }] of parts.entries()) {
        const before = parts[i - 1];
        if (!before) continue;
        const from = at;
        at += distance(before);
        code
          .get(record)
          .mem('i32.load16_u', at + FIELD.op)
          .call(ownOp)
          .i32(opcode.op)
          .op('i32.ne')
          .brIf(other);
        if (chain === 'none') continue;
        code.get(record).mem('i32.load16_u', at + FIELD[chain]);
        code
          .get(record)
          .mem('i32.load16_u', from + FIELD.rd)
          .op('i32.ne')
          .brIf(other);
      }
      code.get(record).i32(op).mem('i32.store16', FIELD.op).op('return');
    });
}

/** Defines ownOp(op): the op of a record's own instruction, from what its record says. */
function defineOwnOp(module: ModuleBuilder): FuncRef {
  return module.function('ownOp', ['i32'], ['i32'], (code, op) => {
    code
      .get(op!)
      .i32(REGION_FLAG - 1)
      .op('i32.and')
      .tee(op!)
      .i32(FIRST_FUSED)
      .op('i32.lt_u');
    code.if(() => code.get(op!).op('return'));
    const handlers = FUSED.map((sequence) => () => void code.i32(firstOp(sequence)).op('return'));
    emitSwitch(code, handlers, [...handlers.keys()], () => code.get(op!).i32(FIRST_FUSED).op('i32.sub'));
    code.op('unreachable');
  });
}
