/** Calls on signals. Interface: signalCalls. */
import { argumentPiece } from './arguments.ts';
import { atEntry, atExit, type Call, type Piece } from './call.ts';
import type { SpecialCalls } from './call.ts';
import { structText } from './structs.ts';
import { pointer, signalOf } from './text.ts';

/** waitid writes its siginfo only where it found a child. */
function waitid(call: Call): Piece[] {
  return [
    argumentPiece(call, 'which'),
    argumentPiece(call, 'upid'),
    atExit((now) => (now.error === null ? structText(now, now.args[2]!, 'siginfo') : pointer(now.args[2]!))),
    atExit((now) => argumentPiece(now, 'options').text(now)),
    atExit((now) => (now.error === null ? structText(now, now.args[4]!, 'rusage') : pointer(now.args[4]!))),
  ];
}

/** The wait's timeout is shown with what came. */
function sigtimedwait(call: Call): Piece[] {
  const [set, , , size] = call.syscall.row.args;
  return [
    argumentPiece(call, set!.name),
    atExit((now) => (now.error === null ? structText(now, now.args[1]!, 'siginfo') : pointer(now.args[1]!))),
    atEntry((now) => structText(now, now.args[2]!, 'timespec')),
    argumentPiece(call, size!.name),
  ];
}

export const signalCalls: SpecialCalls = {
  waitid: { pieces: waitid },
  rt_sigtimedwait: {
    pieces: sigtimedwait,
    result: (call) => `${call.result} (${signalOf(Number(call.result))})`,
  },
};
