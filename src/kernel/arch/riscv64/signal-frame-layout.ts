/**
 * Where things lie in a signal frame of riscv64: Linux arch/riscv/kernel/signal.c, struct rt_sigframe { siginfo_t info (128 bytes);
 * ucontext_t uc (960 bytes) }.
 *
 * Interface: UC, UC_STACK, UC_SIGMASK, REGS_OFFSET, REGS_BYTES, FP_OFFSET, FP_BYTES, FRAME_BYTES.
 * Offsets from the frame's start, which is the handler's sp. In ucontext_t: uc_flags 0, uc_link 8, uc_stack 16, uc_sigmask 40,
 * 120 unused, uc_mcontext aligned to 16.
 */
import { SIGINFO_BYTES } from '../../signal/siginfo.ts';

export const UC = SIGINFO_BYTES;
export const UC_STACK = UC + 16;
export const UC_SIGMASK = UC + 40;
/** pc, then x1..x31: user_regs_struct. */
export const REGS_OFFSET = UC + 176;
export const REGS_BYTES = 256;
/** f0..f31, then fcsr. */
export const FP_OFFSET = REGS_OFFSET + REGS_BYTES;
export const FP_BYTES = 32 * 8 + 4;
export const FRAME_BYTES = UC + 960;
