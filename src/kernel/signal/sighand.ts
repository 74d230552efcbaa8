/**
 * Tables of signal actions, shared by threads. Interface: createSighand, forkSighand, getSighand, putSighand, sighandOf,
 * resetHandlers, setDefault. See sigaction(2), clone(2).
 */
import { NSIG, SIG_DFL, SIG_IGN } from '../../abi/signals.ts';
import { nextId } from '../id.ts';
import type { SighandId } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/types.ts';
import type { SigAction, Sighand } from './types.ts';

const DEFAULT: SigAction = { handler: SIG_DFL, flags: 0, mask: 0n, restorer: 0 };
const IGNORE: SigAction = { ...DEFAULT, handler: SIG_IGN };

export function createSighand(kernel: Kernel): Sighand {
  return addTable(kernel, new Array<SigAction>(NSIG + 1).fill(DEFAULT));
}

export function sighandOf(kernel: Kernel, task: Task): Sighand {
  return kernel.sighands.get(task.sighand)!;
}

/** A copy of its own (fork). `clear` sets what is caught back to the default (CLONE_CLEAR_SIGHAND). */
export function forkSighand(kernel: Kernel, id: SighandId, clear = false): Sighand {
  const copy = addTable(kernel, kernel.sighands.get(id)!.actions.slice());
  if (clear) resetHandlers(copy);
  return copy;
}

export function getSighand(kernel: Kernel, id: SighandId): Sighand {
  const sighand = kernel.sighands.get(id)!;
  sighand.users++;
  return sighand;
}

export function putSighand(kernel: Kernel, id: SighandId): void {
  const sighand = kernel.sighands.get(id);
  if (sighand !== undefined && --sighand.users === 0) kernel.sighands.delete(id);
}

/** execve: what is caught goes back to the default, what is ignored stays ignored. The table must not be shared any more. */
export function resetHandlers(sighand: Sighand): void {
  const { actions } = sighand;
  for (let signo = 1; signo <= NSIG; signo++) actions[signo] = actions[signo]!.handler === SIG_IGN ? IGNORE : DEFAULT;
}

/** Sets one signal back to its default, as SA_RESETHAND does: flags and mask stay. */
export function setDefault(sighand: Sighand, signo: number): void {
  sighand.actions[signo] = { ...sighand.actions[signo]!, handler: SIG_DFL };
}

function addTable(kernel: Kernel, actions: SigAction[]): Sighand {
  const sighand: Sighand = { id: nextId(kernel), users: 1, actions };
  kernel.sighands.set(sighand.id, sighand);
  return sighand;
}
