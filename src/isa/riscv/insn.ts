/**
 * The row of an instruction: name, format, bit pattern as the manual prints it, semantics.
 *
 * Interface: insn, Insn, Operands, parsePattern.
 */
import type { Imm } from '../ops.ts';
import type { Format } from './formats.ts';
import type { FReg, RiscvOps, XReg } from './ops.ts';

/** The operands as semantics see them: opaque. A row uses only those that its format has. */
export interface Operands {
  readonly rd: XReg;
  readonly rs1: XReg;
  readonly rs2: XReg;
  readonly fd: FReg;
  readonly fs1: FReg;
  readonly fs2: FReg;
  readonly fs3: FReg;
  readonly imm: Imm;
  readonly rm: Imm;
}

export type Semantics = <V>(m: RiscvOps<V>, operands: Operands) => void;

export interface Insn {
  readonly name: string;
  readonly format: Format;
  readonly mask: number;
  readonly value: number;
  readonly semantics: Semantics;
}

export function insn(name: string, format: Format, pattern: string, semantics: Semantics): Insn {
  return { name, format, ...parsePattern(pattern, 32), semantics };
}

/** '0' and '1' are fixed bits, '.' an operand's; spaces are for the reader. Most significant bit first. */
export function parsePattern(pattern: string, width: 16 | 32): { mask: number; value: number } {
  const digits = pattern.replaceAll(' ', '');
  if (digits.length !== width || /[^01.]/.test(digits)) throw new Error(`bad pattern ${pattern}`);
  let mask = 0;
  let value = 0;
  for (const digit of digits) {
    mask = (mask << 1) | (digit === '.' ? 0 : 1);
    value = (value << 1) | (digit === '1' ? 1 : 0);
  }
  return { mask: mask >>> 0, value: value >>> 0 };
}
