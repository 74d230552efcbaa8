/**
 * RV64I base integer instructions. RISC-V Unprivileged ISA, chapters RV32I and RV64I; columns follow its tables.
 */
import { B, FENCE, I, J, JALR, LOAD, R, S, SHIFT, SHIFTW, SYSTEM, U } from './formats.ts';
import { insn, type Insn } from './insn.ts';
import { CAUSE } from './ops.ts';

// prettier-ignore
export const RV64I: readonly Insn[] = [
  insn('lui',   U, '.................... ..... 0110111', (m, { rd, imm }) => m.setX(rd, m.imm(imm))),
  insn('auipc', U, '.................... ..... 0010111', (m, { rd, imm }) => m.setX(rd, m.add(m.pc(), m.imm(imm)))),
  insn('jal',   J, '.................... ..... 1101111', (m, { rd, imm }) => {
    m.setX(rd, m.nextPc());
    m.jumpRelative(imm);
  }),
  insn('jalr', JALR, '............ ..... 000 ..... 1100111', (m, { rd, rs1, imm }) => {
    const target = m.and(m.add(m.x(rs1), m.imm(imm)), m.const(-2));
    m.setX(rd, m.nextPc());
    m.jump(target);
  }),

  insn('beq',  B, '....... ..... ..... 000 ..... 1100011', (m, { rs1, rs2, imm }) => m.branchIf(m.eq(m.x(rs1), m.x(rs2)), imm)),
  insn('bne',  B, '....... ..... ..... 001 ..... 1100011', (m, { rs1, rs2, imm }) => m.branchIf(m.ne(m.x(rs1), m.x(rs2)), imm)),
  insn('blt',  B, '....... ..... ..... 100 ..... 1100011', (m, { rs1, rs2, imm }) => m.branchIf(m.lts(m.x(rs1), m.x(rs2)), imm)),
  insn('bge',  B, '....... ..... ..... 101 ..... 1100011', (m, { rs1, rs2, imm }) => m.branchIf(m.ges(m.x(rs1), m.x(rs2)), imm)),
  insn('bltu', B, '....... ..... ..... 110 ..... 1100011', (m, { rs1, rs2, imm }) => m.branchIf(m.ltu(m.x(rs1), m.x(rs2)), imm)),
  insn('bgeu', B, '....... ..... ..... 111 ..... 1100011', (m, { rs1, rs2, imm }) => m.branchIf(m.geu(m.x(rs1), m.x(rs2)), imm)),

  insn('lb',  LOAD, '............ ..... 000 ..... 0000011', (m, { rd, rs1, imm }) => m.setX(rd, m.loads(1, m.add(m.x(rs1), m.imm(imm))))),
  insn('lh',  LOAD, '............ ..... 001 ..... 0000011', (m, { rd, rs1, imm }) => m.setX(rd, m.loads(2, m.add(m.x(rs1), m.imm(imm))))),
  insn('lw',  LOAD, '............ ..... 010 ..... 0000011', (m, { rd, rs1, imm }) => m.setX(rd, m.loads(4, m.add(m.x(rs1), m.imm(imm))))),
  insn('ld',  LOAD, '............ ..... 011 ..... 0000011', (m, { rd, rs1, imm }) => m.setX(rd, m.load(8, m.add(m.x(rs1), m.imm(imm))))),
  insn('lbu', LOAD, '............ ..... 100 ..... 0000011', (m, { rd, rs1, imm }) => m.setX(rd, m.load(1, m.add(m.x(rs1), m.imm(imm))))),
  insn('lhu', LOAD, '............ ..... 101 ..... 0000011', (m, { rd, rs1, imm }) => m.setX(rd, m.load(2, m.add(m.x(rs1), m.imm(imm))))),
  insn('lwu', LOAD, '............ ..... 110 ..... 0000011', (m, { rd, rs1, imm }) => m.setX(rd, m.load(4, m.add(m.x(rs1), m.imm(imm))))),
  insn('sb',  S, '....... ..... ..... 000 ..... 0100011', (m, { rs1, rs2, imm }) => m.store(1, m.add(m.x(rs1), m.imm(imm)), m.x(rs2))),
  insn('sh',  S, '....... ..... ..... 001 ..... 0100011', (m, { rs1, rs2, imm }) => m.store(2, m.add(m.x(rs1), m.imm(imm)), m.x(rs2))),
  insn('sw',  S, '....... ..... ..... 010 ..... 0100011', (m, { rs1, rs2, imm }) => m.store(4, m.add(m.x(rs1), m.imm(imm)), m.x(rs2))),
  insn('sd',  S, '....... ..... ..... 011 ..... 0100011', (m, { rs1, rs2, imm }) => m.store(8, m.add(m.x(rs1), m.imm(imm)), m.x(rs2))),

  insn('addi',  I, '............ ..... 000 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.add(m.x(rs1), m.imm(imm)))),
  insn('slti',  I, '............ ..... 010 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.lts(m.x(rs1), m.imm(imm)))),
  insn('sltiu', I, '............ ..... 011 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.ltu(m.x(rs1), m.imm(imm)))),
  insn('xori',  I, '............ ..... 100 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.xor(m.x(rs1), m.imm(imm)))),
  insn('ori',   I, '............ ..... 110 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.or(m.x(rs1), m.imm(imm)))),
  insn('andi',  I, '............ ..... 111 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.and(m.x(rs1), m.imm(imm)))),
  insn('slli', SHIFT, '000000 ...... ..... 001 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.shl(m.x(rs1), m.imm(imm)))),
  insn('srli', SHIFT, '000000 ...... ..... 101 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.shru(m.x(rs1), m.imm(imm)))),
  insn('srai', SHIFT, '010000 ...... ..... 101 ..... 0010011', (m, { rd, rs1, imm }) => m.setX(rd, m.shrs(m.x(rs1), m.imm(imm)))),

  insn('add',  R, '0000000 ..... ..... 000 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.add(m.x(rs1), m.x(rs2)))),
  insn('sub',  R, '0100000 ..... ..... 000 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sub(m.x(rs1), m.x(rs2)))),
  insn('sll',  R, '0000000 ..... ..... 001 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.shl(m.x(rs1), m.x(rs2)))),
  insn('slt',  R, '0000000 ..... ..... 010 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.lts(m.x(rs1), m.x(rs2)))),
  insn('sltu', R, '0000000 ..... ..... 011 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.ltu(m.x(rs1), m.x(rs2)))),
  insn('xor',  R, '0000000 ..... ..... 100 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.xor(m.x(rs1), m.x(rs2)))),
  insn('srl',  R, '0000000 ..... ..... 101 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.shru(m.x(rs1), m.x(rs2)))),
  insn('sra',  R, '0100000 ..... ..... 101 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.shrs(m.x(rs1), m.x(rs2)))),
  insn('or',   R, '0000000 ..... ..... 110 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.or(m.x(rs1), m.x(rs2)))),
  insn('and',  R, '0000000 ..... ..... 111 ..... 0110011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.and(m.x(rs1), m.x(rs2)))),

  insn('addiw', I, '............ ..... 000 ..... 0011011', (m, { rd, rs1, imm }) => m.setX(rd, m.sext32(m.add(m.x(rs1), m.imm(imm))))),
  insn('slliw', SHIFTW, '0000000 ..... ..... 001 ..... 0011011', (m, { rd, rs1, imm }) => m.setX(rd, m.sext32(m.shl(m.x(rs1), m.imm(imm))))),
  insn('srliw', SHIFTW, '0000000 ..... ..... 101 ..... 0011011', (m, { rd, rs1, imm }) => m.setX(rd, m.sext32(m.shru(m.zext32(m.x(rs1)), m.imm(imm))))),
  insn('sraiw', SHIFTW, '0100000 ..... ..... 101 ..... 0011011', (m, { rd, rs1, imm }) => m.setX(rd, m.shrs(m.sext32(m.x(rs1)), m.imm(imm)))),
  insn('addw', R, '0000000 ..... ..... 000 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.add(m.x(rs1), m.x(rs2))))),
  insn('subw', R, '0100000 ..... ..... 000 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.sub(m.x(rs1), m.x(rs2))))),
  insn('sllw', R, '0000000 ..... ..... 001 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.shl(m.x(rs1), m.and(m.x(rs2), m.const(31)))))),
  insn('srlw', R, '0000000 ..... ..... 101 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.sext32(m.shru(m.zext32(m.x(rs1)), m.and(m.x(rs2), m.const(31)))))),
  insn('sraw', R, '0100000 ..... ..... 101 ..... 0111011', (m, { rd, rs1, rs2 }) => m.setX(rd, m.shrs(m.sext32(m.x(rs1)), m.and(m.x(rs2), m.const(31))))),

  // One hart sees its own accesses in order; several harts run on sequentially consistent atomics.
  insn('fence',   FENCE,  '............ ..... 000 ..... 0001111', () => {}),
  insn('fence.i', SYSTEM, '............ ..... 001 ..... 0001111', (m) => m.system()),
  insn('ecall',   SYSTEM, '000000000000 00000 000 00000 1110011', (m) => m.system()),
  insn('ebreak',  SYSTEM, '000000000001 00000 000 00000 1110011', (m) => m.trap(CAUSE.breakpoint, m.pc())),
];
