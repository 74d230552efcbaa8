/**
 * Zicsr and the privileged instructions. The rows only say that the instruction leaves to the privileged part of the
 * machine, which decides whether it may be executed at all. Unprivileged ISA "Zicsr"; Privileged ISA "Machine-Level ISA",
 * "Supervisor-Level ISA".
 */
import { CSR, CSRI, SFENCE, SYSTEM } from './formats.ts';
import { insn, type Insn } from './insn.ts';

// prettier-ignore
export const SYSTEM_INSNS: readonly Insn[] = [
  insn('csrrw',  CSR,  '............ ..... 001 ..... 1110011', (m) => m.system()),
  insn('csrrs',  CSR,  '............ ..... 010 ..... 1110011', (m) => m.system()),
  insn('csrrc',  CSR,  '............ ..... 011 ..... 1110011', (m) => m.system()),
  insn('csrrwi', CSRI, '............ ..... 101 ..... 1110011', (m) => m.system()),
  insn('csrrsi', CSRI, '............ ..... 110 ..... 1110011', (m) => m.system()),
  insn('csrrci', CSRI, '............ ..... 111 ..... 1110011', (m) => m.system()),
  insn('sret',   SYSTEM, '0001000 00010 00000 000 00000 1110011', (m) => m.system()),
  insn('mret',   SYSTEM, '0011000 00010 00000 000 00000 1110011', (m) => m.system()),
  insn('wfi',    SYSTEM, '0001000 00101 00000 000 00000 1110011', (m) => m.system()),
  insn('sfence.vma', SFENCE, '0001001 ..... ..... 000 00000 1110011', (m) => m.system()),
];

/** csrrs rd, time, x0, and where rd stands in it. */
export const RDTIME = { word: 0xc010_2073 | 0, rd: 31 << 7 } as const;

/** The register into which an instruction word reads the time CSR, if it does nothing but that; else 0. */
export function readTimeRegister(word: number): number {
  return (word & ~RDTIME.rd) === RDTIME.word ? (word & RDTIME.rd) >> 7 : 0;
}
