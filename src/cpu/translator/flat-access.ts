/**
 * The memory path of translated code: a look-up in the flat tables (layout.ts), for aligned accesses below 4 GiB.
 *
 * What was seen of a register at one access need not be looked at again at the next one, as long as it has not changed:
 *   - that it is aligned;
 *   - that it is below 4 GiB. Pages 0 and 2^20 - 1 never have flat entries (cpu/riscv/mmu.ts), so that such a base plus up to a
 *     page needs no look at the upper half of the sum: if it wraps, it hits one of those.
 *
 * A group of accesses (access-groups.ts) is looked up together.
 *
 * Where code follows pointers (pointer-chains.ts), the entry is predicted: what is added to the address is the entry of last time, and the
 * one in the table is compared with it. Pages that lie side by side in physical memory as well have equal entries. So the host's
 * branch prediction stands for a load that the next load would wait for.
 *
 * Interface: FlatAccess, Place, Host.
 */
import type { AccessSize } from '../../isa/ops.ts';
import type { CodeEmitter, GlobalRef, Label, Local } from '../../wasm/code.ts';
import type { Temps } from '../interpreter/values.ts';
import { FLAT_BIAS, FLAT_TABLE_BYTES } from '../layout.ts';
import type { AccessGroup } from './access-groups.ts';
import { alignmentOf, RegisterFacts, type Facts } from './register-facts.ts';

export interface Place {
  /** The x register in which the base is, if it is one. */
  readonly base: number | undefined;
  readonly offset: number;
}

/** Where an access goes: a local, and an offset for the access itself. */
export interface Host {
  readonly local: Local;
  readonly offset: number;
}

/** The page that was looked up last, and its entry; `room` is 0 when there is none. */
interface Stream {
  readonly page: Local;
  /** How many places for the access there are on the page. */
  readonly room: Local;
  readonly entry: Local;
}

/** The entry that was seen last, and where it is kept from call to call. */
interface Prediction {
  readonly entry: Local;
  readonly kept: GlobalRef;
}

const PAGE_BYTES = 4096;
const GUARD_BYTES = 4096;
/** Differs from all entries, also from those that allow nothing. */
const NO_ENTRY = 1;
/** What x86-64 can compare with directly; the last page has no entries anyway. */
const MAX_IMMEDIATE = 0x7fff_ffff;

export class FlatAccess {
  private readonly code: CodeEmitter;
  /** The active table pair. */
  private readonly table: Local;
  /** The groups that were looked up, and where they begin. */
  private readonly grouped = new Map<AccessGroup, Local>();
  private readonly streams = new Map<AccessGroup, Stream>();
  /** The entries that were seen last, by the register through which they were sought. */
  private readonly predicted = new Map<number, Prediction>();
  /** Registers, as bits, through which entries are to be predicted. */
  private chained = 0;
  readonly facts = new RegisterFacts();
  private readonly atEnd = new Map<number, Facts>();

  constructor(code: CodeEmitter, table: Local) {
    this.code = code;
    this.table = table;
  }

  loadTable(address: number): void {
    this.code.i32(0).mem('i32.load', address).set(this.table);
    for (const { entry, kept } of this.predicted.values()) this.code.globalGet(kept).set(entry);
  }

  /** The registers, as bits, through which entries may be predicted; to be called before any code is emitted. */
  declarePredictions(bases: number, makeGlobal: (initial: number) => GlobalRef): void {
    for (let base = 1; base < 32; base++)
      if ((bases >>> base) & 1) this.predicted.set(base, { entry: this.code.local('i32'), kept: makeGlobal(NO_ENTRY) });
  }

  /** A group that openStream will look up; to be called before any code is emitted. */
  declareStream(group: AccessGroup): void {
    const { code } = this;
    this.streams.set(group, { page: code.local('i64'), room: code.local('i64'), entry: code.local('i32') });
  }

  /** From here on, what these registers (as bits) point to is predicted. */
  predict(chained: number): void {
    this.chained = chained;
  }

  /** `from`: the blocks from which this one is reached. */
  beginBlock(from: readonly number[]): void {
    this.facts.meet(from.map((block) => this.atEnd.get(block)));
  }

  endBlock(block: number): void {
    this.atEnd.set(block, this.facts.snapshot());
  }

  /** Looks a group up, through `base`, or branches to `miss` where it has to be done access by access. */
  openGroup(group: AccessGroup, base: Local, miss: Label): void {
    const host = this.code.local('i32');
    const entry = this.lookUpGroup(group, base, miss);
    this.pushLow(group, base).get(entry).op('i32.add').set(host);
    this.grouped.set(group, host);
  }

  /**
   * The same, but what is found is kept for the next time, and needs to be looked up again only on another page: as long as no other
   * code runs, tables do not change.
   */
  openStream(group: AccessGroup, base: Local, miss: Label): void {
    const { code } = this;
    const { page, room, entry } = this.streams.get(group)!;
    const before = this.facts.snapshot();
    code.get(base);
    if (group.from !== 0) code.i64(group.from).op('i64.add');
    code.get(page).op('i64.sub');
    // What is not aligned becomes large.
    if (group.size > 1) code.i64(Math.log2(group.size)).op('i64.rotr');
    code.get(room).op('i64.ge_u');
    code.if(() => {
      // Nothing of the stream changes unless all of it does.
      const found = this.lookUpGroup(group, base, miss);
      code.get(found).set(entry);
      code.get(base).i64(group.from).op('i64.add').i64(-PAGE_BYTES).op('i64.and').set(page);
      code.i64(Math.floor((PAGE_BYTES - (group.to - group.from)) / group.size) + 1).set(room);
    });
    this.facts.restore(before);
    if (group.index === undefined) {
      this.facts.foundAligned(group.base, group.size);
      this.facts.foundNear(group.base, Math.abs(group.from));
    }
  }

  /** Accesses of a group follow, which was looked up for another base on the same page. */
  enterStream(group: AccessGroup, base: Local): void {
    const host = this.code.local('i32');
    this.pushLow(group, base).get(this.streams.get(group)!.entry).op('i32.add').set(host);
    this.grouped.set(group, host);
  }

  /** Pushes how often an opened group may be accessed until the page ends, when its base moves by `step` bytes each time. */
  pushTurns(group: AccessGroup, base: Local, step: number): void {
    const { code } = this;
    const inPage = (): CodeEmitter =>
      this.pushLow(group, base)
        .i32(PAGE_BYTES - 1)
        .op('i32.and');
    if (step > 0) {
      code.i32(PAGE_BYTES - (group.to - group.from));
      inPage().op('i32.sub');
    } else inPage();
    code.i32(Math.abs(step)).op('i32.div_u').i32(1).op('i32.add');
  }

  /** Other code has run. */
  forgetStreams(): void {
    for (const { room } of this.streams.values()) this.code.i64(0).set(room);
  }

  private pushLow(group: AccessGroup, base: Local): CodeEmitter {
    this.code.get(base).op('i32.wrap_i64');
    return group.from === 0 ? this.code : this.code.i32(group.from).op('i32.add');
  }

  /** Gives the entry. */
  private lookUpGroup(group: AccessGroup, base: Local, missed: Label): Local {
    const { code, facts } = this;
    const entry = code.local('i32');
    // Of a sum of two registers nothing is known.
    const isPlain = group.index === undefined;
    const low = code.local('i32');
    this.pushLow(group, base).tee(low);
    this.pushEntry(group.access).set(entry);
    const isAligned = group.size === 1 || (isPlain && facts.alignment(group.base) >= group.size);
    const isLow =
      isPlain && facts.slack(group.base) + Math.max(Math.abs(group.from), Math.abs(group.to)) <= GUARD_BYTES;
    this.checkBase(group.size, isAligned, isLow, () => code.get(base), missed);
    const found = this.checkEntry(entry, isPlain ? group.base : undefined, missed);
    // The last byte is on the same page.
    const room = PAGE_BYTES - (group.to - group.from);
    if (group.to - group.from > group.size)
      code
        .get(low)
        .i32(PAGE_BYTES - 1)
        .op('i32.and')
        .i32(room)
        .op('i32.gt_u')
        .unlikely()
        .brIf(missed);
    if (isPlain) {
      facts.foundAligned(group.base, group.size);
      if (!isLow) facts.foundNear(group.base, 0);
    }
    return found;
  }

  /** Goes to `missed` where an entry does not allow the access. Gives the local to take it from. */
  private checkEntry(entry: Local, base: number | undefined, missed: Label): Local {
    const { code } = this;
    const check = (): void => void code.get(entry).i32(1).op('i32.and', 'i32.eqz').unlikely().brIf(missed);
    const predicted = base !== undefined && (this.chained >>> base) & 1 ? this.predicted.get(base) : undefined;
    if (!predicted) {
      check();
      return entry;
    }
    code.get(entry).get(predicted.entry).op('i32.ne');
    code.unlikely().if(() => {
      check();
      code.get(entry).tee(predicted.entry).globalSet(predicted.kept);
    });
    return predicted.entry;
  }

  /**
   * Goes to `missed` where an address is not aligned, or not below 4 GiB: in as few instructions as there are, since engines fuse comparison
   * and branch. Turned so that the lowest bits come out on top, an address that is not aligned is a large number, too.
   */
  private checkBase(size: number, isAligned: boolean, isLow: boolean, pushBase: () => void, missed: Label): void {
    const { code } = this;
    if (isAligned && isLow) return;
    pushBase();
    if (isLow)
      code
        .op('i32.wrap_i64')
        .i32(size - 1)
        .op('i32.and');
    else if (isAligned) {
      pushBase();
      code.op('i32.wrap_i64', 'i64.extend_i32_u', 'i64.ne');
    } else
      code
        .i64(Math.log2(size))
        .op('i64.rotr')
        .i64(Math.min(2 ** 32 / size, MAX_IMMEDIATE))
        .op('i64.ge_u');
    code.unlikely().brIf(missed);
  }

  /** The place of an access in a group that was looked up. */
  inGroup(group: AccessGroup, offset: number): Host {
    return { local: this.grouped.get(group)!, offset: FLAT_BIAS + offset - group.from };
  }

  /** Gives where the access goes, or goes away by `leave`. */
  translate(
    size: AccessSize,
    access: 'read' | 'write',
    { base, offset }: Place,
    pushBase: () => void,
    temps: Temps,
    leave: () => void,
  ): Host {
    const { code, facts } = this;
    const low = temps.take('i32');
    const entry = temps.take('i32');
    const isAligned =
      size === 1 || (base !== undefined && Math.min(facts.alignment(base), alignmentOf(offset)) >= size);
    const isLow = base !== undefined && facts.slack(base) + Math.abs(offset) + size <= GUARD_BYTES;
    const isEven = alignmentOf(offset) >= size;
    let found = entry;
    code.block((done) => {
      code.block((missed) => {
        pushBase();
        code.op('i32.wrap_i64');
        if (offset !== 0) code.i32(offset).op('i32.add');
        code.tee(low);
        this.pushEntry(access).set(entry);
        if (!isAligned && !isEven)
          code
            .get(low)
            .i32(size - 1)
            .op('i32.and')
            .unlikely()
            .brIf(missed);
        this.checkBase(size, isAligned || !isEven, isLow, pushBase, missed);
        found = this.checkEntry(entry, base, missed);
        code.br(done);
      });
      leave();
    });
    if (base !== undefined && !isLow) facts.foundNear(base, 0);
    if (base !== undefined && isEven) facts.foundAligned(base, size);
    code.get(low).get(found).op('i32.add').set(entry);
    return { local: entry, offset: FLAT_BIAS };
  }

  /** Replaces the low half of an address by its entry. */
  private pushEntry(access: 'read' | 'write'): CodeEmitter {
    this.code.i32(12).op('i32.shr_u').i32(2).op('i32.shl').get(this.table).op('i32.add');
    return this.code.mem('i32.load', access === 'read' ? 0 : FLAT_TABLE_BYTES);
  }
}
