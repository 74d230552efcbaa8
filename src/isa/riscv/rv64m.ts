/**
 * The "M" extension: multiplication and division. RISC-V Unprivileged ISA, chapter "M". Division never traps.
 */
import { R } from './formats.ts';
import { insn, type Insn } from './insn.ts';

// prettier-ignore
export const RV64M: readonly Insn[] = [
  insn('mul',    R, '0000001 ..... ..... 000 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.mul(m.x(rs1), m.x(rs2)))),
  insn('mulh',   R, '0000001 ..... ..... 001 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.mulhs(m.x(rs1), m.x(rs2)))),
  insn('mulhsu', R, '0000001 ..... ..... 010 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.mulhsu(m.x(rs1), m.x(rs2)))),
  insn('mulhu',  R, '0000001 ..... ..... 011 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.mulhu(m.x(rs1), m.x(rs2)))),
  insn('div',    R, '0000001 ..... ..... 100 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.divs(m.x(rs1), m.x(rs2)))),
  insn('divu',   R, '0000001 ..... ..... 101 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.divu(m.x(rs1), m.x(rs2)))),
  insn('rem',    R, '0000001 ..... ..... 110 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.rems(m.x(rs1), m.x(rs2)))),
  insn('remu',   R, '0000001 ..... ..... 111 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.remu(m.x(rs1), m.x(rs2)))),
  insn('mulw',   R, '0000001 ..... ..... 000 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.mul(m.x(rs1), m.x(rs2))))),
  insn('divw',   R, '0000001 ..... ..... 100 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.divs(m.sext32(m.x(rs1)), m.sext32(m.x(rs2)))))),
  insn('divuw',  R, '0000001 ..... ..... 101 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.divu(m.zext32(m.x(rs1)), m.zext32(m.x(rs2)))))),
  insn('remw',   R, '0000001 ..... ..... 110 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.rems(m.sext32(m.x(rs1)), m.sext32(m.x(rs2)))))),
  insn('remuw',  R, '0000001 ..... ..... 111 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.remu(m.zext32(m.x(rs1)), m.zext32(m.x(rs2)))))),
];
