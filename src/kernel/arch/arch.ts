/**
 * The only door to a register layout. What the kernel needs of an architecture, by neutral names; riscv64 is the one there is,
 * x86-64 and i386 come in beside it.
 *
 * Interface: initTrapFrame, copyTrapFrame, setReturnValue, setStackPointer, setThreadPointer, instructionPointer, stackPointer,
 * restartSyscall, vdsoImage, VDSO_DATA, setReturnErrno, returnValue, returnBits, syscallArgument, fpState, trapFrameOffset, decodeTrap.
 */
import { errnoNumber, type Errno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import { A0, A7, pc, reg, setPc, setReg, SP, TP } from './riscv64/trap-frame.ts';

export {
  copyTrapFrame,
  fpState,
  FP_STATE_BYTES,
  initTrapFrame,
  prepareUser,
  restartSyscall,
  tookEcall,
  saveTrapFrame,
  trapFrameOffset,
  trapValue,
  exactTrapValue,
} from './riscv64/trap-frame.ts';
export { decodeTrap, type Trap } from './riscv64/trap.ts';
export { VDSO_CLOCK, VDSO_CLOCK_COUNT, VDSO_DATA, VDSO_DATA_BYTES } from './riscv64/vdso/data.ts';
export { vdsoImage } from './riscv64/vdso/image.ts';

/** The value that the system call gives back. */
export function setReturnValue(kernel: Kernel, task: Task, value: number): void {
  setReg(kernel, task, A0, value);
}

export function setReturnErrno(kernel: Kernel, task: Task, errno: Errno): void {
  setReg(kernel, task, A0, -errnoNumber(errno));
}

export function returnValue(kernel: Kernel, task: Task): number {
  return reg(kernel, task, A0);
}

/** Argument `index` (0 … 5) of the system call that the frame asks for, all 64 bits of it. */
export function syscallArgument(kernel: Kernel, task: Task, index: number): bigint {
  const { u32 } = kernel.machine.ram;
  const at = (task.trapFrame >> 2) + 2 * (A0 + index);
  return (BigInt(u32[at + 1]!) << 32n) | BigInt(u32[at]!);
}

/** The register in which a call gives its result, all 64 bits, signed. */
export function returnBits(kernel: Kernel, task: Task): bigint {
  return BigInt.asIntN(64, syscallArgument(kernel, task, 0));
}

export function setSyscallNumber(kernel: Kernel, task: Task, number: number): void {
  setReg(kernel, task, A7, number);
}

export function setStackPointer(kernel: Kernel, task: Task, value: number): void {
  setReg(kernel, task, SP, value);
}

export function stackPointer(kernel: Kernel, task: Task): number {
  return reg(kernel, task, SP);
}

export function setThreadPointer(kernel: Kernel, task: Task, value: number): void {
  setReg(kernel, task, TP, value);
}

export function instructionPointer(kernel: Kernel, task: Task): number {
  return pc(kernel, task);
}

export function setInstructionPointer(kernel: Kernel, task: Task, value: number): void {
  setPc(kernel, task, value);
}
