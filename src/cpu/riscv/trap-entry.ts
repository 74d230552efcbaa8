/**
 * What a trap does to the hart and what the return from one undoes, as generated code: the mstatus stack, the mode, epc, cause, tval and
 * the vector. Privileged Architecture, "Machine-Level ISA" and "Supervisor-Level ISA". Which traps there are, and where they go, is
 * decided in traps.ts; crossing.ts has the same code in the way of an ecall.
 *
 * Interface: defineTrapEntries, trapEntriesOf, TrapEntries, TrapLevel, emitTrap, emitReturn.
 * Invariant: pc in the hart state is exact: of the instruction that traps, or of the next one to run.
 */
import type { CodeEmitter } from '../../wasm/code.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import type { WasmFunction } from '../wasm-port.ts';
import { HART, type Layout } from '../layout.ts';
import { csrWord, MODE_WORD, type CsrName } from './csr-table.ts';
import { MSTATUS, PRV } from './privileged.ts';

export interface TrapEntries {
  /** `causeHi` is BIT_63_HI for interrupts, else 0. */
  trapToSupervisor(cause: number, causeHi: number, tvalLo: number, tvalHi: number): void;
  trapToMachine(cause: number, causeHi: number, tvalLo: number, tvalHi: number): void;
  sret(): void;
  mret(): void;
}

interface Level {
  readonly mode: number;
  /** Fields of mstatus: interrupts on, what that was before, and the mode before. */
  readonly on: number;
  readonly previousOn: number;
  readonly previousMode: number;
  readonly epc: CsrName;
  readonly cause: CsrName;
  readonly tval: CsrName;
  readonly tvec: CsrName;
}

const LEVELS = {
  S: {
    mode: PRV.S,
    ...{ on: MSTATUS.SIE, previousOn: MSTATUS.SPIE, previousMode: MSTATUS.SPP },
    ...{ epc: 'sepc', cause: 'scause', tval: 'stval', tvec: 'stvec' },
  },
  M: {
    mode: PRV.M,
    ...{ on: MSTATUS.MIE, previousOn: MSTATUS.MPIE, previousMode: MSTATUS.MPP },
    ...{ epc: 'mepc', cause: 'mcause', tval: 'mtval', tvec: 'mtvec' },
  },
} as const satisfies Record<string, Level>;

export type TrapLevel = keyof typeof LEVELS;

interface Trap {
  /** These push an i64. */
  pushCause(): void;
  pushTval(): void;
  /** What is added to the base of the vector; nothing where it is absent. */
  pushOffset?(): void;
  /** It is known to come from user mode. */
  readonly isFromUser?: boolean;
}

const NOTHING_RESERVED = -1n;
/** The lowest bits of tvec are its mode: bit 0 set, interrupts go to base + 4 * cause. */
const TVEC_MODE = 3n;
const VECTORED = 1;

export function defineTrapEntries(module: ModuleBuilder, layout: Layout): void {
  const define = (name: string, level: TrapLevel): void =>
    void module.function(
      name,
      ['i32', 'i32', 'i32', 'i32'],
      [],
      (code, cause, causeHi, tvalLo, tvalHi) => {
        const pushHalves = (lo: typeof cause, hi: typeof cause): void =>
          void code.get(hi!).op('i64.extend_i32_u').i64(32).op('i64.shl').get(lo!).op('i64.extend_i32_u', 'i64.or');
        emitTrap(code, layout, level, {
          pushCause: () => pushHalves(cause, causeHi),
          pushTval: () => pushHalves(tvalLo, tvalHi),
          pushOffset: () => {
            code.i32(0).mem('i32.load', csrAt(layout, LEVELS[level].tvec)).i32(VECTORED).op('i32.and');
            code.get(causeHi!).i32(31).op('i32.shr_u', 'i32.and');
            code.get(cause!).i32(2).op('i32.shl', 'i32.mul', 'i64.extend_i32_u');
          },
        });
      },
      name,
    );
  define('trapToSupervisor', 'S');
  define('trapToMachine', 'M');
  module.function('sret', [], [], (code) => emitReturn(code, layout, 'S'), 'sret');
  module.function('mret', [], [], (code) => emitReturn(code, layout, 'M'), 'mret');
}

/** The functions among a module's exports. */
export function trapEntriesOf(exports: Record<string, WasmFunction>): TrapEntries {
  const { trapToSupervisor, trapToMachine, sret, mret } = exports as unknown as TrapEntries;
  return { trapToSupervisor, trapToMachine, sret, mret };
}

/** To the level's vector. */
export function emitTrap(
  code: CodeEmitter,
  layout: Layout,
  level: TrapLevel,
  { pushCause, pushTval, pushOffset, isFromUser }: Trap,
): void {
  const { mode, on, previousOn, previousMode, ...csrs } = LEVELS[level];
  const [pc, modeWord, mstatus] = [layout.hart + HART.pc, layout.hart + MODE_WORD * 4, csrAt(layout, 'mstatus')];
  const status = code.local('i32');
  code.i32(0).i32(0).mem('i32.load', mstatus).tee(status);
  code.i32(~(on | previousOn | previousMode)).op('i32.and');
  code
    .get(status)
    .i32(on)
    .op('i32.and')
    .i32(lowestBit(previousOn) - lowestBit(on))
    .op('i32.shl', 'i32.or');
  if (!isFromUser) code.i32(0).mem('i32.load', modeWord).i32(lowestBit(previousMode)).op('i32.shl', 'i32.or');
  code.mem('i32.store', mstatus);
  code.i32(0).i32(0).mem('i64.load', pc).mem('i64.store', csrAt(layout, csrs.epc));
  code.i32(0);
  pushCause();
  code.mem('i64.store', csrAt(layout, csrs.cause)).i32(0);
  pushTval();
  code.mem('i64.store', csrAt(layout, csrs.tval));
  code.i32(0).i32(mode).mem('i32.store', modeWord);
  code.i32(0).i32(0).mem('i64.load', csrAt(layout, csrs.tvec)).i64(~TVEC_MODE).op('i64.and');
  if (pushOffset) {
    pushOffset();
    code.op('i64.add');
  }
  code.mem('i64.store', pc);
}

/** To where the level's epc points, in the mode before, which may be known. Another task may come back than the one that was left, so that nothing is reserved. */
export function emitReturn(code: CodeEmitter, layout: Layout, level: TrapLevel, isToUser = false): void {
  const { on, previousOn, previousMode, epc } = LEVELS[level];
  const [pc, modeWord, mstatus] = [layout.hart + HART.pc, layout.hart + MODE_WORD * 4, csrAt(layout, 'mstatus')];
  const status = code.local('i32');
  code.i32(0).mem('i32.load', mstatus).set(status);
  const pushMode = (): void => {
    if (isToUser) code.i32(PRV.U);
    else code.get(status).i32(previousMode).op('i32.and').i32(lowestBit(previousMode)).op('i32.shr_u');
  };
  code.i32(0).get(status);
  code.i32(~(on | previousMode | (isToUser ? MSTATUS.MPRV : 0))).op('i32.and');
  code
    .get(status)
    .i32(previousOn)
    .op('i32.and')
    .i32(lowestBit(previousOn) - lowestBit(on))
    .op('i32.shr_u', 'i32.or');
  code.i32(previousOn).op('i32.or');
  if (!isToUser) {
    // MPRV stays for M mode alone.
    pushMode();
    code.i32(PRV.M).op('i32.ne').i32(lowestBit(MSTATUS.MPRV)).op('i32.shl').i32(-1).op('i32.xor', 'i32.and');
  }
  code.mem('i32.store', mstatus).i32(0);
  pushMode();
  code.mem('i32.store', modeWord);
  code
    .i32(0)
    .i64(NOTHING_RESERVED)
    .mem('i64.store', layout.hart + HART.reservation);
  code.i32(0).i32(0).mem('i64.load', csrAt(layout, epc)).mem('i64.store', pc);
}

function csrAt({ hart }: Layout, name: CsrName): number {
  return hart + csrWord(name) * 4;
}

function lowestBit(field: number): number {
  return 31 - Math.clz32(field & -field);
}
