/**
 * What stands behind the equals sign. Interface: resultText.
 */
import { errnoMessage, isRestart, type Errno, type Restart } from '../../abi/errno.ts';
import type { ReturnKind } from '../../abi/args.ts';
import type { SyscallName } from '../../abi/syscalls.ts';
import type { Call } from './call.ts';
import { SPECIAL_CALLS } from './special-calls.ts';
import { hexOrZero, octal } from './text.ts';

const RESTARTS: Readonly<Record<Restart, string>> = {
  ERESTARTSYS: 'To be restarted if SA_RESTART is set',
  ERESTARTNOINTR: 'To be restarted',
  ERESTARTNOHAND: 'To be restarted if no handler',
  ERESTART_RESTARTBLOCK: 'Interrupted by signal',
};

export function resultText(call: Call): string {
  if (call.error !== null) {
    if (isRestart(call.error as Restart)) return `? ${call.error} (${RESTARTS[call.error as Restart]})`;
    return `-1 ${call.error} (${errnoMessage(call.error as Errno)})`;
  }
  if (call.result === null) return '?';
  const { name, row } = call.syscall;
  return SPECIAL_CALLS[name as SyscallName]?.result?.(call) ?? plainResult(row.returns, call.result);
}

function plainResult(kind: ReturnKind, value: bigint): string {
  if (kind === 'address') return BigInt.asUintN(64, value) === 0n ? '0' : hexOrZero(value);
  if (kind === 'mode') return octal(Number(value));
  if (kind === 'flags') return hexOrZero(value);
  return String(value);
}
