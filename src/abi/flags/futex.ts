/**
 * Operations of futex(2) and its newer kin, robust lists, rseq(2) and membarrier(2).
 *
 * Interface: FUTEX, FUTEX_WORD, FUTEX_WAKE_OP, FUTEX_WAKE_CMP, FUTEX2, RSEQ, MEMBARRIER, MEMBARRIER_FLAGS. Values: linux/futex.h, linux/rseq.h, linux/membarrier.h.
 */

import { flagSet } from '../flag-set.ts';

export const FUTEX = flagSet(
  'futex',
  {
    FUTEX_WAIT: 0,
    FUTEX_WAKE: 1,
    FUTEX_FD: 2,
    FUTEX_REQUEUE: 3,
    FUTEX_CMP_REQUEUE: 4,
    FUTEX_WAKE_OP: 5,
    FUTEX_LOCK_PI: 6,
    FUTEX_UNLOCK_PI: 7,
    FUTEX_TRYLOCK_PI: 8,
    FUTEX_WAIT_BITSET: 9,
    FUTEX_WAKE_BITSET: 10,
    FUTEX_WAIT_REQUEUE_PI: 11,
    FUTEX_CMP_REQUEUE_PI: 12,
    FUTEX_LOCK_PI2: 13,
    FUTEX_PRIVATE_FLAG: 128,
    FUTEX_CLOCK_REALTIME: 256,
  },
  {
    kind: 'enum',
    mask: 0xfffffe7f,
    unsupported: [
      'FUTEX_LOCK_PI',
      'FUTEX_UNLOCK_PI',
      'FUTEX_TRYLOCK_PI',
      'FUTEX_WAIT_REQUEUE_PI',
      'FUTEX_CMP_REQUEUE_PI',
      'FUTEX_LOCK_PI2',
    ],
  },
);

export const FUTEX_WORD = flagSet(
  'futex-word',
  {
    FUTEX_WAITERS: 0x80000000,
    FUTEX_OWNER_DIED: 0x40000000,
    FUTEX_TID_MASK: 0x3fffffff,
  },
  { unsupported: [] },
);

export const FUTEX_WAKE_OP = flagSet(
  'futex-wake-op',
  {
    FUTEX_OP_SET: 0,
    FUTEX_OP_ADD: 1,
    FUTEX_OP_OR: 2,
    FUTEX_OP_ANDN: 3,
    FUTEX_OP_XOR: 4,
    FUTEX_OP_OPARG_SHIFT: 8,
  },
  { kind: 'enum', unsupported: [] },
);

export const FUTEX_WAKE_CMP = flagSet(
  'futex-wake-cmp',
  {
    FUTEX_OP_CMP_EQ: 0,
    FUTEX_OP_CMP_NE: 1,
    FUTEX_OP_CMP_LT: 2,
    FUTEX_OP_CMP_LE: 3,
    FUTEX_OP_CMP_GT: 4,
    FUTEX_OP_CMP_GE: 5,
  },
  { kind: 'enum', unsupported: [] },
);

export const FUTEX2 = flagSet(
  'futex2',
  {
    FUTEX2_SIZE_U8: 0,
    FUTEX2_SIZE_U16: 1,
    FUTEX2_SIZE_U32: 2,
    FUTEX2_SIZE_U64: 3,
    FUTEX2_NUMA: 4,
    FUTEX2_MPOL: 0x8,
    FUTEX2_PRIVATE: 0x80,
  },
  { mask: 3, unsupported: [] },
);

export const RSEQ = flagSet(
  'rseq',
  {
    RSEQ_FLAG_UNREGISTER: 1,
  },
  { unsupported: [] },
);

export const MEMBARRIER = flagSet(
  'membarrier',
  {
    MEMBARRIER_CMD_QUERY: 0,
    MEMBARRIER_CMD_GLOBAL: 1,
    MEMBARRIER_CMD_GLOBAL_EXPEDITED: 2,
    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED: 4,
    MEMBARRIER_CMD_PRIVATE_EXPEDITED: 8,
    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: 16,
    MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE: 32,
    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: 64,
    MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ: 128,
    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ: 256,
    MEMBARRIER_CMD_GET_REGISTRATIONS: 512,
  },
  { kind: 'enum', unsupported: [] },
);

export const MEMBARRIER_FLAGS = flagSet(
  'membarrier-flags',
  {
    MEMBARRIER_CMD_FLAG_CPU: 1,
  },
  { unsupported: [] },
);
