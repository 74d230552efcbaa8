/**
 * Generated functions that cross between a kernel and user mode, as its entry and exit code does: one call from TypeScript does what
 * would be many accesses to memory.
 *
 * Interface: defineCrossing, LOAD, FRAME, VIEW_BITS. Exports `cross(frame, load)` -> exit reason, and `enterUser(frame)`.
 * cross() loads registers from a frame, enters user mode at its pc as sret does, and runs. Where that ends at an ecall in U mode which
 * goes to S mode at the native vector, it takes the trap, as traps.ts would, and completes the frame. With LOAD.nothing it
 * only runs; with frame 0 it is run().
 *
 * It enters user mode as long as nothing else is to be seen to first: while VIEW_BITS of mstatus are those of the hart state's
 * `userView`, which say that the hart's contexts are those of user mode and no interrupt is due, and `entries` are left. Otherwise it has
 * done nothing and gives UNREADY.
 */
import type { FuncRef } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { EXIT, MOVED } from '../interpreter/exits.ts';
import { NO_TIME } from '../interpreter/time.ts';
import { HART, type Layout } from '../layout.ts';
import { csrWord, MODE_WORD, type CsrName } from './csr-table.ts';
import { CAUSE, MSTATUS, PRV } from './privileged.ts';
import { INSN } from './system.ts';
import { emitReturn, emitTrap } from './trap-entry.ts';

/** Which registers are loaded from the frame first. a0: the others are in the hart as in the frame. Nothing: pc neither, and no sret. */
export const LOAD = { nothing: 0, a0: 1, all: 2 } as const;
export type Load = (typeof LOAD)[keyof typeof LOAD];

const A0 = 10;
const ECALL_BYTES = 4;

/** Byte offsets in a frame. */
export const FRAME = {
  /** After an ecall it is the address behind it. */
  pc: 0,
  /** x[i] is at 8 * i, from x1. */
  x: 0,
  /** a0 as it was at the last ecall. */
  originalA0: 280,
} as const;

/** What of mstatus decides, with the mode, which contexts the hart uses. */
export const VIEW_BITS = MSTATUS.MPRV | MSTATUS.SUM | MSTATUS.MXR | MSTATUS.MPP | MSTATUS.FS;

interface Parts {
  /** Runs translated code, if there is any (jump-cache.ts). */
  readonly enter: FuncRef;
  readonly run: FuncRef;
  readonly saveRegisters: FuncRef;
  readonly loadRegisters: FuncRef;
}

export function defineCrossing(
  module: ModuleBuilder,
  layout: Layout,
  { enter, run, saveRegisters, loadRegisters }: Parts,
): void {
  const enterUser = defineEnterUser(module, layout);
  const { hart } = layout;
  const csr = (name: CsrName): number => hart + csrWord(name) * 4;
  const status = csr('mstatus');
  module.function(
    'cross',
    ['i32', 'i32'],
    ['i32'],
    (code, frame, load) => {
      const exit = code.local('i32');
      code
        .i32(0)
        .i32(NO_TIME)
        .mem('i32.store', hart + HART.timeBudget);
      code.get(load).if(() => {
        code.i32(0).mem('i32.load', hart + HART.userView);
        code.i32(0).mem('i32.load', status).i32(VIEW_BITS).op('i32.and', 'i32.ne');
        code
          .i32(0)
          .mem('i32.load', hart + HART.entries)
          .tee(exit)
          .op('i32.eqz', 'i32.or');
        code.if(() => code.i32(EXIT.unready).op('return'));
        code
          .i32(0)
          .get(exit)
          .i32(1)
          .op('i32.sub')
          .mem('i32.store', hart + HART.entries);
        code
          .get(load)
          .i32(LOAD.all)
          .op('i32.eq')
          .if(() => code.get(frame).call(loadRegisters));
        code
          .i32(0)
          .get(frame)
          .mem('i64.load', 8 * A0)
          .mem('i64.store', hart + HART.x + 8 * A0);
        code.get(frame).call(enterUser);
      });
      code
        .i32(0)
        .i32(0)
        .mem('i64.load', hart + HART.pc)
        .call(enter)
        .tee(exit);
      code.i32(MOVED).op('i32.le_u');
      code.if(() => code.call(run).set(exit));
      code.block((asItIs) => {
        code.get(frame).op('i32.eqz').brIf(asItIs);
        code.get(exit).i32(EXIT.system).op('i32.ne').brIf(asItIs);
        code
          .i32(0)
          .mem('i32.load', hart + HART.instruction)
          .i32(INSN.ECALL)
          .op('i32.ne')
          .brIf(asItIs);
        code
          .i32(0)
          .mem('i32.load', hart + MODE_WORD * 4)
          .i32(PRV.U)
          .op('i32.ne')
          .brIf(asItIs);
        code
          .i32(0)
          .mem('i32.load', csr('medeleg'))
          .i32(1 << CAUSE.ECALL_U)
          .op('i32.and')
          .op('i32.eqz')
          .brIf(asItIs);
        code.i32(0).mem('i64.load', csr('stvec')).i64(~3n).op('i64.and');
        code
          .i32(0)
          .mem('i64.load', hart + HART.nativeVector)
          .op('i64.ne')
          .brIf(asItIs);
        code
          .get(frame)
          .i32(0)
          .mem('i64.load', hart + HART.pc)
          .i64(ECALL_BYTES)
          .op('i64.add')
          .mem('i64.store', FRAME.pc);
        emitTrap(code, layout, 'S', {
          pushCause: () => code.i64(CAUSE.ECALL_U),
          pushTval: () => code.i64(0),
          isFromUser: true,
        });
        code.get(frame).call(saveRegisters);
        code
          .get(frame)
          .i32(0)
          .mem('i64.load', hart + HART.x + 8 * A0)
          .mem('i64.store', FRAME.originalA0);
        code.i32(EXIT.ecall).op('return');
      });
      code.get(exit);
    },
    'cross',
  );
}

/** As sret, to the pc of a frame. */
function defineEnterUser(module: ModuleBuilder, layout: Layout): FuncRef {
  return module.function(
    'enterUser',
    ['i32'],
    [],
    (code, frame) => {
      const sepc = layout.hart + csrWord('sepc') * 4;
      code.i32(0).get(frame).mem('i64.load', FRAME.pc).i64(~1n).op('i64.and').mem('i64.store', sepc);
      emitReturn(code, layout, 'S', true);
    },
    'enterUser',
  );
}
