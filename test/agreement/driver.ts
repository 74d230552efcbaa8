/**
 * The code around programs under Linux: sets up one after the other, runs it, and writes what it left to standard output. A handler
 * for signals notes where what happened, and goes on behind the instruction.
 *
 * Interface: emitDriver, BLOCK (a program's description in memory), RECORD (what is written for each program), MAX_FAULTS.
 */
import type { Assembler, Label } from './assembler.ts';
import { csrByName } from '../../src/cpu/riscv/csr-table.ts';
import { SIGNALS } from '../../src/abi/signals.ts';
import { instruction, whole, type Instruction } from './encode.ts';
import { DUMP, PAGE, REG, WINDOW_BYTES } from './places.ts';

/** Byte offsets in a program's description. */
export const BLOCK = { x: 0, f: 256, fcsr: 512, entry: 520, windows: 528, bytes: 528 + WINDOW_BYTES } as const;

export const MAX_FAULTS = 12;
/** Byte offsets in what is written: registers, fcsr, how many faults and the first of them, the windows. */
export const RECORD = {
  x: 0,
  f: 256,
  fcsr: 512,
  faultCount: 520,
  /** Each: signal, code (0 for SIGSEGV), pc, address. */
  faults: 528,
  faultBytes: 32,
  windows: 528 + MAX_FAULTS * 32,
  bytes: 528 + MAX_FAULTS * 32 + WINDOW_BYTES,
} as const;

/** The driver's own variables, in the page after the one that gp points to. */
const CONTROL = { current: 0, end: 8, vector: 16, action: 64 } as const;
const SYSCALL = { exit: 93, rt_sigaction: 134, writev: 66 } as const;
const SA_SIGINFO = 4;
const SIGINFO = { code: 8, address: 16 } as const;
/** struct ucontext: flags, link, stack, signal mask, padding to 16; then pc and x1 upward. */
const UCONTEXT = { pc: 176, ra: 184 } as const;
const CAUGHT = [SIGNALS.SIGILL, SIGNALS.SIGTRAP, SIGNALS.SIGBUS, SIGNALS.SIGSEGV];
const [RA, GP, T0, T1, T2, S2, S3, A0, A1, A2, A3, A4] = [1, 3, 5, 6, 7, 18, 19, 10, 11, 12, 13, 14] as const;

const i = (name: string, rd: number, rs1: number, imm: number): Instruction => instruction(name, { rd, rs1, imm });
const li = (rd: number, value: number): Instruction => i('addi', rd, 0, value);
const store = (name: string, rs2: number, rs1: number, imm: number): Instruction =>
  instruction(name, { rs2, rs1, imm });
const readFcsr = whole('csrrs', (csrByName('fcsr').number << 20) | (T0 << 7));
const writeFcsr = whole('csrrw', (csrByName('fcsr').number << 20) | (T0 << 15));

/** `first` and `end` bound the programs' descriptions. Gives the label to start at. */
export function emitDriver(asm: Assembler, first: Label, end: Label): Label {
  const handler = emitHandler(asm);
  const start = asm.here();
  asm.emit(...setPointer(S2));
  asm.loadAddress(T0, first);
  asm.emit(store('sd', T0, S2, CONTROL.current));
  asm.loadAddress(T0, end);
  asm.emit(store('sd', T0, S2, CONTROL.end));
  emitSigactions(asm, handler);
  const next = asm.here();
  const finish = asm.newLabel();
  asm.emit(...setPointer(S3), i('ld', S2, S3, CONTROL.current), i('ld', T0, S3, CONTROL.end));
  asm.branch('bgeu', { rs1: S2, rs2: T0 }, finish);
  emitWindows(asm);
  emitClearFaults(asm);
  emitEnter(asm);
  emitWrite(asm);
  asm.jump(next);
  asm.place(finish);
  asm.emit(li(A0, 0), li(REG.a7, SYSCALL.exit), whole('ecall'));
  return start;
}

function setPointer(reg: number): Instruction[] {
  return [instruction('lui', { rd: reg, imm: DUMP + PAGE })];
}

function emitSigactions(asm: Assembler, handler: Label): void {
  asm.loadAddress(T0, handler);
  asm.emit(store('sd', T0, S2, CONTROL.action), li(T0, SA_SIGINFO), store('sd', T0, S2, CONTROL.action + 8));
  for (const signal of CAUGHT)
    asm.emit(
      li(A0, signal),
      i('addi', A1, S2, CONTROL.action),
      li(A2, 0),
      li(A3, 8),
      li(REG.a7, SYSCALL.rt_sigaction),
      whole('ecall'),
    );
}

/** From the description at S2 to the windows that its s0 and s1 point to. */
function emitWindows(asm: Assembler): void {
  asm.emit(i('addi', T0, S2, BLOCK.windows));
  for (const [reg, before, bytes] of WINDOW_PARTS) {
    asm.emit(i('ld', T1, S2, BLOCK.x + 8 * reg), i('addi', T1, T1, -before), i('addi', T2, T0, bytes));
    const again = asm.here();
    asm.emit(i('ld', A0, T0, 0), store('sd', A0, T1, 0), i('addi', T0, T0, 8), i('addi', T1, T1, 8));
    asm.branch('bne', { rs1: T0, rs2: T2 }, again);
  }
}

/** Register, bytes before it, bytes in all. */
const WINDOW_PARTS = [
  [REG.window, 256, 512],
  [REG.edge, 128, 128],
] as const;

function emitClearFaults(asm: Assembler): void {
  asm.emit(instruction('lui', { rd: GP, imm: DUMP }));
  for (let at = RECORD.faultCount; at < RECORD.windows; at += 8) asm.emit(store('sd', 0, GP, at));
}

/** Loads all registers, calls the program, and stores all registers. */
function emitEnter(asm: Assembler): void {
  asm.emit(i('ld', T0, S2, BLOCK.fcsr), writeFcsr);
  for (let reg = 0; reg < 32; reg++) asm.emit(instruction('fld', { fd: reg, rs1: S2, imm: BLOCK.f + 8 * reg }));
  asm.emit(i('addi', T0, S2, 0));
  for (let reg = 2; reg < 32; reg++) if (reg !== T0) asm.emit(i('ld', reg, T0, BLOCK.x + 8 * reg));
  asm.emit(i('ld', RA, T0, BLOCK.entry), i('ld', T0, T0, BLOCK.x + 8 * T0), i('jalr', RA, RA, 0));
  for (let reg = 0; reg < 32; reg++) asm.emit(store('sd', reg, GP, RECORD.x + 8 * reg));
  for (let reg = 0; reg < 32; reg++) asm.emit(instruction('fsd', { fs2: reg, rs1: GP, imm: RECORD.f + 8 * reg }));
  asm.emit(readFcsr, store('sd', T0, GP, RECORD.fcsr));
}

/** Writes the record, and moves on to the next description. */
function emitWrite(asm: Assembler): void {
  asm.emit(...setPointer(S3), i('ld', S2, S3, CONTROL.current));
  const vector = (index: number, bytes: number): Instruction[] => [
    store('sd', T0, S3, CONTROL.vector + 16 * index),
    li(T0, bytes),
    store('sd', T0, S3, CONTROL.vector + 16 * index + 8),
  ];
  asm.emit(i('addi', T0, GP, 0), ...vector(0, RECORD.windows));
  WINDOW_PARTS.forEach(([reg, before, bytes], index) =>
    asm.emit(i('ld', T0, S2, BLOCK.x + 8 * reg), i('addi', T0, T0, -before), ...vector(index + 1, bytes)),
  );
  asm.emit(
    li(A0, 1),
    i('addi', A1, S3, CONTROL.vector),
    li(A2, 1 + WINDOW_PARTS.length),
    li(REG.a7, SYSCALL.writev),
    whole('ecall'),
    i('addi', S2, S2, BLOCK.bytes),
    store('sd', S2, S3, CONTROL.current),
  );
}

/** handler(signal a0, siginfo a1, ucontext a2). */
function emitHandler(asm: Assembler): Label {
  const [counted, elsewhere, skip, compressed] = [asm.newLabel(), asm.newLabel(), asm.newLabel(), asm.newLabel()];
  const label = asm.here();
  asm.emit(
    instruction('lui', { rd: T0, imm: DUMP }),
    i('ld', T1, T0, RECORD.faultCount),
    i('addi', T2, T1, 1),
    store('sd', T2, T0, RECORD.faultCount),
    li(T2, MAX_FAULTS),
    i('ld', A3, A2, UCONTEXT.pc),
  );
  asm.branch('bgeu', { rs1: T1, rs2: T2 }, counted);
  asm.emit(
    i('slli', T1, T1, Math.log2(RECORD.faultBytes)),
    instruction('add', { rd: T0, rs1: T0, rs2: T1 }),
    i('lw', T1, A1, SIGINFO.code),
    i('ld', T2, A1, SIGINFO.address),
    // Not that of SIGSEGV: under qemu what is not mapped looks protected.
    i('addi', A4, A0, -SIGNALS.SIGSEGV),
    instruction('sltu', { rd: A4, rs1: 0, rs2: A4 }),
    instruction('mul', { rd: T1, rs1: T1, rs2: A4 }),
    store('sd', A0, T0, RECORD.faults),
    store('sd', T1, T0, RECORD.faults + 8),
    store('sd', A3, T0, RECORD.faults + 16),
    store('sd', T2, T0, RECORD.faults + 24),
  );
  asm.place(counted);
  // What cannot be fetched cannot be skipped: such a jump kept the way back in ra.
  asm.emit(i('ld', T2, A1, SIGINFO.address), li(T1, SIGNALS.SIGSEGV));
  asm.branch('bne', { rs1: A0, rs2: T1 }, skip);
  asm.branch('beq', { rs1: T2, rs2: A3 }, elsewhere);
  asm.place(skip);
  asm.emit(i('lhu', T1, A3, 0), i('andi', T1, T1, 3), i('addi', A3, A3, 2), li(T2, 3));
  asm.branch('bne', { rs1: T1, rs2: T2 }, compressed);
  asm.emit(i('addi', A3, A3, 2));
  asm.place(compressed);
  asm.emit(store('sd', A3, A2, UCONTEXT.pc), i('jalr', 0, RA, 0));
  asm.place(elsewhere);
  asm.emit(i('ld', A3, A2, UCONTEXT.ra), store('sd', A3, A2, UCONTEXT.pc), i('jalr', 0, RA, 0));
  return label;
}
