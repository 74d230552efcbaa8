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
import { encodeSigInfo } from '../../signal/siginfo.ts';
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
import { A0, A1, A2, FP_STATE_BYTES, fpState, reg, setPc, setReg, setUserRegs, SP } from './trap-frame.ts';
import { vdsoImage } from './vdso/image.ts';

const RA = 1;

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
  const frame = new Uint8Array(FRAME_BYTES);
  const view = new DataView(frame.buffer);
  frame.set(encodeSigInfo(info));
  writeStack(view, task, sp);
  view.setBigUint64(UC_SIGMASK, mask, true);
  const { u8 } = kernel.machine.ram;
  // user_regs_struct is pc followed by x1..x31, just as pt_regs begins.
  frame.set(u8.subarray(task.trapFrame, task.trapFrame + REGS_BYTES), REGS_OFFSET);
  const fp = fpState(kernel, task);
  frame.set(u8.subarray(fp, fp + FP_BYTES), FP_OFFSET);
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
  const frame = new Uint8Array(FRAME_BYTES);
  if (copyFromUser(kernel, task, reg(kernel, task, SP), frame) !== 0) return false;
  const view = new DataView(frame.buffer);
  const { u8 } = kernel.machine.ram;
  setUserRegs(kernel, task, frame.subarray(REGS_OFFSET, REGS_OFFSET + REGS_BYTES));
  const fp = fpState(kernel, task);
  u8.fill(0, fp, fp + FP_STATE_BYTES);
  u8.set(frame.subarray(FP_OFFSET, FP_OFFSET + FP_BYTES), fp);
  setMask(kernel, task, view.getBigUint64(UC_SIGMASK, true));
  task.altStack = {
    sp: Number(view.getBigUint64(UC_STACK, true)),
    flags: view.getUint32(UC_STACK + 8, true) & ~SS_ONSTACK,
    size: Number(view.getBigUint64(UC_STACK + 16, true)),
  };
  return true;
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

function writeStack(view: DataView, task: Task, sp: number): void {
  const { altStack } = task;
  const state = altStack.size === 0 ? SS_DISABLE : onAltStack(task, sp) ? SS_ONSTACK : 0;
  view.setBigUint64(UC_STACK, BigInt(altStack.sp), true);
  view.setUint32(UC_STACK + 8, (altStack.flags & SS_AUTODISARM) | state, true);
  view.setBigUint64(UC_STACK + 16, BigInt(altStack.size), true);
}
