/**
 * The instructions that the interpreter leaves to TypeScript: CSR accesses, ecall, ebreak, sret, mret, wfi,
 * sfence.vma, fence.i. "Zicsr", "Zifencei"; Privileged Architecture, instruction sections.
 *
 * Interface: SystemInstructions, OUTCOME, INSN.
 * Invariant: pc is at the instruction on entry; afterwards it is at the next one to run.
 */
import { HART } from '../layout.ts';
import type { CsrFile } from './csr-file.ts';
import { CAUSE, MSTATUS, PRV } from './privileged.ts';
import type { Traps } from './traps.ts';

/** What became of an instruction. Only TRAPPED means that it did not retire. */
export const OUTCOME = { RETIRED: 0, TRAPPED: 1, IDLE: 2 } as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** Drops cached translations, as sfence.vma does. */
export type FlushTranslations = (
  vaLo: number,
  vaHi: number,
  allAddresses: boolean,
  asid: number,
  allAsids: boolean,
) => void;

export const INSN = {
  ECALL: 0x0000_0073,
  EBREAK: 0x0010_0073,
  SRET: 0x1020_0073,
  MRET: 0x3020_0073,
  WFI: 0x1050_0073,
} as const;
const X = HART.x / 4;
const PC = HART.pc / 4;

const C_EBREAK = 0x9002;

/** funct3 of the CSR instructions, without bit 2 (immediate form). */
const CSR_OP = { WRITE: 1, SET: 2, CLEAR: 3 } as const;

export class SystemInstructions {
  readonly #csrs: CsrFile;
  readonly #traps: Traps;
  readonly #words: Int32Array;
  readonly #flush: FlushTranslations;

  /** `words`: the hart-state page. */
  constructor(csrs: CsrFile, traps: Traps, words: Int32Array, flush: FlushTranslations) {
    this.#csrs = csrs;
    this.#traps = traps;
    this.#words = words;
    this.#flush = flush;
  }

  execute(insn: number): Outcome {
    // fence.i has nothing to do: a store to decoded code has already dropped it.
    if ((insn & 0x707f) === 0x100f) return this.#retire();
    if (insn === C_EBREAK || insn === INSN.EBREAK) return this.#breakpoint();
    if ((insn & 0x7f) !== 0x73) return this.#illegal(insn);
    if (((insn >> 12) & 3) !== 0) return this.#csrAccess(insn);
    return this.#privileged(insn);
  }

  #privileged(insn: number): Outcome {
    const csrs = this.#csrs;
    const mode = csrs.mode;
    const status = csrs.mstatus;
    switch (insn) {
      case INSN.ECALL:
        this.#traps.exception(CAUSE.ECALL_U + mode, 0, 0);
        return OUTCOME.TRAPPED;
      case INSN.SRET:
        if (mode < PRV.S || (mode === PRV.S && (status & MSTATUS.TSR) !== 0)) return this.#illegal(insn);
        this.#traps.sret();
        return OUTCOME.RETIRED;
      case INSN.MRET:
        if (mode < PRV.M) return this.#illegal(insn);
        this.#traps.mret();
        return OUTCOME.RETIRED;
      case INSN.WFI:
        // U mode may wait only for a bounded time, which here is none.
        if (mode === PRV.U || (mode === PRV.S && (status & MSTATUS.TW) !== 0)) return this.#illegal(insn);
        this.#retire();
        return (csrs.pendingInterrupts() & csrs.mie) === 0 ? OUTCOME.IDLE : OUTCOME.RETIRED;
    }
    if ((insn & 0xfe00_7fff) === 0x1200_0073) return this.#sfenceVma(insn);
    return this.#illegal(insn);
  }

  #sfenceVma(insn: number): Outcome {
    const { mode, mstatus } = this.#csrs;
    if (mode < PRV.S || (mode === PRV.S && (mstatus & MSTATUS.TVM) !== 0)) return this.#illegal(insn);
    const rs1 = (insn >> 15) & 31;
    const rs2 = (insn >> 20) & 31;
    const asid = this.#words[X + rs2 * 2]! & 0xffff;
    this.#flush(this.#words[X + rs1 * 2]!, this.#words[X + rs1 * 2 + 1]!, rs1 === 0, asid, rs2 === 0);
    return this.#retire();
  }

  #csrAccess(insn: number): Outcome {
    const csrs = this.#csrs;
    const funct3 = (insn >> 12) & 7;
    const operation = funct3 & 3;
    const rs1 = (insn >> 15) & 31;
    const rd = (insn >> 7) & 31;
    // csrrs and csrrc with x0 (or 0) do not write at all; csrrw with rd = x0 does not read.
    const isWrite = operation === CSR_OP.WRITE || rs1 !== 0;
    const row = csrs.accessible(insn >>> 20, isWrite);
    if (row === undefined) return this.#illegal(insn);

    const isImmediate = (funct3 & 4) !== 0;
    const sourceLo = isImmediate ? rs1 : this.#words[X + rs1 * 2]!;
    const sourceHi = isImmediate ? 0 : this.#words[X + rs1 * 2 + 1]!;
    csrs.read(row);
    const { lo: oldLo, hi: oldHi } = csrs;
    if (isWrite) {
      csrs.readForModify(row);
      if (operation === CSR_OP.WRITE) csrs.write(row, sourceLo, sourceHi);
      else if (operation === CSR_OP.SET) csrs.write(row, csrs.lo | sourceLo, csrs.hi | sourceHi);
      else csrs.write(row, csrs.lo & ~sourceLo, csrs.hi & ~sourceHi);
    }
    if (rd !== 0) {
      this.#words[X + rd * 2] = oldLo;
      this.#words[X + rd * 2 + 1] = oldHi;
    }
    return this.#retire();
  }

  #retire(): Outcome {
    const lo = (this.#words[PC]! + 4) | 0;
    this.#words[PC] = lo;
    if (lo >>> 0 < 4) this.#words[PC + 1]! += 1;
    return OUTCOME.RETIRED;
  }

  /** mtval/stval of a breakpoint is the address of the ebreak. */
  #breakpoint(): Outcome {
    this.#traps.exception(CAUSE.BREAKPOINT, this.#words[PC]!, this.#words[PC + 1]!);
    return OUTCOME.TRAPPED;
  }

  #illegal(insn: number): Outcome {
    this.#traps.exception(CAUSE.ILLEGAL, insn, 0);
    return OUTCOME.TRAPPED;
  }
}
