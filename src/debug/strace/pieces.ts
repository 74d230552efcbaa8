/**
 * The argument list of a call in parts: its own printer's, or as its row has it. Interface: piecesOf, endsAtExit.
 */
import type { SyscallName } from '../../abi/syscalls.ts';
import { argumentPiece } from './arguments.ts';
import type { Call, Piece } from './call.ts';
import { SPECIAL_CALLS } from './special-calls.ts';

/** The parts of a call's argument list, in order. */
export function piecesOf(call: Call): readonly Piece[] {
  const special = SPECIAL_CALLS[call.syscall.name as SyscallName];
  return special?.pieces?.(call) ?? call.syscall.row.args.map((arg) => argumentPiece(call, arg.name));
}

/** Whether strace takes the call for complete only once it has returned. */
export function endsAtExit(call: Call): boolean {
  return SPECIAL_CALLS[call.syscall.name as SyscallName]?.endsAtExit === true;
}
