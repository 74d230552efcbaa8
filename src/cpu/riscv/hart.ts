/**
 * One RV64GC hart with M, S and U mode: runs the interpreter and handles its exits.
 *
 * Interface: RiscvHart (see hart-interface.ts for what a kernel sees of it).
 * Invariants: registers, CSRs, mode and pc are in linear memory, in the hart-state page; the only other state is the count of
 * retired instructions. Nothing allocates or uses bigint between a trap and the return of run().
 */
import type { Interpreter } from '../interpreter.ts';
import { EXIT } from '../interpreter/exits.ts';
import { HART } from '../layout.ts';
import type { Layout } from '../layout.ts';
import type { Bus } from './bus.ts';
import { CodeCache } from './code-cache.ts';
import { CsrFile } from './csr-file.ts';
import { CSR } from './csr-table.ts';
import type { CsrName } from './csr-table.ts';
import { needsFpState } from './fp-state.ts';
import type { Hart, HartLayout, PrivilegeMode, StopReason } from './hart-interface.ts';
import { Mmu } from './mmu.ts';
import { ACCESS, CAUSE, MIP, MSTATUS, PRV } from './privileged.ts';
import type { Access } from './privileged.ts';
import { SingleAccess } from './single-access.ts';
import { OUTCOME, SystemInstructions } from './system.ts';
import { Translator } from './translate.ts';
import { Traps } from './traps.ts';

/** The clock is looked at again after so many instructions or calls of run(), besides the ends of slices. */
const CLOCK_INSTRUCTIONS = 50_000;
const CLOCK_RUNS = 64;

const MODE_NAMES: readonly PrivilegeMode[] = ['U', 'S', 'M', 'M'];

export class RiscvHart implements Hart {
  readonly layout: HartLayout;
  readonly mmu: Mmu;
  readonly code: CodeCache;
  readonly traps: Traps;
  readonly translator: Translator;
  readonly #words: Int32Array;
  /** Word indices of the hart state. */
  readonly #x: number;
  readonly #pc: number;
  readonly #budget: number;
  readonly #tval: number;
  readonly #csrs: CsrFile;
  readonly #system: SystemInstructions;
  readonly #single: SingleAccess;
  readonly #bus: Bus;
  readonly #interpreter: Interpreter;
  readonly #hart: number;
  #retired = 0;
  /** Halves of the native vector; an odd one is never reached. */
  #vectorLo = 1;
  #vectorHi = 0;
  #clockRuns = 0;
  #clockRetired = 0;

  constructor(layout: Layout, buffer: ArrayBufferLike, interpreter: Interpreter, bus: Bus) {
    const words = new Int32Array(buffer);
    const bytes = new Uint8Array(buffer);
    const hart = layout.hart >>> 2;
    this.layout = { x: layout.hart + HART.x, f: layout.hart + HART.f, pc: layout.hart + HART.pc };
    this.#words = words;
    this.#hart = hart;
    this.#x = hart + HART.x / 4;
    this.#pc = hart + HART.pc / 4;
    this.#budget = hart + HART.budget / 4;
    this.#tval = hart + HART.tval / 4;
    this.#bus = bus;
    this.#interpreter = interpreter;
    const fp = { fflags: hart + HART.fflags / 4, frm: hart + HART.frm / 4 };
    this.#csrs = new CsrFile(words, hart + HART.csr / 4, fp, {
      retiredCount: () => this.#retired,
      timeTicks: () => bus.timeTicks(this.#retired),
      recentTicks: () => bus.recentTicks(this.#retired),
      interruptWires: () => this.#interruptWires(),
    });
    this.mmu = new Mmu(layout, bytes, words);
    this.code = new CodeCache(layout, words, this.mmu);
    this.traps = new Traps(this.#csrs, words, this.#pc, hart + HART.reservation / 4);
    this.translator = new Translator(layout, words, this.#csrs, this.mmu, this.code);
    this.#single = new SingleAccess(layout, words, bus, this.mmu, this.code, this.translator);
    this.#system = new SystemInstructions(this.#csrs, this.traps, words, this.#x, this.#pc, (...range) =>
      this.mmu.flush(...range),
    );
    this.reset();
  }

  reset(): void {
    this.#words.fill(0, this.#hart, this.#hart + HART.bytes / 4);
    this.#csrs.reset();
    this.#words.fill(-1, this.#hart + HART.reservation / 4, this.#hart + HART.reservation / 4 + 2);
    this.#retired = 0;
    this.dropCaches();
  }

  /** Drops translations and decoded code; results do not change. */
  dropCaches(): void {
    this.code.flushAll();
    this.mmu.flushAll();
    this.translator.reset();
  }

  get retired(): number {
    return this.#retired;
  }

  /** For restoring a saved hart. */
  setRetired(retired: number): void {
    this.#retired = retired;
  }

  setNativeVector(lo: number, hi: number): void {
    this.#vectorLo = lo;
    this.#vectorHi = hi;
  }

  run(maxInstructions: number): StopReason {
    const target = this.#retired + maxInstructions;
    const words = this.#words;
    this.#watchClock();
    for (;;) {
      if (!this.#single.isPending) this.traps.takeInterrupt();
      if (this.#isAtNativeVector()) return 'native-vector';
      const left = target - this.#retired;
      if (left <= 0) return 'budget';
      this.translator.activate();
      const slice = this.#single.isPending ? 1 : Math.min(left, this.#bus.sliceLimit(this.#deadline(), this.#retired));
      words[this.#budget] = slice;
      const exit = this.#interpreter.run();
      const done = slice - words[this.#budget]!;
      this.#retired += done;
      if (this.#single.isPending) this.#single.finish(done === 1);
      if (this.#handle(exit)) return 'wfi';
    }
  }

  /** Handles an exit; true after a wfi with nothing to wake up for. */
  #handle(exit: number): boolean {
    const words = this.#words;
    switch (exit) {
      case EXIT.slice:
        this.#lookAtClock();
        return false;
      case EXIT.system:
        return this.#executeSystem();
      case EXIT.decode:
        this.#interpreter.encode();
        return false;
      case EXIT.fetch:
        this.#fetch();
        return false;
      case EXIT.loadMiss:
        this.#access(ACCESS.LOAD, true);
        return false;
      case EXIT.storeMiss:
        this.#access(ACCESS.STORE, true);
        return false;
      case EXIT.amoMiss:
        this.#access(ACCESS.STORE, false);
        return false;
      case EXIT.trap:
        this.traps.exception(words[this.#hart + HART.cause / 4]!, words[this.#tval]!, words[this.#tval + 1]!);
        return false;
      default:
        throw new Error(`the interpreter gave unknown exit ${exit}`);
    }
  }

  #executeSystem(): boolean {
    const instruction = this.#words[this.#hart + HART.instruction / 4]!;
    if ((instruction & 0x7f) !== 0x73 && needsFpState(instruction)) {
      // Off is illegal; Initial and Clean become Dirty, and the instruction is met again in a page for that state.
      if ((this.#csrs.mstatus & MSTATUS.FS) === 0) this.traps.exception(CAUSE.ILLEGAL, instruction, 0);
      else this.#csrs.markFpDirty();
      return false;
    }
    const outcome = this.#system.execute(instruction);
    if (outcome === OUTCOME.TRAPPED) return false;
    this.#retired++;
    if (outcome !== OUTCOME.IDLE) return false;
    this.#lookAtClock();
    return (this.#csrs.pendingInterrupts() & this.#csrs.mie) === 0;
  }

  #fetch(): void {
    const lo = this.#words[this.#tval]!;
    const hi = this.#words[this.#tval + 1]!;
    if (lo === this.#words[this.#pc] && this.#isAtNativeVector()) return;
    const cause = this.translator.translate(lo, hi, ACCESS.FETCH);
    if (cause !== 0) this.traps.exception(cause, lo, hi);
    else if (this.translator.hostPage < 0) this.traps.exception(CAUSE.FETCH_ACCESS, lo, hi);
    else this.translator.fillCode(lo, hi);
  }

  #access(access: Access, devicesAllowed: boolean): void {
    const lo = this.#words[this.#tval]!;
    const hi = this.#words[this.#tval + 1]!;
    const { translator } = this;
    const cause = translator.translate(lo, hi, access);
    if (cause !== 0) return this.traps.exception(cause, lo, hi);
    const isStore = access === ACCESS.STORE;
    if (translator.hostPage >= 0) {
      if (isStore && translator.hasCode()) this.#single.beginCodeStore(lo, hi);
      else translator.fillData(lo, hi, access);
      return;
    }
    const size = this.#words[this.#hart + HART.accessSize / 4]!;
    const isAligned = (lo & (size - 1)) === 0;
    if (devicesAllowed && isAligned && this.#single.beginDevice(lo, hi, size, isStore)) return;
    this.traps.exception(isStore ? CAUSE.STORE_ACCESS : CAUSE.LOAD_ACCESS, lo, hi);
  }

  #isAtNativeVector(): boolean {
    return (
      this.#words[this.#pc] === this.#vectorLo &&
      this.#words[this.#pc + 1] === this.#vectorHi &&
      this.#csrs.mode !== PRV.U
    );
  }

  #interruptWires(): number {
    const bus = this.#bus;
    return bus.interruptWires() | (bus.recentTicks(this.#retired) >= bus.machineDeadline() ? MIP.MTIP : 0);
  }

  #deadline(): number {
    return Math.min(this.#csrs.stimecmp(), this.#bus.machineDeadline());
  }

  /** Tick at which a timer interrupt becomes pending. */
  timerDeadline(): number {
    return this.#deadline();
  }

  #watchClock(): void {
    if (++this.#clockRuns >= CLOCK_RUNS || this.#retired - this.#clockRetired >= CLOCK_INSTRUCTIONS)
      this.#lookAtClock();
  }

  #lookAtClock(): void {
    this.#clockRuns = 0;
    this.#clockRetired = this.#retired;
    this.#bus.timeTicks(this.#retired);
  }

  get pc(): number {
    return unsigned(this.#words[this.#pc]!, this.#words[this.#pc + 1]!);
  }

  set pc(value: number) {
    this.#words[this.#pc] = lowHalf(value);
    this.#words[this.#pc + 1] = highHalf(value);
  }

  pcLo(): number {
    return this.#words[this.#pc]!;
  }

  pcHi(): number {
    return this.#words[this.#pc + 1]!;
  }

  setPcHalves(lo: number, hi: number): void {
    this.#words[this.#pc] = lo;
    this.#words[this.#pc + 1] = hi;
  }

  x(index: number): number {
    return unsigned(this.xLo(index), this.xHi(index));
  }

  xLo(index: number): number {
    return this.#words[this.#x + index * 2]!;
  }

  xHi(index: number): number {
    return this.#words[this.#x + index * 2 + 1]!;
  }

  setX(index: number, value: number): void {
    this.setXHalves(index, lowHalf(value), highHalf(value));
  }

  setXHalves(index: number, lo: number, hi: number): void {
    if (index === 0) return;
    this.#words[this.#x + index * 2] = lo;
    this.#words[this.#x + index * 2 + 1] = hi;
  }

  csr(name: CsrName): number {
    this.#csrs.read(CSR[name]);
    return unsigned(this.#csrs.lo, this.#csrs.hi);
  }

  csrLo(name: CsrName): number {
    this.#csrs.read(CSR[name]);
    return this.#csrs.lo;
  }

  csrHi(name: CsrName): number {
    this.#csrs.read(CSR[name]);
    return this.#csrs.hi;
  }

  setCsr(name: CsrName, value: number): void {
    this.#csrs.write(CSR[name], lowHalf(value), highHalf(value));
  }

  setCsrHalves(name: CsrName, lo: number, hi: number): void {
    this.#csrs.write(CSR[name], lo, hi);
  }

  get mode(): PrivilegeMode {
    return MODE_NAMES[this.#csrs.mode]!;
  }

  set mode(mode: PrivilegeMode) {
    this.#csrs.mode = PRV[mode];
  }

  sret(): void {
    this.traps.sret();
  }

  mret(): void {
    this.traps.mret();
  }

  sfenceVma(va: number | undefined, asid: number | undefined): void {
    const address = va ?? 0;
    this.mmu.flush(lowHalf(address), highHalf(address), va === undefined, asid ?? 0, asid === undefined);
  }

  /** Nothing to do: stores drop decoded code themselves, and whoever writes through `ram` calls invalidateCode. */
  fenceI(): void {}
}

function unsigned(lo: number, hi: number): number {
  return (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
}

function lowHalf(value: number): number {
  return value | 0;
}

/** Of a number in -2^63..2^64-1, in two's complement. */
function highHalf(value: number): number {
  return Math.floor(value / 0x1_0000_0000) | 0;
}
