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
import type { CodeTranslator, TranslatedMemory } from '../translator.ts';
import type { Bus } from './bus.ts';
import { CodeCache } from './code-cache.ts';
import { CsrFile } from './csr-file.ts';
import { LOAD, VIEW_BITS, type Load } from './crossing.ts';
import { csrByName, csrWord } from './csr-table.ts';
import type { CsrName } from './csr-table.ts';
import { needsFpState } from './fp-state.ts';
import type { Hart, HartLayout, PrivilegeMode, StopReason } from './hart-interface.ts';
import { Mmu } from './mmu.ts';
import { Pace } from './pace.ts';
import { ACCESS, CAUSE, MSTATUS, PRV } from './privileged.ts';
import type { Access } from './privileged.ts';
import { Sampling } from './sampling.ts';
import { SingleAccess } from './single-access.ts';
import { INSN, OUTCOME, SystemInstructions } from './system.ts';
import { Translator } from './translate.ts';
import { Traps } from './traps.ts';

/** Word indices in the hart-state page. */
const X = HART.x / 4;
const PC = HART.pc / 4;
const BUDGET = HART.budget / 4;
const TVAL = HART.tval / 4;
const INSTRUCTION = HART.instruction / 4;
const CAUSE_WORD = HART.cause / 4;
const VECTOR = HART.nativeVector / 4;
const USER_VIEW = HART.userView / 4;
const ENTRIES = HART.entries / 4;

const NO_VIEW = -1;

/** The clock is looked at again after so many instructions or calls of run(), besides the ends of slices. */
const CLOCK_INSTRUCTIONS = 50_000;
const CLOCK_RUNS = 61;

/** Exits in a row without a retired instruction after which the hart is taken to be stuck. */
const MAX_ATTEMPTS = 10_000;

const MODE_NAMES: readonly PrivilegeMode[] = ['U', 'S', 'M', 'M'];

export class RiscvHart implements Hart {
  readonly layout: HartLayout;
  readonly mmu: Mmu;
  readonly code: CodeCache;
  readonly traps: Traps;
  readonly translator: Translator;
  /** Tier 1; undefined: there is none. */
  readonly codeTranslator: CodeTranslator | undefined;
  /** The hart-state page. */
  readonly #words: Int32Array;
  readonly #csrs: CsrFile;
  readonly #system: SystemInstructions;
  readonly #single: SingleAccess;
  readonly #bus: Bus;
  readonly #interpreter: Interpreter;
  readonly #isDeterministic: boolean;
  readonly #pace = new Pace();
  #sliceInstructions = 0;
  /** Count of retired instructions at which the budget in the hart state is 0. */
  #sliceEnd = 0;
  /** Halves of the native vector; an odd one is never reached. */
  #vectorLo = 1;
  #vectorHi = 0;
  #clockRetired = 0;
  /** Where the translator finds out what is hot by itself. */
  readonly #sampling: Sampling | undefined;

  constructor(
    layout: Layout,
    buffer: ArrayBufferLike,
    interpreter: Interpreter,
    bus: Bus,
    makeTranslator?: (memory: TranslatedMemory) => CodeTranslator,
  ) {
    const words = new Int32Array(buffer);
    const bytes = new Uint8Array(buffer);
    const state = new Int32Array(buffer, layout.hart, HART.bytes / 4);
    const { hart } = layout;
    this.layout = {
      x: hart + HART.x,
      f: hart + HART.f,
      pc: hart + HART.pc,
      sepc: hart + csrWord('sepc') * 4,
      scause: hart + csrWord('scause') * 4,
      stval: hart + csrWord('stval') * 4,
      fflags: hart + HART.fflags,
      frm: hart + HART.frm,
      mstatus: hart + csrWord('mstatus') * 4,
    };
    this.#words = state;
    this.#bus = bus;
    this.#isDeterministic = bus.isDeterministic;
    this.#interpreter = interpreter;
    this.#csrs = new CsrFile(state, {
      retiredCount: () => this.retired,
      timeTicks: () => bus.timeTicks(this.retired),
      machineDeadline: () => bus.machineDeadline(),
      // A slice is to end in time for it.
      timerSet: () => this.lookAtClock(),
      wires: bus,
    });
    this.mmu = new Mmu(layout, bytes, words, () => this.codeTranslator?.forgetContexts());
    this.code = new CodeCache(layout, words, this.mmu, {
      made: (key) => this.codeTranslator?.addPage(key),
      dropped: (key) => this.codeTranslator?.dropPage(key),
    });
    this.traps = new Traps(this.#csrs, interpreter.traps);
    this.translator = new Translator(layout, words, state, this.#csrs, this.mmu, this.code);
    this.codeTranslator = makeTranslator?.({
      pageKey: (records) => this.code.keyOf(records),
      records: (key) => this.code.recordsOf(key),
      retired: () => this.retired,
      touch: (lo, hi) => this.translator.touchCode(lo, hi),
      depend: (lo, hi) => this.translator.dependOnCode(lo, hi),
    });
    if (this.codeTranslator?.tier === 'both') this.#sampling = new Sampling(state, this.codeTranslator);
    this.#single = new SingleAccess(layout, words, bus, this.mmu, this.code, this.translator);
    this.#system = new SystemInstructions(this.#csrs, this.traps, state, (...range) => this.mmu.flush(...range));
    this.reset();
  }

  reset(): void {
    this.#words.fill(0);
    this.#csrs.reset();
    this.#words.fill(-1, HART.reservation / 4, HART.reservation / 4 + 2);
    this.setRetired(0);
    this.dropCaches();
  }

  /** Drops translations and decoded code; results do not change. */
  dropCaches(): void {
    this.codeTranslator?.flush();
    this.code.flushAll();
    this.mmu.flushAll();
    this.translator.reset();
    this.#words[VECTOR] = this.#vectorLo;
    this.#words[VECTOR + 1] = this.#vectorHi;
    this.lookAtClock();
  }

  get retired(): number {
    return this.#sliceEnd - this.#words[BUDGET]!;
  }

  /** For restoring a saved hart. */
  setRetired(retired: number): void {
    this.#words[BUDGET] = 0;
    this.#sliceEnd = retired;
  }

  setNativeVector(lo: number, hi: number): void {
    this.#words[VECTOR] = this.#vectorLo = lo;
    this.#words[VECTOR + 1] = this.#vectorHi = hi;
  }

  run(maxInstructions: number): StopReason {
    return this.#run(this.retired + maxInstructions, 0) as StopReason;
  }

  /** The way in and out of a system call that nothing interrupts; all else is left to #run. */
  runUser(untilRetired: number, frame: number, load: Load): StopReason | 'ecall' {
    if (load !== LOAD.nothing) {
      const exit = this.#sliceEnd <= untilRetired ? this.#interpreter.cross(frame, load) : EXIT.unready;
      if (exit === EXIT.ecall) return this.#countEcall();
      if (exit === EXIT.unready) {
        this.#interpreter.loadRegisters(frame);
        this.#interpreter.enterUser(frame);
        if (this.#words[ENTRIES] === 0) this.#sampleEntry();
      } else if (this.#finish(exit)) return 'wfi';
      else if (this.#isAtNativeVector()) return 'native-vector';
    }
    return this.#run(untilRetired, frame);
  }

  #run(untilRetired: number, frame: number): StopReason | 'ecall' {
    const words = this.#words;
    this.lookAround();
    const isClockDue = words[ENTRIES]! <= 1 || this.retired - this.#clockRetired >= CLOCK_INSTRUCTIONS;
    if (isClockDue) this.lookAtClock();
    else words[ENTRIES]!--;
    // Exceptions retire nothing: a handler that itself faults at once must not keep the host forever.
    let attempts = 0;
    for (;;) {
      if (this.#isDeterministic) this.#csrs.refreshTimers();
      if (!this.#single.isPending) this.traps.takeInterrupt();
      if (this.#isAtNativeVector()) return 'native-vector';
      const before = this.retired;
      const left = untilRetired - before;
      if (left <= 0 || attempts > MAX_ATTEMPTS) return 'budget';
      this.translator.activate();
      const slice = this.#single.isPending ? 1 : Math.min(left, this.#sliceLimit(), this.#untilSample(before));
      words[BUDGET] = slice;
      this.#sliceEnd = before + slice;
      this.#sampling?.beginSlice(before);
      const exit = this.#interpreter.cross(frame, LOAD.nothing);
      if (this.#single.isPending) this.#finishSingle(words[BUDGET] === 0);
      if (exit === EXIT.ecall) {
        this.#readyUser();
        return this.#countEcall();
      }
      if (this.#finish(exit)) return 'wfi';
      // Most traps lead here; an interrupt that came meanwhile is taken at the next call.
      if (this.#isAtNativeVector()) return 'native-vector';
      attempts = this.retired === before ? attempts + 1 : 0;
    }
  }

  /** After cross(): takes the sample that is due, and handles an exit; true after a wfi with nothing to wake up for. */
  #finish(exit: number): boolean {
    if (this.#sampling) this.#sample(this.#sampling, exit);
    return this.#handle(exit);
  }

  #countEcall(): 'ecall' {
    this.traps.counts[CAUSE.ECALL_U]!++;
    return 'ecall';
  }

  /** Lets cross() enter user mode again as it was left, unless there is more to be looked at each time. */
  #readyUser(): void {
    if (this.#isDeterministic || this.#single.isPending || this.#csrs.hasEnabledInterrupt()) return;
    this.#words[USER_VIEW] = this.#csrs.mstatus & VIEW_BITS;
  }

  /** To be called when something has changed that decides how user mode is entered: an interrupt, a CSR, a context. */
  lookAround(): void {
    this.#words[USER_VIEW] = NO_VIEW;
  }

  /** For code that reads the time CSR: ticks; -1 where it may not, or where the time depends on the instructions before it. */
  readTime(): number {
    if (this.#isDeterministic || !this.#csrs.mayReadTime()) return -1;
    return this.#bus.timeTicks(this.retired);
  }

  /** Handles an exit; true after a wfi with nothing to wake up for. */
  #handle(exit: number): boolean {
    const words = this.#words;
    switch (exit) {
      case EXIT.slice:
        this.lookAtClock();
        return false;
      case EXIT.system:
        return this.#executeSystem();
      case EXIT.decode:
        this.#interpreter.encode();
        if (this.codeTranslator?.tier === 'translator') this.codeTranslator.translateHere();
        return false;
      case EXIT.region:
        this.codeTranslator!.resolve();
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
        this.traps.exception(words[CAUSE_WORD]!, words[TVAL]!, words[TVAL + 1]!);
        return false;
      default:
        throw new Error(`the interpreter gave unknown exit ${exit}`);
    }
  }

  #executeSystem(): boolean {
    const instruction = this.#words[INSTRUCTION]!;
    if (instruction === INSN.ECALL) {
      this.traps.exception(CAUSE.ECALL_U + this.#csrs.mode, 0, 0);
      return false;
    }
    if ((instruction & 0x7f) !== 0x73 && needsFpState(instruction)) {
      // Off is illegal; Initial and Clean become Dirty, and the instruction is met again in a page for that state.
      if ((this.#csrs.mstatus & MSTATUS.FS) === 0) this.traps.exception(CAUSE.ILLEGAL, instruction, 0);
      else this.#csrs.markFpDirty();
      return false;
    }
    const outcome = this.#system.execute(instruction);
    if (outcome === OUTCOME.TRAPPED) return false;
    this.#words[BUDGET]!--;
    if (outcome !== OUTCOME.IDLE) return false;
    this.lookAtClock();
    return (this.#csrs.pendingInterrupts() & this.#csrs.mie) === 0;
  }

  #fetch(): void {
    // At the end of a slice interrupts come first, whether the jump was interpreted or translated.
    if (this.#words[BUDGET] === 0) return;
    const lo = this.#words[TVAL]!;
    const hi = this.#words[TVAL + 1]!;
    if (lo === this.#words[PC] && this.#isAtNativeVector()) return;
    const cause = this.translator.translate(lo, hi, ACCESS.FETCH);
    if (cause !== 0) this.traps.exception(cause, lo, hi);
    else if (this.translator.hostPage < 0) this.traps.exception(CAUSE.FETCH_ACCESS, lo, hi);
    else {
      this.translator.fillCode(lo, hi);
      this.codeTranslator?.codeFilled();
    }
  }

  #sample(sampling: Sampling, exit: number): void {
    const { retired } = this;
    if (exit === EXIT.slice) sampling.endSlice(retired);
    if (retired >= sampling.dueAt) sampling.take(retired);
  }

  #untilSample(retired: number): number {
    return this.#sampling ? Math.max(1, this.#sampling.dueAt - retired) : Infinity;
  }

  /** Shows the translator where user mode is entered. As CLOCK_RUNS is prime, no place in a loop is overlooked. */
  #sampleEntry(): void {
    if (this.codeTranslator?.tier !== 'both') return;
    this.translator.activate();
    this.codeTranslator.sampleEntry();
  }

  #access(access: Access, devicesAllowed: boolean): void {
    const lo = this.#words[TVAL]!;
    const hi = this.#words[TVAL + 1]!;
    const { translator } = this;
    const cause = translator.translate(lo, hi, access);
    if (cause !== 0) return this.traps.exception(cause, lo, hi);
    const isStore = access === ACCESS.STORE;
    if (translator.hostPage >= 0) {
      if (isStore && translator.hasCode()) this.#single.beginCodeStore(lo, hi);
      else translator.fillData(lo, hi, access);
      return;
    }
    const size = this.#words[HART.accessSize / 4]!;
    const isAligned = (lo & (size - 1)) === 0;
    if (devicesAllowed && isAligned && this.#single.beginDevice(lo, hi, size, isStore)) return;
    this.traps.exception(isStore ? CAUSE.STORE_ACCESS : CAUSE.LOAD_ACCESS, lo, hi);
  }

  /** A device store may have changed a deadline. */
  #finishSingle(isDone: boolean): void {
    this.#single.finish(isDone);
    this.lookAtClock();
  }

  #isAtNativeVector(): boolean {
    return this.#words[PC] === this.#vectorLo && this.#words[PC + 1] === this.#vectorHi && this.#csrs.mode !== PRV.U;
  }

  #sliceLimit(): number {
    return this.#isDeterministic ? this.#bus.sliceLimitUntil(this.#deadline(), this.retired) : this.#sliceInstructions;
  }

  #deadline(): number {
    return Math.min(this.#csrs.stimecmp(), this.#bus.machineDeadline());
  }

  /** Tick at which a timer interrupt becomes pending. */
  timerDeadline(): number {
    return this.#deadline();
  }

  /** To be called when time was moved. */
  lookAtClock(): void {
    this.#words[ENTRIES] = CLOCK_RUNS;
    this.#clockRetired = this.retired;
    const ticks = this.#csrs.refreshTimers();
    if (!this.#isDeterministic) this.#sliceInstructions = this.#pace.next(this.retired, ticks, this.#deadline());
    this.lookAround();
  }

  get pc(): number {
    return unsigned(this.#words[PC]!, this.#words[PC + 1]!);
  }

  set pc(value: number) {
    this.#words[PC] = lowHalf(value);
    this.#words[PC + 1] = highHalf(value);
  }

  pcLo(): number {
    return this.#words[PC]!;
  }

  pcHi(): number {
    return this.#words[PC + 1]!;
  }

  setPcHalves(lo: number, hi: number): void {
    this.#words[PC] = lo;
    this.#words[PC + 1] = hi;
  }

  x(index: number): number {
    return unsigned(this.xLo(index), this.xHi(index));
  }

  xLo(index: number): number {
    return this.#words[X + index * 2]!;
  }

  xHi(index: number): number {
    return this.#words[X + index * 2 + 1]!;
  }

  setX(index: number, value: number): void {
    this.setXHalves(index, lowHalf(value), highHalf(value));
  }

  setXHalves(index: number, lo: number, hi: number): void {
    if (index === 0) return;
    this.#words[X + index * 2] = lo;
    this.#words[X + index * 2 + 1] = hi;
  }

  saveRegisters(to: number): void {
    this.#interpreter.saveRegisters(to);
  }

  loadRegisters(from: number): void {
    this.#interpreter.loadRegisters(from);
  }

  csr(name: CsrName): number {
    this.#csrs.read(csrByName(name));
    return unsigned(this.#csrs.lo, this.#csrs.hi);
  }

  csrLo(name: CsrName): number {
    this.#csrs.read(csrByName(name));
    return this.#csrs.lo;
  }

  csrHi(name: CsrName): number {
    this.#csrs.read(csrByName(name));
    return this.#csrs.hi;
  }

  setCsr(name: CsrName, value: number): void {
    this.setCsrHalves(name, lowHalf(value), highHalf(value));
  }

  setCsrHalves(name: CsrName, lo: number, hi: number): void {
    this.#csrs.write(csrByName(name), lo, hi);
    this.lookAround();
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
    this.lookAround();
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
