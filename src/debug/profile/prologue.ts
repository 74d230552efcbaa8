/**
 * Where a function's caller is, read off its instructions: for riscv64 code that came without call-frame information.
 *
 * Interface: ruleFromCode.
 * The instructions from the function's start are followed in their order. What makes and unmakes a frame is what compilers write: sp moved
 * by a constant, ra and s0 stored below it and loaded again. After a jump away, the frame is taken to be what it was before the function
 * began to leave. It is a guess, but one that is seldom wrong.
 */
import { decode } from '../../isa/riscv/decode.ts';
import type { FrameRule, SavedAt } from './eh-frame.ts';

const RA = 1;
const SP = 2;
const S0 = 8;

interface Frame {
  /** Bytes from sp up to the frame address; NaN: not known. */
  depth: number;
  /** Bytes from s0 up to it, once s0 is a frame pointer; NaN: it is none. */
  fromPointer: number;
  returnAddress: SavedAt;
  framePointer: SavedAt;
  /** sp is on its way up again. */
  isLeaving: boolean;
}

/** The rule before the instruction at `length` bytes into the function that begins with `code`. */
export function ruleFromCode(code: Uint8Array, length: number): FrameRule | undefined {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const constants = new Map<number, number>();
  let frame = emptyFrame();
  let whole = frame;
  for (let at = 0; at < length;) {
    const word = at + 4 <= code.length ? view.getInt32(at, true) : view.getUint16(at, true);
    const decoded = decode(word);
    if (decoded === undefined) break;
    const { name } = decoded.insn;
    const { rd = 0, rs1 = 0, rs2 = 0, imm = 0 } = decoded.operands;
    at += decoded.length;
    if (name === 'addi' && rd === SP && rs1 === SP) {
      frame.depth -= imm;
      frame.isLeaving ||= imm > 0;
    } else if (name === 'add' && rd === SP && rs1 === SP) frame.depth -= constants.get(rs2) ?? NaN;
    else if (name === 'sub' && rd === SP && rs1 === SP) frame.depth += constants.get(rs2) ?? NaN;
    else if (name === 'addi' && rd === SP && rs1 === S0) {
      frame.depth = frame.fromPointer - imm;
      frame.isLeaving = true;
    } else if (rd === SP) frame.depth = NaN;
    else if (name === 'addi' && rd === S0 && rs1 === SP) frame.fromPointer = frame.depth - imm;
    else if (name === 'sd' && rs1 === SP) store(frame, rs2, imm);
    else if (name === 'ld' && rs1 === SP && rd === RA) frame.returnAddress = SAME;
    else if (name === 'ld' && rs1 === SP && rd === S0) {
      frame.framePointer = SAME;
      frame.fromPointer = NaN;
    }
    if (name === 'lui') constants.set(rd, imm);
    else if ((name === 'addi' || name === 'addiw') && constants.has(rs1)) constants.set(rd, constants.get(rs1)! + imm);
    else constants.delete(rd);
    if (isWhole(frame) || !isWhole(whole)) whole = { ...frame };
    if ((name === 'jal' || name === 'jalr') && rd === 0) frame = { ...whole };
  }
  const { returnAddress, framePointer } = frame;
  if (!Number.isNaN(frame.depth)) return { register: SP, offset: frame.depth, returnAddress, framePointer };
  if (Number.isNaN(frame.fromPointer)) return undefined;
  return { register: S0, offset: frame.fromPointer, returnAddress, framePointer };
}

const SAME: SavedAt = { kind: 'same' };

function emptyFrame(): Frame {
  return { depth: 0, fromPointer: NaN, returnAddress: SAME, framePointer: SAME, isLeaving: false };
}

/** The return address is on the stack: the function is past its beginning and not yet in its end. */
function isWhole(frame: Frame): boolean {
  return frame.returnAddress.kind === 'frame' && !frame.isLeaving;
}

function store(frame: Frame, register: number, offset: number): void {
  const at: SavedAt = { kind: 'frame', offset: offset - frame.depth };
  if (register === RA && frame.returnAddress.kind === 'same') frame.returnAddress = at;
  else if (register === S0 && frame.framePointer.kind === 'same') frame.framePointer = at;
}
