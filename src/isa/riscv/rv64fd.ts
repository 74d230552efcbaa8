/**
 * The "F" and "D" extensions: one family of rows for each format. RISC-V Unprivileged ISA, chapters "F" and "D".
 * A binary32 lives NaN-boxed in a 64-bit register; one that is not properly boxed counts as the canonical NaN.
 */
import type { FpFormat, IntFormat } from '../fp-ops.ts';
import { F2X, F2XR, F4, FCMP, FF, FLOAD, FR, FR1, FSTORE, X2F, X2FR } from './formats.ts';
import { insn, type Insn } from './insn.ts';
import type { FReg, RiscvOps } from './ops.ts';

const SIGN = { f32: 1n << 31n, f64: 1n << 63n } as const;
const FRACTION_BITS = { f32: 23, f64: 52 } as const;
const EXPONENT = { f32: 0xff, f64: 0x7ff } as const;
const INTS: readonly (readonly [string, IntFormat, string])[] = [
  ['w', 'i32', '00000'],
  ['wu', 'u32', '00001'],
  ['l', 'i64', '00010'],
  ['lu', 'u64', '00011'],
];

export const RV64FD: readonly Insn[] = [...family('s', 'f32', '00'), ...family('d', 'f64', '01'), ...between()];

function family(s: 's' | 'd', format: FpFormat, fmt: string): Insn[] {
  const sign = SIGN[format];
  const width =
    format === 'f32'
      ? ({ size: 4, funct3: '010', suffix: 'w' } as const)
      : ({ size: 8, funct3: '011', suffix: 'd' } as const);
  const get = <V>(m: RiscvOps<V>, reg: FReg): V => unbox(m, format, m.f(reg));
  const set = <V>(m: RiscvOps<V>, reg: FReg, value: V): void => m.setF(reg, box(m, format, value));
  const negate = <V>(m: RiscvOps<V>, value: V): V => m.xor(value, m.const(sign));

  // prettier-ignore
  return [
    insn(`fl${width.suffix}`, FLOAD, `............ ..... ${width.funct3} ..... 0000111`, (m, { fd, rs1, imm }) => set(m, fd, m.load(width.size, m.add(m.x(rs1), m.imm(imm))))),
    insn(`fs${width.suffix}`, FSTORE, `....... ..... ..... ${width.funct3} ..... 0100111`, (m, { rs1, fs2, imm }) => m.store(width.size, m.add(m.x(rs1), m.imm(imm)), m.f(fs2))),

    insn(`fmadd.${s}`,  F4, `..... ${fmt} ..... ..... ... ..... 1000011`, (m, { fd, fs1, fs2, fs3, rm }) => set(m, fd, m.fma(format, get(m, fs1), get(m, fs2), get(m, fs3), m.rounding(rm)))),
    insn(`fmsub.${s}`,  F4, `..... ${fmt} ..... ..... ... ..... 1000111`, (m, { fd, fs1, fs2, fs3, rm }) => set(m, fd, m.fma(format, get(m, fs1), get(m, fs2), negate(m, get(m, fs3)), m.rounding(rm)))),
    insn(`fnmsub.${s}`, F4, `..... ${fmt} ..... ..... ... ..... 1001011`, (m, { fd, fs1, fs2, fs3, rm }) => set(m, fd, m.fma(format, negate(m, get(m, fs1)), get(m, fs2), get(m, fs3), m.rounding(rm)))),
    insn(`fnmadd.${s}`, F4, `..... ${fmt} ..... ..... ... ..... 1001111`, (m, { fd, fs1, fs2, fs3, rm }) => set(m, fd, m.fma(format, negate(m, get(m, fs1)), get(m, fs2), negate(m, get(m, fs3)), m.rounding(rm)))),

    insn(`fadd.${s}`,  FR, `00000 ${fmt} ..... ..... ... ..... 1010011`, (m, { fd, fs1, fs2, rm }) => set(m, fd, m.fadd(format, get(m, fs1), get(m, fs2), m.rounding(rm)))),
    insn(`fsub.${s}`,  FR, `00001 ${fmt} ..... ..... ... ..... 1010011`, (m, { fd, fs1, fs2, rm }) => set(m, fd, m.fsub(format, get(m, fs1), get(m, fs2), m.rounding(rm)))),
    insn(`fmul.${s}`,  FR, `00010 ${fmt} ..... ..... ... ..... 1010011`, (m, { fd, fs1, fs2, rm }) => set(m, fd, m.fmul(format, get(m, fs1), get(m, fs2), m.rounding(rm)))),
    insn(`fdiv.${s}`,  FR, `00011 ${fmt} ..... ..... ... ..... 1010011`, (m, { fd, fs1, fs2, rm }) => set(m, fd, m.fdiv(format, get(m, fs1), get(m, fs2), m.rounding(rm)))),
    insn(`fsqrt.${s}`, FR1, `01011 ${fmt} 00000 ..... ... ..... 1010011`, (m, { fd, fs1, rm }) => set(m, fd, m.fsqrt(format, get(m, fs1), m.rounding(rm)))),
    insn(`fsgnj.${s}`,  FF, `00100 ${fmt} ..... ..... 000 ..... 1010011`, (m, { fd, fs1, fs2 }) => set(m, fd, withSign(m, sign, get(m, fs1), get(m, fs2)))),
    insn(`fsgnjn.${s}`, FF, `00100 ${fmt} ..... ..... 001 ..... 1010011`, (m, { fd, fs1, fs2 }) => set(m, fd, withSign(m, sign, get(m, fs1), negate(m, get(m, fs2))))),
    insn(`fsgnjx.${s}`, FF, `00100 ${fmt} ..... ..... 010 ..... 1010011`, (m, { fd, fs1, fs2 }) => set(m, fd, m.xor(get(m, fs1), m.and(get(m, fs2), m.const(sign))))),
    insn(`fmin.${s}`, FF, `00101 ${fmt} ..... ..... 000 ..... 1010011`, (m, { fd, fs1, fs2 }) => set(m, fd, m.fmin(format, get(m, fs1), get(m, fs2)))),
    insn(`fmax.${s}`, FF, `00101 ${fmt} ..... ..... 001 ..... 1010011`, (m, { fd, fs1, fs2 }) => set(m, fd, m.fmax(format, get(m, fs1), get(m, fs2)))),
    insn(`fle.${s}`, FCMP, `10100 ${fmt} ..... ..... 000 ..... 1010011`, (m, { rd, fs1, fs2 }) => m.setX(rd, m.fle(format, get(m, fs1), get(m, fs2)))),
    insn(`flt.${s}`, FCMP, `10100 ${fmt} ..... ..... 001 ..... 1010011`, (m, { rd, fs1, fs2 }) => m.setX(rd, m.flt(format, get(m, fs1), get(m, fs2)))),
    insn(`feq.${s}`, FCMP, `10100 ${fmt} ..... ..... 010 ..... 1010011`, (m, { rd, fs1, fs2 }) => m.setX(rd, m.feq(format, get(m, fs1), get(m, fs2)))),
    insn(`fclass.${s}`, F2X, `11100 ${fmt} 00000 ..... 001 ..... 1010011`, (m, { rd, fs1 }) => m.setX(rd, classify(m, format, get(m, fs1)))),
    // Moves carry the bits, boxed or not.
    insn(`fmv.x.${width.suffix}`, F2X, `11100 ${fmt} 00000 ..... 000 ..... 1010011`, (m, { rd, fs1 }) => m.setX(rd, format === 'f32' ? m.sext32(m.f(fs1)) : m.f(fs1))),
    insn(`fmv.${width.suffix}.x`, X2F, `11110 ${fmt} 00000 ..... 000 ..... 1010011`, (m, { fd, rs1 }) => set(m, fd, format === 'f32' ? m.zext32(m.x(rs1)) : m.x(rs1))),
    ...INTS.flatMap(([name, int, rs2]) => [
      insn(`fcvt.${name}.${s}`, F2XR, `11000 ${fmt} ${rs2} ..... ... ..... 1010011`, (m, { rd, fs1, rm }) => m.setX(rd, m.fToInt(format, int, get(m, fs1), m.rounding(rm)))),
      insn(`fcvt.${s}.${name}`, X2FR, `11010 ${fmt} ${rs2} ..... ... ..... 1010011`, (m, { fd, rs1, rm }) => set(m, fd, m.intToF(format, int, m.x(rs1), m.rounding(rm)))),
    ]),
  ];
}

function between(): Insn[] {
  return [
    insn('fcvt.s.d', FR1, '01000 00 00001 ..... ... ..... 1010011', (m, { fd, fs1, rm }) =>
      m.setF(fd, box(m, 'f32', m.fToF('f32', m.f(fs1), m.rounding(rm)))),
    ),
    insn('fcvt.d.s', FR1, '01000 01 00000 ..... ... ..... 1010011', (m, { fd, fs1, rm }) =>
      m.setF(fd, m.fToF('f64', unbox(m, 'f32', m.f(fs1)), m.rounding(rm))),
    ),
  ];
}

function unbox<V>(m: RiscvOps<V>, format: FpFormat, value: V): V {
  if (format === 'f64') return value;
  const boxed = m.eq(m.shru(value, m.const(32)), m.const(0xffff_ffff));
  return m.select(boxed, m.zext32(value), m.const(0x7fc0_0000));
}

function box<V>(m: RiscvOps<V>, format: FpFormat, value: V): V {
  return format === 'f64' ? value : m.or(value, m.const(0xffff_ffff_0000_0000n));
}

function withSign<V>(m: RiscvOps<V>, sign: bigint, magnitude: V, from: V): V {
  return m.or(m.and(magnitude, m.const(sign - 1n)), m.and(from, m.const(sign)));
}

/** One bit: -inf, -normal, -subnormal, -0, +0, +subnormal, +normal, +inf, signalling NaN, quiet NaN. */
function classify<V>(m: RiscvOps<V>, format: FpFormat, value: V): V {
  const fractionBits = FRACTION_BITS[format];
  const exponent = m.and(m.shru(value, m.const(fractionBits)), m.const(EXPONENT[format]));
  const fraction = m.and(value, m.const((1n << BigInt(fractionBits)) - 1n));
  const negative = m.ne(m.and(value, m.const(SIGN[format])), m.const(0));
  const noFraction = m.eq(fraction, m.const(0));
  const quiet = m.shru(fraction, m.const(fractionBits - 1));
  const signed = (minus: number, plus: number): V => m.select(negative, m.const(1 << minus), m.const(1 << plus));
  const special = m.select(noFraction, signed(0, 7), m.select(quiet, m.const(1 << 9), m.const(1 << 8)));
  const small = m.select(noFraction, signed(3, 4), signed(2, 5));
  const finite = m.select(m.eq(exponent, m.const(0)), small, signed(1, 6));
  return m.select(m.eq(exponent, m.const(EXPONENT[format])), special, finite);
}
