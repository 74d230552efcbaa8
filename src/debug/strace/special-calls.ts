/**
 * Calls whose line says more, or less, than their row does. Interface: SPECIAL_CALLS, SpecialCall.
 */
import type { SyscallName } from '../../abi/syscalls.ts';
import type { Call, Piece } from './call.ts';
import { descriptorCalls } from './descriptor-calls.ts';
import { fileCalls } from './file-calls.ts';
import { processCalls } from './process-calls.ts';
import { signalCalls } from './signal-calls.ts';

export interface SpecialCall {
  /** The argument list; undefined: as the row has it. */
  readonly pieces?: (call: Call) => readonly Piece[] | undefined;
  /** What is shown of a successful result; undefined: as the row has it. */
  readonly result?: (call: Call) => string | undefined;
}

export type SpecialCalls = Readonly<Partial<Record<SyscallName, SpecialCall>>>;

export const SPECIAL_CALLS: SpecialCalls = { ...fileCalls, ...descriptorCalls, ...processCalls, ...signalCalls };
