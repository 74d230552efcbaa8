/**
 * System calls by which thread libraries tell the kernel where their records are, and memory barriers.
 * See get_robust_list(2), rseq(2), membarrier(2).
 *
 * Interface: threadCalls.
 */
import { CAPABILITY } from '../../abi/flags/capability.ts';
import { MEMBARRIER, MEMBARRIER_FLAGS, RSEQ } from '../../abi/flags/futex.ts';
import { mmOf } from '../mm/mm.ts';
import { accessOk, putUser64 } from '../mm/uaccess.ts';
import { capable } from '../task/cred.ts';
import { registerRseq, unregisterRseq } from '../task/rseq.ts';
import { taskOf } from '../task/task.ts';
import type { Handlers } from './handlers.ts';

const ROBUST_LIST_HEAD_BYTES = 24;
const RSEQ_BYTES = 32;
const RSEQ_END = 28;
const { RSEQ_FLAG_UNREGISTER } = RSEQ.values;
const {
  MEMBARRIER_CMD_QUERY,
  MEMBARRIER_CMD_GLOBAL,
  MEMBARRIER_CMD_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ,
  MEMBARRIER_CMD_GET_REGISTRATIONS,
} = MEMBARRIER.values;

/** Command -> the registration that it needs. */
const NEEDED: ReadonlyMap<number, number> = new Map([
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED],
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE],
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ],
]);
const REGISTRATIONS =
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
const ALL_COMMANDS =
  REGISTRATIONS |
  MEMBARRIER_CMD_GLOBAL |
  MEMBARRIER_CMD_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ |
  MEMBARRIER_CMD_GET_REGISTRATIONS;

export const threadCalls = {
  set_robust_list(_kernel, task, head, length) {
    if (length !== ROBUST_LIST_HEAD_BYTES) return 'EINVAL';
    task.robustListHead = head;
    task.robustListLength = length;
    return 0;
  },

  get_robust_list(kernel, task, pid, headAddress, lengthAddress) {
    const target = pid === 0 ? task : taskOf(kernel, pid);
    if (target === undefined) return 'ESRCH';
    const isOwn = target.tgid === task.tgid || target.cred.uid === task.cred.euid;
    if (!isOwn && !capable(task.cred, CAPABILITY.values.CAP_SYS_PTRACE)) return 'EPERM';
    const put = putUser64(kernel, task, lengthAddress, ROBUST_LIST_HEAD_BYTES);
    return put === 0 ? putUser64(kernel, task, headAddress, target.robustListHead) : put;
  },

  rseq(kernel, task, address, length, flags, signature) {
    const { rseq } = task;
    if ((flags & RSEQ_FLAG_UNREGISTER) !== 0) {
      if (flags !== RSEQ_FLAG_UNREGISTER || rseq === null) return 'EINVAL';
      if (rseq.address !== address || rseq.length !== length) return 'EINVAL';
      return rseq.signature === signature ? unregisterRseq(kernel, task) : 'EPERM';
    }
    if (flags !== 0) return 'EINVAL';
    if (rseq !== null) {
      if (rseq.address !== address || rseq.length !== length) return 'EINVAL';
      return rseq.signature === signature ? 'EBUSY' : 'EPERM';
    }
    if (length < RSEQ_END || (length < RSEQ_BYTES && length !== RSEQ_END) || address % RSEQ_BYTES !== 0)
      return 'EINVAL';
    if (!accessOk(mmOf(kernel, task), address, length)) return 'EFAULT';
    return registerRseq(kernel, task, address, length, signature);
  },

  // One hart runs one thread at a time and sees all stores in order: there is nothing to do but to keep the books.
  membarrier(kernel, task, command, flags) {
    const mm = mmOf(kernel, task);
    const withCpu =
      command === MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ ? MEMBARRIER_FLAGS.values.MEMBARRIER_CMD_FLAG_CPU : 0;
    if ((flags & ~withCpu) !== 0) return 'EINVAL';
    if (command === MEMBARRIER_CMD_QUERY) return ALL_COMMANDS;
    if (command === MEMBARRIER_CMD_GET_REGISTRATIONS) return mm.membarrier;
    if (command === MEMBARRIER_CMD_GLOBAL || command === MEMBARRIER_CMD_GLOBAL_EXPEDITED) return 0;
    const needed = NEEDED.get(command);
    if (needed !== undefined) return (mm.membarrier & needed) === 0 ? 'EPERM' : 0;
    if ((command & REGISTRATIONS) === 0 || (command & (command - 1)) !== 0) return 'EINVAL';
    mm.membarrier |= command;
    return 0;
  },
} satisfies Handlers;
