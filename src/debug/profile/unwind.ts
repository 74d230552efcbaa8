/**
 * The call stack of a riscv64 task. Interface: callStack, MachineContext, MAX_FRAMES.
 * Each caller is found by the rule for the code at hand (call-frame information, or a reading of the function). Code without a rule that is
 * at the top is taken for a leaf, which has its return address in ra; elsewhere the stack ends there.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import type { Mm } from '../../kernel/mm/types.ts';
import type { Task } from '../../kernel/task/types.ts';
import type { FrameRule, SavedAt } from './eh-frame.ts';
import { peekWord } from './guest-file.ts';
import type { Images, Place } from './images.ts';

/** The registers from which unwinding starts. */
export interface MachineContext {
  readonly pc: number;
  readonly ra: number;
  readonly sp: number;
  /** The frame pointer, where a function keeps one. */
  readonly s0: number;
}

/** Deeper stacks lose their outer end. */
export const MAX_FRAMES = 128;

const SP = 2;
const S0 = 8;
/** li a7, rt_sigreturn; ecall: what a signal handler returns to. */
const SIGRETURN = 0x0000_0073_08b0_0893;
/** From sp in a signal handler's frame to the saved registers: siginfo (128 bytes), then 176 bytes into ucontext. */
const SIGNAL_REGISTERS = 128 + 176;
const LEAF: FrameRule = { register: SP, offset: 0, returnAddress: { kind: 'same' }, framePointer: { kind: 'same' } };

/** Where the task is, innermost frame first. A caller's place lies in its call instruction. */
export function callStack(
  kernel: Kernel,
  task: Task,
  mm: Mm,
  images: Images,
  context: MachineContext,
): readonly Place[] {
  const places: Place[] = [];
  let at = context;
  // An interrupted instruction is looked up itself; a return address lies behind the call. No call led to sigreturn.
  let isExact = true;
  while (places.length < MAX_FRAMES) {
    const isSigreturn = peekWord(kernel, mm, at.pc) === SIGRETURN;
    const place = images.locate(task, mm, isExact || isSigreturn ? at.pc : at.pc - 1);
    if (place === undefined) break;
    places.push(place);
    if (isSigreturn) {
      at = interruptedContext(kernel, mm, at.sp);
      isExact = true;
      continue;
    }
    const caller = callerOf(kernel, mm, place, at, isExact);
    if (caller === undefined) break;
    at = caller;
    isExact = false;
  }
  return places;
}

function callerOf(
  kernel: Kernel,
  mm: Mm,
  place: Place,
  at: MachineContext,
  mayBeLeaf: boolean,
): MachineContext | undefined {
  const rule = place.image.ruleAt(place.address) ?? (mayBeLeaf ? LEAF : undefined);
  if (rule === undefined) return undefined;
  const base = rule.register === SP ? at.sp : rule.register === S0 ? at.s0 : NaN;
  const frame = base + rule.offset;
  const load = (saved: SavedAt, current: number): number => {
    if (saved.kind === 'same') return current;
    return saved.kind === 'frame' ? peekWord(kernel, mm, frame + saved.offset) : NaN;
  };
  const pc = load(rule.returnAddress, at.ra);
  // Only an innermost function may have made no frame; whoever called has saved its own return address.
  const advances = frame > at.sp || (mayBeLeaf && frame === at.sp);
  if (!advances || !(pc > 0)) return undefined;
  return { pc, ra: pc, sp: frame, s0: load(rule.framePointer, at.s0) };
}

function interruptedContext(kernel: Kernel, mm: Mm, sp: number): MachineContext {
  const register = (index: number): number => peekWord(kernel, mm, sp + SIGNAL_REGISTERS + 8 * index);
  return { pc: register(0), ra: register(1), sp: register(SP), s0: register(S0) };
}
