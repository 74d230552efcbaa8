/**
 * pt_regs of riscv64 on the kernel stack, and the way between it and the hart.
 *
 * Interface: saveTrapFrame, tookEcall, prepareUser, initTrapFrame, copyTrapFrame, register access, FP state.
 * Layout (Linux arch/riscv/include/asm/ptrace.h): epc, x1..x31, status, badaddr, cause, orig_a0: 36 words of 8 bytes at the top of
 * the stack. Below it lie f0..f31 and fcsr while the task does not own the hart's f registers (`kernel.fpOwner`).
 * Invariant: of the task that `kernel.xOwner` names, the hart's x registers are those in its frame, but for a0.
 */
import { FRAME, LOAD, type Load } from '../../../machine/machine.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/types.ts';

export const TRAP_FRAME_BYTES = 36 * 8;
/** f0..f31, then fcsr in the low half of the last word. */
export const FP_STATE_BYTES = 33 * 8;
const F_BYTES = 256;
/** pc, x1..x31. */
const USER_REGS_BYTES = 256;
const STACK_BYTES = 4096;

const STATUS = 32 * 8;
const BADADDR = 33 * 8;
export const CAUSE = 34 * 8;
const ORIG_A0 = FRAME.originalA0;

const SSTATUS_SPIE = 1 << 5;
const SSTATUS_SPP = 1 << 8;
const SSTATUS_FS_MASK = 3 << 13;
const SSTATUS_FS_CLEAN = 2 << 13;
const SSTATUS_FS_DIRTY = 3 << 13;
/** What of mstatus sstatus shows. */
const SSTATUS_MASK = 0x000d_e122;
/** Fields of fcsr. */
const FFLAGS_MASK = 31;
const FRM_MASK = 7;
const FRM_SHIFT = 5;

export const SP = 2;
export const TP = 4;
export const A0 = 10;
export const A1 = 11;
export const A2 = 12;
export const A7 = 17;

const TWO_32 = 4294967296;

/** Where the frame lies in linear memory, given the linear-memory offset of the (one-page) kernel stack. */
export function trapFrameOffset(stackOffset: number): number {
  return stackOffset + STACK_BYTES - TRAP_FRAME_BYTES;
}

/** hart.runUser has made the frame after an ecall. */
export function tookEcall(kernel: Kernel, task: Task): void {
  kernel.xOwner = task.tid;
}

/** Saves the user registers after any other trap from user mode, as the kernel's entry code does. */
export function saveTrapFrame(kernel: Kernel, task: Task): void {
  const { hart, ram } = kernel.machine;
  const { sepc, scause, stval } = hart.layout;
  const words = ram.i32;
  const frame = task.trapFrame >> 2;
  hart.saveRegisters(task.trapFrame);
  copyWord(words, frame, sepc >> 2);
  copyWord(words, frame + (CAUSE >> 2), scause >> 2);
  copyWord(words, frame + (BADADDR >> 2), stval >> 2);
  copyWord(words, frame + (ORIG_A0 >> 2), frame + 2 * A0);
  kernel.xOwner = task.tid;
}

/** Makes the hart ready for hart.runUser. Gives what that must load from the frame. */
export function prepareUser(kernel: Kernel, task: Task): Load {
  if (kernel.fpOwner !== task.tid) switchFpState(kernel, task);
  return kernel.xOwner === task.tid ? LOAD.a0 : LOAD.all;
}

/** The frame is about to be changed in more than pc and a0. */
function disownRegisters(kernel: Kernel, task: Task): void {
  if (kernel.xOwner === task.tid) kernel.xOwner = 0;
}

function copyWord(words: Int32Array, to: number, from: number): void {
  words[to] = words[from]!;
  words[to + 1] = words[from + 1]!;
}

/** A fresh user context: all registers zero but pc and sp; f registers zero. */
export function initTrapFrame(kernel: Kernel, task: Task, entry: number, stackPointer: number): void {
  disownRegisters(kernel, task);
  kernel.machine.ram.u8.fill(0, task.trapFrame - FP_STATE_BYTES, task.trapFrame + TRAP_FRAME_BYTES);
  if (kernel.fpOwner === task.tid) kernel.fpOwner = 0;
  putWord(kernel, task.trapFrame, entry);
  setReg(kernel, task, SP, stackPointer);
}

/** The child of a clone starts with its parent's registers. */
export function copyTrapFrame(kernel: Kernel, from: Task, to: Task): void {
  fpState(kernel, from);
  disownRegisters(kernel, to);
  const start = from.trapFrame - FP_STATE_BYTES;
  kernel.machine.ram.u8.copyWithin(to.trapFrame - FP_STATE_BYTES, start, from.trapFrame + TRAP_FRAME_BYTES);
}

/** Puts pc and x1..x31 of a task into its frame, from a user_regs_struct at byte `at` of `words`. */
export function setUserRegs(kernel: Kernel, task: Task, words: Int32Array, at: number): void {
  disownRegisters(kernel, task);
  copyWords(kernel.machine.ram.i32, task.trapFrame, words, at, USER_REGS_BYTES);
}

/** Copies whole 32-bit words; offsets are in bytes. For few of them quicker than what the host has for it. */
export function copyWords(to: Int32Array, toByte: number, from: Int32Array, fromByte: number, bytes: number): void {
  const target = toByte >> 2;
  const source = fromByte >> 2;
  for (let i = 0; i < bytes >> 2; i++) to[target + i] = from[source + i]!;
}

/** x[index] as an unsigned number (imprecise beyond 2^53). */
export function reg(kernel: Kernel, task: Task, index: number): number {
  return word(kernel, task.trapFrame + 8 * index);
}

/** Sets x[index] from an integer in -2^63..2^64-1. */
export function setReg(kernel: Kernel, task: Task, index: number, value: number): void {
  if (index !== A0) disownRegisters(kernel, task);
  putWord(kernel, task.trapFrame + 8 * index, value);
}

export function pc(kernel: Kernel, task: Task): number {
  return word(kernel, task.trapFrame);
}

export function setPc(kernel: Kernel, task: Task, value: number): void {
  putWord(kernel, task.trapFrame, value);
}

/** stval: the faulting address, or the illegal instruction. */
export function trapValue(kernel: Kernel, task: Task): number {
  return word(kernel, task.trapFrame + BADADDR);
}

/** stval to the last bit, for si_addr: a bigint where a number would be rounded. */
export function exactTrapValue(kernel: Kernel, task: Task): number | bigint {
  const value = trapValue(kernel, task);
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  const { u32 } = kernel.machine.ram;
  const at = (task.trapFrame + BADADDR) >> 2;
  return (BigInt(u32[at + 1]!) << 32n) | BigInt(u32[at]!);
}

/** Puts orig_a0 back and steps back to the ecall, so that the call is made again. */
export function restartSyscall(kernel: Kernel, task: Task): void {
  const words = kernel.machine.ram.i32;
  const frame = task.trapFrame >> 2;
  words[frame + 2 * A0] = words[frame + (ORIG_A0 >> 2)]!;
  words[frame + 2 * A0 + 1] = words[frame + (ORIG_A0 >> 2) + 1]!;
  setPc(kernel, task, pc(kernel, task) - 4);
}

/** Offset of f0..f31 and fcsr of a task in linear memory, up to date. They must not be changed there. */
export function fpState(kernel: Kernel, task: Task): number {
  const at = task.trapFrame - FP_STATE_BYTES;
  if (kernel.fpOwner !== task.tid) return at;
  const { f, fflags, frm, mstatus } = kernel.machine.hart.layout;
  const words = kernel.machine.ram.i32;
  if ((words[mstatus >> 2]! & SSTATUS_FS_MASK) !== SSTATUS_FS_DIRTY) return at;
  copyWords(words, at, words, f, F_BYTES);
  words[(at + F_BYTES) >> 2] = words[fflags >> 2]! | (words[frm >> 2]! << FRM_SHIFT);
  return at;
}

/** Gives a task f0..f31 and fcsr from byte `at` of `words`. Most often they are what it has. */
export function setFpState(kernel: Kernel, task: Task, words: Int32Array, at: number): void {
  const own = kernel.machine.ram.i32;
  const to = fpState(kernel, task) >> 2;
  const from = at >> 2;
  let same = true;
  for (let i = 0; i <= F_BYTES >> 2; i++) {
    if (own[to + i] === words[from + i]) continue;
    own[to + i] = words[from + i]!;
    same = false;
  }
  if (!same && kernel.fpOwner === task.tid) kernel.fpOwner = 0;
}

function switchFpState(kernel: Kernel, task: Task): void {
  const owner = kernel.tasks.get(kernel.fpOwner);
  if (owner !== undefined && owner.trapFrame !== 0) fpState(kernel, owner);
  const { f, fflags, frm, mstatus } = kernel.machine.hart.layout;
  const words = kernel.machine.ram.i32;
  const from = task.trapFrame - FP_STATE_BYTES;
  copyWords(words, f, words, from, F_BYTES);
  const fcsr = words[(from + F_BYTES) >> 2]!;
  words[fflags >> 2] = fcsr & FFLAGS_MASK;
  words[frm >> 2] = (fcsr >> FRM_SHIFT) & FRM_MASK;
  // Supervisor interrupts stay off in the kernel and come on with sret (SPIE); SPP says user mode.
  const status = (words[mstatus >> 2]! & ~(SSTATUS_FS_MASK | SSTATUS_SPP)) | SSTATUS_FS_CLEAN | SSTATUS_SPIE;
  words[mstatus >> 2] = status;
  words[(task.trapFrame + STATUS) >> 2] = status & SSTATUS_MASK;
  kernel.fpOwner = task.tid;
}

function word(kernel: Kernel, at: number): number {
  const { u32 } = kernel.machine.ram;
  return u32[at >> 2]! + u32[(at >> 2) + 1]! * TWO_32;
}

function putWord(kernel: Kernel, at: number, value: number): void {
  const { i32 } = kernel.machine.ram;
  i32[at >> 2] = value | 0;
  if ((value | 0) === value) i32[(at >> 2) + 1] = value >> 31;
  else {
    // `value | 0` takes the low 32 bits of any integer that a double holds exactly.
    i32[(at >> 2) + 1] = Math.floor(value / TWO_32) | 0;
  }
}
