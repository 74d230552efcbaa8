/** Numbers of the scheduling policies as programs know them. Interface: POLICY_NUMBERS. See sched(7). */
import { SCHED_POLICY } from '../../abi/flags/sched.ts';
import type { SchedState } from '../task/types.ts';

const { SCHED_NORMAL, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE } = SCHED_POLICY.values;

export const POLICY_NUMBERS: Readonly<Record<SchedState['policy'], number>> = {
  other: SCHED_NORMAL,
  fifo: SCHED_FIFO,
  rr: SCHED_RR,
  batch: SCHED_BATCH,
  idle: SCHED_IDLE,
  deadline: SCHED_DEADLINE,
};
