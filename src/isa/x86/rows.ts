/**
 * The seed of the x86-64 rows: families that expand into their encodings. Intel SDM volume 2.
 *
 * An encoding is written as the manual does: prefixes, opcode bytes, then /r (ModRM with a register), /digit or nothing; operand
 * kinds follow the mnemonic. Forms: 'rm,r' both in ModRM with a register as r/m (the memory form loads and stores around the same
 * semantics), 'implied' none, 'rel' a displacement.
 *
 * Interface: X86_ROWS, X86Row, X86Operands.
 */
import type { FpOps } from '../fp-ops.ts';
import type { Imm } from '../ops.ts';
import { BITS, isNegative, readGpr, readHighByte, signExtend, writeGpr, writeHighByte } from './operands.ts';
import { conditionHolds, type Condition, type Gpr, type OperandSize, type X86Ops, type Xmm } from './ops.ts';

/** `dst` is also the first source. */
export interface X86Operands {
  readonly dst: Gpr;
  readonly src: Gpr;
  readonly xmmDst: Xmm;
  readonly xmmSrc: Xmm;
  readonly imm: Imm;
}

export type X86Semantics = <V>(m: X86Ops<V> & FpOps<V>, operands: X86Operands) => void;

export interface X86Row {
  readonly name: string;
  readonly encoding: string;
  readonly form: 'rm,r' | 'rm' | 'xmm,xmm' | 'rel' | 'implied';
  readonly size: OperandSize;
  readonly semantics: X86Semantics;
}

/** #DE and #UD; vector numbers of Intel SDM volume 3, 6.3.1. */
export const VECTOR = { divideError: 0, invalidOpcode: 6 } as const;

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RSP = 4;
const RSI = 6;
const RDI = 7;

const SIZES: readonly OperandSize[] = [1, 2, 4, 8];
const PREFIX = { 1: '', 2: '66 ', 4: '', 8: 'REX.W ' } as const;
const SUFFIX = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' } as const;

function row(name: string, encoding: string, form: X86Row['form'], size: OperandSize, semantics: X86Semantics): X86Row {
  return { name, encoding, form, size, semantics };
}

/** For each operand size: opcode `base` for bytes, `base + 1` for the others, as nearly all of x86's integer opcodes. */
function sizes(
  name: string,
  base: number,
  form: X86Row['form'],
  digit: string,
  body: (size: OperandSize) => X86Semantics,
): X86Row[] {
  return SIZES.map((size) => {
    const opcode = (size === 1 ? base : base + 1).toString(16).padStart(2, '0');
    return row(`${name}${SUFFIX[size]}`, `${PREFIX[size]}${opcode} ${digit}`, form, size, body(size));
  });
}

type Alu = <V>(m: X86Ops<V>, size: OperandSize, a: V, b: V) => V | undefined;

/** The eight classic operations: opcode 8 * index, r/m and r. The body sets flags and gives the result, if it is kept. */
function aluFamily(index: number, name: string, operation: Alu): X86Row[] {
  return sizes(name, 8 * index, 'rm,r', '/r', (size) => (m, { dst, src }) => {
    const result = operation(m, size, readGpr(m, size, dst), readGpr(m, size, src));
    if (result !== undefined) writeGpr(m, size, dst, result);
  });
}

const add: Alu = (m, size, a, b) => {
  const result = m.add(a, b);
  m.flagsOfAdd(size, a, b, result);
  return result;
};
const adc: Alu = (m, size, a, b) => {
  const result = m.add(m.add(a, b), m.flag('cf'));
  m.flagsOfAdd(size, a, b, result);
  return result;
};
const sbb: Alu = (m, size, a, b) => {
  const result = m.sub(m.sub(a, b), m.flag('cf'));
  m.flagsOfSub(size, a, b, result);
  return result;
};
const sub: Alu = (m, size, a, b) => {
  const result = m.sub(a, b);
  m.flagsOfSub(size, a, b, result);
  return result;
};
const cmp: Alu = (m, size, a, b) => {
  m.flagsOfSub(size, a, b, m.sub(a, b));
  return undefined;
};
const and: Alu = (m, size, a, b) => {
  const result = m.and(a, b);
  m.flagsOfLogic(size, result);
  return result;
};
const xor: Alu = (m, size, a, b) => {
  const result = m.xor(a, b);
  m.flagsOfLogic(size, result);
  return result;
};

/** Shifts by CL: a count of 0 (after masking) changes nothing, not even flags. */
function shiftFamily(digit: number, name: 'shl' | 'shr' | 'sar'): X86Row[] {
  return sizes(name, 0xd2, 'rm', `/${digit}`, (size) => (m, { dst }) => {
    const count = m.and(m.gpr(m.fixedGpr(RCX)), m.const(size === 8 ? 63 : 31));
    m.ifThen(count, () => {
      const value = readGpr(m, size, dst);
      const before = m.sub(count, m.const(1));
      // The last bit shifted out, from the value shifted by one less. Counts beyond the operand shift in what lies there.
      const wide = name === 'sar' ? signExtend(m, size, value) : value;
      const almost =
        name === 'shl' ? m.shl(value, before) : name === 'shr' ? m.shru(wide, before) : m.shrs(wide, before);
      const result = name === 'shl' ? m.shl(value, count) : name === 'shr' ? m.shru(wide, count) : m.shrs(wide, count);
      const carry = name === 'shl' ? isNegative(m, size, almost) : m.and(almost, m.const(1));
      // OF is defined for counts of 1; the same formula is used for all.
      const overflow =
        name === 'shl'
          ? m.xor(isNegative(m, size, result), carry)
          : name === 'shr'
            ? isNegative(m, size, value)
            : m.const(0);
      m.flagsOfShift(size, result, carry, overflow);
      writeGpr(m, size, dst, result);
    });
  });
}

/** mul: the double-width product in DX:AX (AX for bytes); CF and OF say whether its high half counts. */
const MUL = sizes('mul', 0xf6, 'rm', '/4', (size) => (m, { dst }) => {
  const a = readGpr(m, size, m.fixedGpr(RAX));
  const b = readGpr(m, size, dst);
  const low = m.mul(a, b);
  const high = size === 8 ? m.mulhu(a, b) : m.shru(low, m.const(BITS[size]));
  const carry = m.ne(high, m.const(0));
  m.flagsOfShift(size, low, carry, carry);
  if (size === 1) return writeGpr(m, 2, m.fixedGpr(RAX), low);
  writeGpr(m, size, m.fixedGpr(RAX), low);
  writeGpr(m, size, m.fixedGpr(RDX), high);
});

/** div of DX:AX; #DE for a zero divisor and for a quotient that does not fit. The 128-bit form awaits its operation. */
const DIV = sizes('div', 0xf6, 'rm', '/6', (size) => (m, { dst }) => {
  const bits = m.const(BITS[size]);
  const rax = m.fixedGpr(RAX);
  const rdx = m.fixedGpr(RDX);
  const dividend = size === 1 ? readGpr(m, 2, rax) : m.or(m.shl(readGpr(m, size, rdx), bits), readGpr(m, size, rax));
  const divisor = readGpr(m, size, dst);
  const quotient = m.divu(dividend, divisor);
  // Division by zero gives all ones here, which does not fit either.
  m.trapIf(m.ne(m.shru(quotient, bits), m.const(0)), VECTOR.divideError, m.const(0));
  const remainder = m.remu(dividend, divisor);
  if (size === 1) return writeGpr(m, 2, rax, m.or(m.shl(remainder, m.const(8)), quotient));
  writeGpr(m, size, rax, quotient);
  writeGpr(m, size, rdx, remainder);
}).filter((row) => row.size !== 8);

/** One element per execution: the instruction repeats itself, so that it can be interrupted between two, as on hardware. */
function repMovs(size: OperandSize): X86Semantics {
  return (m) => {
    const [rcx, rsi, rdi] = [m.fixedGpr(RCX), m.fixedGpr(RSI), m.fixedGpr(RDI)];
    m.ifThen(m.gpr(rcx), () => {
      m.store(size, m.gpr(rdi), m.load(size, m.gpr(rsi)));
      m.setGpr(rsi, m.add(m.gpr(rsi), m.const(size)));
      m.setGpr(rdi, m.add(m.gpr(rdi), m.const(size)));
      m.setGpr(rcx, m.sub(m.gpr(rcx), m.const(1)));
      m.repeat();
    });
  };
}

const CONDITIONS: readonly Condition[] = ['o', 'b', 'z', 'be', 's', 'p', 'l', 'le'];

/** jcc rel32 and its negation: 0F 80+cc. */
const JCC = CONDITIONS.flatMap((condition, i) => [
  row(`j${condition}`, `0f ${(0x80 + 2 * i).toString(16)} cd`, 'rel', 8, (m, { imm }) =>
    m.branchIf(conditionHolds(m, condition), imm),
  ),
  row(`jn${condition}`, `0f ${(0x81 + 2 * i).toString(16)} cd`, 'rel', 8, (m, { imm }) =>
    m.branchIf(m.xor(conditionHolds(m, condition), m.const(1)), imm),
  ),
]);

const MOV = sizes(
  'mov',
  0x88,
  'rm,r',
  '/r',
  (size) =>
    (m, { dst, src }) =>
      writeGpr(m, size, dst, readGpr(m, size, src)),
);

export const X86_ROWS: readonly X86Row[] = [
  ...aluFamily(0, 'add', add),
  ...aluFamily(2, 'adc', adc),
  ...aluFamily(3, 'sbb', sbb),
  ...aluFamily(4, 'and', and),
  ...aluFamily(5, 'sub', sub),
  ...aluFamily(6, 'xor', xor),
  ...aluFamily(7, 'cmp', cmp),
  ...shiftFamily(4, 'shl'),
  ...shiftFamily(5, 'shr'),
  ...shiftFamily(7, 'sar'),
  ...MUL,
  ...DIV,
  ...MOV,
  row('movb-high', '88 /r', 'rm,r', 1, (m, { dst, src }) => writeHighByte(m, dst, readGpr(m, 1, src))),
  row('movb-from-high', '88 /r', 'rm,r', 1, (m, { dst, src }) => writeGpr(m, 1, dst, readHighByte(m, src))),
  row('push', '50+r', 'rm', 8, (m, { dst }) => {
    const rsp = m.fixedGpr(RSP);
    const top = m.sub(m.gpr(rsp), m.const(8));
    // push rsp stores the value from before.
    m.store(8, top, m.gpr(dst));
    m.setGpr(rsp, top);
  }),
  row('pop', '58+r', 'rm', 8, (m, { dst }) => {
    const rsp = m.fixedGpr(RSP);
    const value = m.load(8, m.gpr(rsp));
    m.setGpr(rsp, m.add(m.gpr(rsp), m.const(8)));
    // pop rsp loads it.
    m.setGpr(dst, value);
  }),
  row('call', 'e8 cd', 'rel', 8, (m, { imm }) => {
    const rsp = m.fixedGpr(RSP);
    const top = m.sub(m.gpr(rsp), m.const(8));
    m.store(8, top, m.nextPc());
    m.setGpr(rsp, top);
    m.jumpRelative(imm);
  }),
  row('ret', 'c3', 'implied', 8, (m) => {
    const rsp = m.fixedGpr(RSP);
    const target = m.load(8, m.gpr(rsp));
    m.setGpr(rsp, m.add(m.gpr(rsp), m.const(8)));
    m.jump(target);
  }),
  ...JCC,
  row('rep movsb', 'f3 a4', 'implied', 1, repMovs(1)),
  row('rep movsq', 'f3 REX.W a5', 'implied', 8, repMovs(8)),
  row('addsd', 'f2 0f 58 /r', 'xmm,xmm', 8, (m, { xmmDst, xmmSrc }) =>
    m.setXmmLow(xmmDst, m.fadd('f64', m.xmmLow(xmmDst), m.xmmLow(xmmSrc), m.const(0))),
  ),
];
