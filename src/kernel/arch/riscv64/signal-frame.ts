/**
 * The signal frame of riscv64: siginfo_t and ucontext_t on the user's stack.
 *
 * Interface: pushSignalFrame, popSignalFrame, onAltStack. Where its parts lie: signal-frame-layout.ts.
 */
import { SIGACTION, SIGALTSTACK } from '../../../abi/flags/signal.ts';
import type { Kernel } from '../../kernel.ts';
import { copyFromUser, copyToUser } from '../../mm/uaccess.ts';
import { mmOf } from '../../mm/mm.ts';
import { setMask } from '../../signal/mask.ts';
import { writeSigInfo } from '../../signal/siginfo.ts';
import type { SigInfo } from '../../signal/types.ts';
import type { Task } from '../../task/types.ts';
import {
  FP_BYTES,
  FP_OFFSET,
  FRAME_BYTES,
  REGS_BYTES,
  REGS_OFFSET,
  UC,
  UC_SIGMASK,
  UC_STACK,
} from './signal-frame-layout.ts';
import { A0, A1, A2, copyWords, fpState, reg, setFpState, setPc, setReg, setUserRegs, SP } from './trap-frame.ts';
import { vdsoImage } from './vdso/image.ts';

const RA = 1;
const TWO_32 = 4294967296;

/** The frame on its way to or from user memory. Where nothing is put, it is always zero. */
const frame = new Uint8Array(FRAME_BYTES);
const frameView = new DataView(frame.buffer);
const frameWords = new Int32Array(frame.buffer);

const { SA_ONSTACK } = SIGACTION.values;
const { SS_ONSTACK, SS_DISABLE, SS_AUTODISARM } = SIGALTSTACK.values;

/** Makes `task` enter `handler` at its next return to user mode. `mask` is what sigreturn puts back. False: no room on the stack. */
export function pushSignalFrame(
  kernel: Kernel,
  task: Task,
  info: SigInfo,
  handler: number,
  flags: number,
  mask: bigint,
): boolean {
  const sp = frameAddress(kernel, task, flags);
  if (sp < 0) return false;
  writeSigInfo(frameView, info);
  writeStack(task, sp);
  frameView.setBigUint64(UC_SIGMASK, mask, true);
  const words = kernel.machine.ram.i32;
  // user_regs_struct is pc followed by x1..x31, just as pt_regs begins.
  copyWords(frameWords, REGS_OFFSET, words, task.trapFrame, REGS_BYTES);
  copyWords(frameWords, FP_OFFSET, words, fpState(kernel, task), FP_BYTES);
  if (copyToUser(kernel, task, sp, frame) !== 0) return false;
  if ((task.altStack.flags & SS_AUTODISARM) !== 0) task.altStack = { sp: 0, size: 0, flags: SS_DISABLE };
  setReg(kernel, task, RA, mmOf(kernel, task).vdso + vdsoImage().signalReturn);
  setReg(kernel, task, SP, sp);
  setReg(kernel, task, A0, info.signo);
  setReg(kernel, task, A1, sp);
  setReg(kernel, task, A2, sp + UC);
  setPc(kernel, task, handler);
  return true;
}

/** rt_sigreturn: takes everything back from the frame at sp. False when it cannot be read. */
export function popSignalFrame(kernel: Kernel, task: Task): boolean {
  const isReadable = copyFromUser(kernel, task, reg(kernel, task, SP), frame) === 0;
  if (isReadable) restoreFrom(kernel, task);
  // What a program left in the unused parts must not come into the next frame.
  frame.fill(0);
  return isReadable;
}

function restoreFrom(kernel: Kernel, task: Task): void {
  setUserRegs(kernel, task, frameWords, REGS_OFFSET);
  setFpState(kernel, task, frameWords, FP_OFFSET);
  setMask(kernel, task, frameView.getBigUint64(UC_SIGMASK, true));
  const { altStack } = task;
  const sp = word64(UC_STACK);
  const flags = frameView.getUint32(UC_STACK + 8, true) & ~SS_ONSTACK;
  const size = word64(UC_STACK + 16);
  if (sp !== altStack.sp || flags !== altStack.flags || size !== altStack.size) task.altStack = { sp, flags, size };
}

function word64(at: number): number {
  return frameView.getUint32(at + 4, true) * TWO_32 + frameView.getUint32(at, true);
}

/** Where the frame goes: below sp, or on the alternate stack. -1 when the alternate stack in use would overflow. */
function frameAddress(kernel: Kernel, task: Task, flags: number): number {
  const sp = reg(kernel, task, SP);
  const { altStack } = task;
  const isOn = onAltStack(task, sp);
  const below = (top: number): number => Math.floor((top - FRAME_BYTES) / 16) * 16;
  if (isOn && below(sp) < altStack.sp) return -1;
  const useAlt = (flags & SA_ONSTACK) !== 0 && !isOn && altStack.size > 0 && (altStack.flags & SS_DISABLE) === 0;
  const address = below(useAlt ? altStack.sp + altStack.size : sp);
  return address < 0 || address >= Number.MAX_SAFE_INTEGER ? -1 : address;
}

/** Whether the stack pointer is on the alternate stack (sigaltstack(2)). */
export function onAltStack(task: Task, sp: number): boolean {
  const { altStack } = task;
  if ((altStack.flags & SS_AUTODISARM) !== 0) return false;
  return sp > altStack.sp && sp - altStack.sp <= altStack.size;
}

function writeStack(task: Task, sp: number): void {
  const { altStack } = task;
  const state = altStack.size === 0 ? SS_DISABLE : onAltStack(task, sp) ? SS_ONSTACK : 0;
  putWord64(UC_STACK, altStack.sp);
  frameView.setUint32(UC_STACK + 8, (altStack.flags & SS_AUTODISARM) | state, true);
  putWord64(UC_STACK + 16, altStack.size);
}

function putWord64(at: number, value: number): void {
  frameView.setUint32(at, value % TWO_32, true);
  frameView.setUint32(at + 4, Math.floor(value / TWO_32), true);
}
