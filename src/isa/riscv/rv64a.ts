/**
 * The "A" extension: load-reserved, store-conditional and atomic memory operations. RISC-V Unprivileged ISA, chapter "A".
 * The old value is written to rd sign-extended; a word operation compares and adds the low words.
 */
import { AMO, LR } from './formats.ts';
import { insn, type Insn } from './insn.ts';
import type { RiscvOps } from './ops.ts';

export const RV64A: readonly Insn[] = [
  insn('lr.w', LR, '00010 . . 00000 ..... 010 ..... 0101111', (m, { rd, rs1 }) =>
    m.setX(rd, m.loadReserved(4, m.x(rs1))),
  ),
  insn('lr.d', LR, '00010 . . 00000 ..... 011 ..... 0101111', (m, { rd, rs1 }) =>
    m.setX(rd, m.loadReserved(8, m.x(rs1))),
  ),
  insn('sc.w', AMO, '00011 . . ..... ..... 010 ..... 0101111', (m, { rd, rs1, rs2 }) =>
    m.setX(rd, m.storeConditional(4, m.x(rs1), m.x(rs2))),
  ),
  insn('sc.d', AMO, '00011 . . ..... ..... 011 ..... 0101111', (m, { rd, rs1, rs2 }) =>
    m.setX(rd, m.storeConditional(8, m.x(rs1), m.x(rs2))),
  ),
  ...amo('amoswap', '00001', (_m, _old, value) => value),
  ...amo('amoadd', '00000', (m, old, value) => m.add(old, value)),
  ...amo('amoxor', '00100', (m, old, value) => m.xor(old, value)),
  ...amo('amoand', '01100', (m, old, value) => m.and(old, value)),
  ...amo('amoor', '01000', (m, old, value) => m.or(old, value)),
  ...amo('amomin', '10000', (m, old, value) => m.select(m.lts(old, value), old, value)),
  ...amo('amomax', '10100', (m, old, value) => m.select(m.lts(old, value), value, old)),
  // Sign-extended words compare unsigned as the words themselves do.
  ...amo('amominu', '11000', (m, old, value) => m.select(m.ltu(old, value), old, value)),
  ...amo('amomaxu', '11100', (m, old, value) => m.select(m.ltu(old, value), value, old)),
];

function amo(name: string, funct5: string, update: <V>(m: RiscvOps<V>, old: V, value: V) => V): Insn[] {
  return [
    insn(`${name}.w`, AMO, `${funct5} . . ..... ..... 010 ..... 0101111`, (m, { rd, rs1, rs2 }) => {
      const value = m.sext32(m.x(rs2));
      m.setX(
        rd,
        m.amo(4, m.x(rs1), (old) => update(m, old, value)),
      );
    }),
    insn(`${name}.d`, AMO, `${funct5} . . ..... ..... 011 ..... 0101111`, (m, { rd, rs1, rs2 }) => {
      const value = m.x(rs2);
      m.setX(
        rd,
        m.amo(8, m.x(rs1), (old) => update(m, old, value)),
      );
    }),
  ];
}
