/**
 * Restartable sequences: a critical section that was preempted or interrupted by a signal goes to its abort handler. See rseq(2) and
 * linux/rseq.h.
 *
 * Interface: registerRseq, unregisterRseq, abortRseq.
 * There is one hart, so cpu_id, node_id and mm_cid are always 0 and are written at registration.
 */
import { instructionPointer, setInstructionPointer } from '../arch/arch.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, getUser64, putUser32, putUser64 } from '../mm/uaccess.ts';
import type { Task } from './types.ts';

/** Offsets in struct rseq. */
const CPU_ID_START = 0;
const CPU_ID = 4;
const CRITICAL_SECTION = 8;
const NODE_ID = 20;
const MM_CID = 24;
const UNINITIALIZED = 0xffff_ffff;

/** Offsets in struct rseq_cs. */
const CS_VERSION = 0;
const CS_START = 8;
const CS_LENGTH = 16;
const CS_ABORT = 24;

export function registerRseq(kernel: Kernel, task: Task, address: number, length: number, signature: number) {
  if (putIds(kernel, task, address, 0) !== 0) return 'EFAULT';
  task.rseq = { address, length, signature };
  return 0;
}

export function unregisterRseq(kernel: Kernel, task: Task): 0 | 'EFAULT' {
  if (putIds(kernel, task, task.rseq!.address, UNINITIALIZED) !== 0) return 'EFAULT';
  task.rseq = null;
  return 0;
}

/**
 * To be called when a task that has an area was preempted or is about to run a signal handler: a critical section under way is
 * left for its abort handler. False: the area is broken, which Linux answers with SIGSEGV.
 */
export function abortRseq(kernel: Kernel, task: Task): boolean {
  const { address, signature } = task.rseq!;
  const section = getUser64(kernel, task, address + CRITICAL_SECTION);
  if (typeof section === 'string') return false;
  if (section === 0) return true;
  const version = getUser32(kernel, task, section + CS_VERSION);
  const start = getUser64(kernel, task, section + CS_START);
  const length = getUser64(kernel, task, section + CS_LENGTH);
  const abort = getUser64(kernel, task, section + CS_ABORT);
  if (
    typeof version === 'string' ||
    typeof start === 'string' ||
    typeof length === 'string' ||
    typeof abort === 'string'
  )
    return false;
  if (version !== 0 || (abort >= start && abort < start + length)) return false;
  if (putUser64(kernel, task, address + CRITICAL_SECTION, 0) !== 0) return false;
  const pc = instructionPointer(kernel, task);
  if (pc < start || pc >= start + length) return true;
  if (getUser32(kernel, task, abort - 4) !== signature) return false;
  setInstructionPointer(kernel, task, abort);
  return true;
}

function putIds(kernel: Kernel, task: Task, address: number, cpu: number): 0 | 'EFAULT' {
  const values: readonly (readonly [offset: number, value: number])[] = [
    [CPU_ID_START, 0],
    [CPU_ID, cpu],
    [NODE_ID, 0],
    [MM_CID, 0],
  ];
  for (const [offset, value] of values) if (putUser32(kernel, task, address + offset, value) !== 0) return 'EFAULT';
  return 0;
}
