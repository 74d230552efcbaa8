/** What a process does with signals, as masks. Interface: handledSignals. See signal(7). */
import { SIG_DFL, SIG_IGN } from '../../../../abi/signals.ts';
import type { Kernel } from '../../../kernel.ts';
import type { Task } from '../../../task/types.ts';

export interface HandledSignals {
  readonly ignored: bigint;
  readonly caught: bigint;
}

const NO_SIGNALS: HandledSignals = { ignored: 0n, caught: 0n };

export function handledSignals(kernel: Kernel, task: Task): HandledSignals {
  const actions = kernel.sighands.get(task.sighand)?.actions;
  if (actions === undefined) return NO_SIGNALS;
  let ignored = 0n;
  let caught = 0n;
  for (let signo = 1; signo < actions.length; signo++) {
    const action = actions[signo];
    if (action === undefined || action.handler === SIG_DFL) continue;
    if (action.handler === SIG_IGN) ignored |= 1n << BigInt(signo - 1);
    else caught |= 1n << BigInt(signo - 1);
  }
  return { ignored, caught };
}
