/**
 * futex(2) and futex_waitv(2). Interface: futexCalls.
 * Priority inheritance is not there: those operations give ENOSYS, as on a kernel built without it.
 */
import { FUTEX, FUTEX2, FUTEX_WAKE_CMP, FUTEX_WAKE_OP } from '../../abi/flags/futex.ts';
import { ANY_BIT, beginFutexWait, endFutexWait, futexKey, futexRequeue, futexWake } from '../ipc/futex.ts';
import type { Kernel } from '../kernel.ts';
import { mmOf } from '../mm/mm.ts';
import { getUser32, getUser64, putUser32 } from '../mm/uaccess.ts';
import { waitOn } from '../result.ts';
import type { Task } from '../task/types.ts';
import { clockDeadline, isKnownClock } from '../time/clocks.ts';
import { readTimespec } from '../time/duration.ts';
import { nowNs } from '../time/timers.ts';
import type { Handlers, SyscallResult } from './handlers.ts';

const F = FUTEX.values;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const MAX_WAITV = 128;
const WAITV_BYTES = 24;

function futex(
  kernel: Kernel,
  task: Task,
  uaddr: number,
  op: number,
  val: number,
  timeout: number,
  uaddr2: number,
  val3: number,
): SyscallResult {
  const isPrivate = (op & F.FUTEX_PRIVATE_FLAG) !== 0;
  const clock = (op & F.FUTEX_CLOCK_REALTIME) !== 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  const command = op & ~(F.FUTEX_PRIVATE_FLAG | F.FUTEX_CLOCK_REALTIME);
  // Linux since 5.13: a relative wait (FUTEX_WAIT) has no clock either.
  if (clock === CLOCK_REALTIME && command !== F.FUTEX_WAIT_BITSET) return 'ENOSYS';
  switch (command) {
    case F.FUTEX_WAIT:
      return wait(kernel, task, { uaddr, isPrivate, val, bitset: ANY_BIT, timeout, isAbsolute: false, clock });
    case F.FUTEX_WAIT_BITSET:
      if (val3 === 0) return 'EINVAL';
      return wait(kernel, task, { uaddr, isPrivate, val, bitset: val3, timeout, isAbsolute: true, clock });
    case F.FUTEX_WAKE:
      return wake(kernel, task, uaddr, isPrivate, val, ANY_BIT);
    case F.FUTEX_WAKE_BITSET:
      return val3 === 0 ? 'EINVAL' : wake(kernel, task, uaddr, isPrivate, val, val3);
    case F.FUTEX_REQUEUE:
    case F.FUTEX_CMP_REQUEUE:
      // The timeout argument carries the number to move.
      return requeue(
        kernel,
        task,
        uaddr,
        uaddr2,
        isPrivate,
        val | 0,
        timeout | 0,
        command === F.FUTEX_CMP_REQUEUE ? val3 : undefined,
      );
    case F.FUTEX_WAKE_OP:
      return wakeOp(kernel, task, uaddr, uaddr2, isPrivate, val | 0, timeout | 0, val3);
    default:
      return 'ENOSYS';
  }
}

interface WaitArgs {
  readonly uaddr: number;
  readonly isPrivate: boolean;
  readonly val: number;
  readonly bitset: number;
  readonly timeout: number;
  readonly isAbsolute: boolean;
  readonly clock: number;
}

function wait(kernel: Kernel, task: Task, args: WaitArgs): SyscallResult {
  const progress = task.syscall.progress;
  if (task.futex !== null) {
    const outcome = stillWaiting(kernel, task);
    if (outcome !== undefined) return outcome >= 0 ? 0 : ended(kernel, task, args.timeout !== 0);
    return waitOn([], 'ERESTARTSYS', progress.deadlineNs);
  }
  if (Number.isNaN(progress.deadlineNs)) {
    const deadline = deadlineOf(kernel, task, args.timeout, args.clock, args.isAbsolute);
    if (typeof deadline === 'string') return deadline;
    progress.deadlineNs = deadline;
  }
  const key = futexKey(kernel, mmOf(kernel, task), args.uaddr, args.isPrivate);
  if (typeof key === 'string') return key;
  const word = getUser32(kernel, task, args.uaddr);
  if (typeof word === 'string') return word;
  if (word !== args.val >>> 0) return 'EAGAIN';
  if (nowNs(kernel) >= progress.deadlineNs) return 'ETIMEDOUT';
  beginFutexWait(kernel, task, [key.key], args.bitset);
  return waitOn([], 'ERESTARTSYS', progress.deadlineNs);
}

/** Entered again: undefined while neither woken, timed out nor interrupted; else the index of what was woken, or -1. */
function stillWaiting(kernel: Kernel, task: Task): number | undefined {
  if (task.futex!.woken >= 0) return endFutexWait(kernel, task);
  if (nowNs(kernel) < task.syscall.progress.deadlineNs && !task.signalPending) return undefined;
  endFutexWait(kernel, task);
  return -1;
}

function ended(kernel: Kernel, task: Task, hasTimeout: boolean): SyscallResult {
  if (nowNs(kernel) >= task.syscall.progress.deadlineNs) return 'ETIMEDOUT';
  return hasTimeout ? 'ERESTART_RESTARTBLOCK' : 'ERESTARTSYS';
}

function deadlineOf(
  kernel: Kernel,
  task: Task,
  timeout: number,
  clock: number,
  isAbsolute: boolean,
): number | 'EFAULT' | 'EINVAL' {
  if (timeout === 0) return Infinity;
  const time = readTimespec(kernel, task, timeout);
  return typeof time === 'string' ? time : clockDeadline(kernel, clock, time, isAbsolute);
}

function wake(
  kernel: Kernel,
  task: Task,
  uaddr: number,
  isPrivate: boolean,
  count: number,
  bitset: number,
): SyscallResult {
  const key = futexKey(kernel, mmOf(kernel, task), uaddr, isPrivate);
  // Linux wakes at least one, whatever the count.
  return typeof key === 'string' ? key : futexWake(kernel, key.key, Math.max(1, count | 0), bitset);
}

function requeue(
  kernel: Kernel,
  task: Task,
  from: number,
  to: number,
  isPrivate: boolean,
  wakeCount: number,
  moveCount: number,
  expected: number | undefined,
): SyscallResult {
  if (wakeCount < 0 || moveCount < 0) return 'EINVAL';
  const mm = mmOf(kernel, task);
  const source = futexKey(kernel, mm, from, isPrivate);
  if (typeof source === 'string') return source;
  const target = futexKey(kernel, mm, to, isPrivate);
  if (typeof target === 'string') return target;
  if (expected !== undefined) {
    const word = getUser32(kernel, task, from);
    if (typeof word === 'string') return word;
    if (word !== expected >>> 0) return 'EAGAIN';
  }
  const { woken, moved } = futexRequeue(kernel, source.key, target.key, wakeCount, moveCount);
  return expected === undefined ? woken : woken + moved;
}

function wakeOp(
  kernel: Kernel,
  task: Task,
  uaddr: number,
  uaddr2: number,
  isPrivate: boolean,
  count: number,
  count2: number,
  encoded: number,
): SyscallResult {
  const mm = mmOf(kernel, task);
  const first = futexKey(kernel, mm, uaddr, isPrivate);
  if (typeof first === 'string') return first;
  const second = futexKey(kernel, mm, uaddr2, isPrivate);
  if (typeof second === 'string') return second;
  const old = getUser32(kernel, task, uaddr2);
  if (typeof old === 'string') return old;
  const operation = (encoded >>> 28) & 7;
  const compare = (encoded >>> 24) & 15;
  let operand = (encoded << 8) >> 20;
  const compareOperand = (encoded << 20) >> 20;
  if (encoded >>> 31 !== 0) operand = 1 << (operand & 31);
  const next = applyOp(operation, old | 0, operand);
  const holds = compareWith(compare, old | 0, compareOperand);
  if (next === undefined || holds === undefined) return 'ENOSYS';
  if (putUser32(kernel, task, uaddr2, next >>> 0) !== 0) return 'EFAULT';
  let woken = futexWake(kernel, first.key, Math.max(1, count), ANY_BIT);
  if (holds) woken += futexWake(kernel, second.key, Math.max(1, count2), ANY_BIT);
  return woken;
}

function applyOp(operation: number, old: number, operand: number): number | undefined {
  const { FUTEX_OP_SET, FUTEX_OP_ADD, FUTEX_OP_OR, FUTEX_OP_ANDN, FUTEX_OP_XOR } = FUTEX_WAKE_OP.values;
  switch (operation) {
    case FUTEX_OP_SET:
      return operand;
    case FUTEX_OP_ADD:
      return (old + operand) | 0;
    case FUTEX_OP_OR:
      return old | operand;
    case FUTEX_OP_ANDN:
      return old & ~operand;
    case FUTEX_OP_XOR:
      return old ^ operand;
    default:
      return undefined;
  }
}

function compareWith(compare: number, old: number, operand: number): boolean | undefined {
  const { FUTEX_OP_CMP_EQ, FUTEX_OP_CMP_NE, FUTEX_OP_CMP_LT, FUTEX_OP_CMP_LE, FUTEX_OP_CMP_GT, FUTEX_OP_CMP_GE } =
    FUTEX_WAKE_CMP.values;
  switch (compare) {
    case FUTEX_OP_CMP_EQ:
      return old === operand;
    case FUTEX_OP_CMP_NE:
      return old !== operand;
    case FUTEX_OP_CMP_LT:
      return old < operand;
    case FUTEX_OP_CMP_LE:
      return old <= operand;
    case FUTEX_OP_CMP_GT:
      return old > operand;
    case FUTEX_OP_CMP_GE:
      return old >= operand;
    default:
      return undefined;
  }
}

function futexWaitv(
  kernel: Kernel,
  task: Task,
  waiters: number,
  count: number,
  flags: number,
  timeout: number,
  clock: number,
): SyscallResult {
  const progress = task.syscall.progress;
  if (task.futex !== null) {
    const outcome = stillWaiting(kernel, task);
    if (outcome !== undefined) return outcome >= 0 ? outcome : ended(kernel, task, false);
    return waitOn([], 'ERESTARTSYS', progress.deadlineNs);
  }
  if (flags !== 0 || count === 0 || count > MAX_WAITV || waiters === 0) return 'EINVAL';
  if (timeout !== 0 && clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC) return 'EINVAL';
  if (!isKnownClock(clock)) return 'EINVAL';
  const deadline = deadlineOf(kernel, task, timeout, clock, true);
  if (typeof deadline === 'string') return deadline;
  progress.deadlineNs = deadline;
  const keys = waitvKeys(kernel, task, waiters, count);
  if (typeof keys === 'string') return keys;
  if (nowNs(kernel) >= deadline) return 'ETIMEDOUT';
  beginFutexWait(kernel, task, keys, ANY_BIT);
  return waitOn([], 'ERESTARTSYS', deadline);
}

/** Reads struct futex_waitv { u64 val; u64 uaddr; u32 flags; u32 reserved } entries, checks all words, gives their keys. */
function waitvKeys(
  kernel: Kernel,
  task: Task,
  waiters: number,
  count: number,
): string[] | 'EFAULT' | 'EINVAL' | 'EAGAIN' {
  const { FUTEX2_SIZE_U32, FUTEX2_PRIVATE } = FUTEX2.values;
  const keys: string[] = [];
  let isStale = false;
  for (let i = 0; i < count; i++) {
    const at = waiters + i * WAITV_BYTES;
    const val = getUser64(kernel, task, at);
    const uaddr = getUser64(kernel, task, at + 8);
    const flags = getUser32(kernel, task, at + 16);
    const reserved = getUser32(kernel, task, at + 20);
    if (
      typeof val === 'string' ||
      typeof uaddr === 'string' ||
      typeof flags === 'string' ||
      typeof reserved === 'string'
    )
      return 'EFAULT';
    if (reserved !== 0 || (flags & ~FUTEX2_PRIVATE) !== FUTEX2_SIZE_U32) return 'EINVAL';
    const key = futexKey(kernel, mmOf(kernel, task), uaddr, (flags & FUTEX2_PRIVATE) !== 0);
    if (typeof key === 'string') return key;
    const word = getUser32(kernel, task, uaddr);
    if (typeof word === 'string') return word;
    isStale ||= word !== val;
    keys.push(key.key);
  }
  return isStale ? 'EAGAIN' : keys;
}

export const futexCalls = { futex, futex_waitv: futexWaitv } satisfies Handlers;
