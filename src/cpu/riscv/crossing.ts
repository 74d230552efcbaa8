/**
 * Generated functions that cross between a kernel and user mode, as its entry and exit code does: one call from TypeScript does what
 * would be many accesses to memory.
 *
 * Interface: defineCrossing, LOAD. Exports `cross(frame, load)` -> exit reason, and `enterUser(frame)`.
 * A frame holds pc, then x1..x31 (x[i] at 8 * i). cross() loads registers from it, enters user mode at its pc as sret does, and runs.
 * Where that ends at an ecall in U mode which goes to S mode, it takes the trap, as Traps.exception (traps.ts), and saves pc and
 * registers. With LOAD.nothing it only runs; with frame 0 it is run().
 */
import type { CodeEmitter, FuncRef } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { EXIT } from '../interpreter/exits.ts';
import { HART, type Layout } from '../layout.ts';
import { csrWord, MODE_WORD, type CsrName } from './csr-table.ts';
import { CAUSE, MSTATUS, PRV } from './privileged.ts';
import { INSN } from './system.ts';

/** Which registers are loaded from the frame first. a0: the others are in the hart as in the frame. Nothing: pc neither, and no sret. */
export const LOAD = { nothing: 0, a0: 1, all: 2 } as const;
export type Load = (typeof LOAD)[keyof typeof LOAD];

const A0 = 10;

interface Parts {
  readonly run: FuncRef;
  readonly saveRegisters: FuncRef;
  readonly loadRegisters: FuncRef;
}

export function defineCrossing(
  module: ModuleBuilder,
  layout: Layout,
  { run, saveRegisters, loadRegisters }: Parts,
): void {
  const enterUser = defineEnterUser(module, layout);
  const { hart } = layout;
  const csr = (name: CsrName): number => hart + csrWord(name) * 4;
  const status = csr('mstatus');
  const copy64 = (code: CodeEmitter, to: number, from: number): void =>
    void code.i32(0).i32(0).mem('i64.load', from).mem('i64.store', to);
  const store64 = (code: CodeEmitter, to: number, value: bigint): void =>
    void code.i32(0).i64(value).mem('i64.store', to);
  module.function(
    'cross',
    ['i32', 'i32'],
    ['i32'],
    (code, frame, load) => {
      const exit = code.local('i32');
      code.get(load).if(() => {
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
      code.call(run).set(exit);
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
        // SPIE = SIE, SIE = 0, SPP = U.
        code.i32(0);
        code
          .i32(0)
          .mem('i32.load', status)
          .i32(~(MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP))
          .op('i32.and');
        code.i32(0).mem('i32.load', status).i32(MSTATUS.SIE).op('i32.and');
        code
          .i32(Math.log2(MSTATUS.SPIE / MSTATUS.SIE))
          .op('i32.shl')
          .op('i32.or');
        code.mem('i32.store', status);
        copy64(code, csr('sepc'), hart + HART.pc);
        store64(code, csr('scause'), BigInt(CAUSE.ECALL_U));
        store64(code, csr('stval'), 0n);
        code
          .i32(0)
          .i32(PRV.S)
          .mem('i32.store', hart + MODE_WORD * 4);
        code
          .i32(0)
          .i32(0)
          .mem('i64.load', csr('stvec'))
          .i64(~3n)
          .op('i64.and')
          .mem('i64.store', hart + HART.pc);
        code.get(frame).i32(0).mem('i64.load', csr('sepc')).mem('i64.store', 0);
        code.get(frame).call(saveRegisters);
        code.i32(EXIT.ecall).op('return');
      });
      code.get(exit);
    },
    'cross',
  );
}

/** sret to U mode: SIE = SPIE, SPIE = 1, SPP = U, pc = sepc, no reservation. */
function defineEnterUser(module: ModuleBuilder, layout: Layout): FuncRef {
  const { hart } = layout;
  const status = hart + csrWord('mstatus') * 4;
  const sepc = hart + csrWord('sepc') * 4;
  return module.function(
    'enterUser',
    ['i32'],
    [],
    (code, frame) => {
      code.i32(0);
      code
        .i32(0)
        .mem('i32.load', status)
        .i32(~(MSTATUS.SIE | MSTATUS.SPP | MSTATUS.MPRV))
        .op('i32.and');
      code.i32(0).mem('i32.load', status).i32(MSTATUS.SPIE).op('i32.and');
      code
        .i32(Math.log2(MSTATUS.SPIE / MSTATUS.SIE))
        .op('i32.shr_u')
        .op('i32.or');
      code.i32(MSTATUS.SPIE).op('i32.or').mem('i32.store', status);
      code.i32(0).get(frame).mem('i64.load', 0).i64(~1n).op('i64.and').mem('i64.store', sepc);
      code
        .i32(0)
        .i32(0)
        .mem('i64.load', sepc)
        .mem('i64.store', hart + HART.pc);
      code
        .i32(0)
        .i32(PRV.U)
        .mem('i32.store', hart + MODE_WORD * 4);
      code
        .i32(0)
        .i64(-1n)
        .mem('i64.store', hart + HART.reservation);
    },
    'enterUser',
  );
}
