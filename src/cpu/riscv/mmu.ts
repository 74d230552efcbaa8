/**
 * The soft-MMU's caches: contexts, flat table pairs, high TLBs, code TLB.
 *
 * A context is a view of an address space: (satp, privilege, SUM, MXR) for loads and stores, (satp, privilege, FP
 * state) for fetches. It has a number that tags its TLB entries, so switching contexts flushes nothing, and flushing one
 * means giving it a fresh number. Data contexts that run hold one of a bounded number of flat table pairs; the
 * least recently run loses its pair. Filled entries are logged, so that clearing a pair touches only those.
 *
 * Interface: Mmu, Context.
 * Invariants: everything here is a cache of the page tables; flushAll() is always allowed. A frame with decoded code
 * (see code-cache.ts) has no write entry anywhere.
 */
import {
  codeSpread,
  codeTlbIndex,
  CODE_TLB_ENTRIES,
  FLAT_PAIR_BYTES,
  FLAT_TABLE_BYTES,
  HIGH_TLB_ENTRIES,
  TLB_ENTRY_BYTES,
  flatEntry,
} from '../layout.ts';
import type { Layout } from '../layout.ts';

export interface Context {
  /** Tag of its TLB entries, 1..4095. */
  id: number;
  /** Its table pair, or -1. */
  pair: number;
  /** Value of the run counter when it last ran. */
  lastRun: number;
  /** Whether some entry came from a superpage: then dropping one address means dropping all. */
  hasSuperpage: boolean;
  /** Of a context of fetches: pages on whose mapping translated code depends, by number. */
  readonly dependents: Set<number>;
}

/** The contexts of one satp value. */
interface AddressSpace {
  readonly satpLo: number;
  readonly satpHi: number;
  readonly asid: number;
  lastUse: number;
  /** By data view: mode | sum << 2 | mxr << 3. */
  readonly data: (Context | undefined)[];
  /** By fetch view: mode | fpDirty << 2. */
  readonly fetch: (Context | undefined)[];
}

/** Entries filled in one of a pair's tables; when it overflows the whole table gets cleared. */
interface FillLog {
  readonly pages: Int32Array;
  count: number;
}

interface TablePair {
  owner: Context | undefined;
  readonly reads: FillLog;
  readonly writes: FillLog;
}

const LOG_ENTRIES = 16384;
const MAX_SPACES = 256;
const MAX_CONTEXT_ID = 4095;
const WORDS_PER_ENTRY = TLB_ENTRY_BYTES / 4;

export class Mmu {
  evictions = 0;
  switches = 0;
  fills = 0;
  readonly #layout: Layout;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #pairs: TablePair[] = [];
  /** 1 for a frame of RAM that may have a write entry somewhere. */
  readonly #writable: Uint8Array;
  #spaces: AddressSpace[] = [];
  #nextId = 1;
  #runs = 0;
  readonly #forgotten: () => void;

  /** `forgotten` is told when the numbers of contexts are about to be used anew. */
  constructor(layout: Layout, bytes: Uint8Array, words: Int32Array, forgotten: () => void) {
    this.#forgotten = forgotten;
    this.#layout = layout;
    this.#bytes = bytes;
    this.#words = words;
    this.#writable = new Uint8Array(layout.ramBytes >>> 12);
    // In one piece, which the host gives out without touching it.
    const logs = new Int32Array(layout.tablePairs * 2 * LOG_ENTRIES);
    for (let i = 0; i < layout.tablePairs; i++)
      this.#pairs.push({ owner: undefined, reads: newLog(logs, 2 * i), writes: newLog(logs, 2 * i + 1) });
  }

  /** The context of loads and stores. */
  dataContext(satpLo: number, satpHi: number, view: number): Context {
    const space = this.#space(satpLo, satpHi);
    return (space.data[view] ??= this.#newContext());
  }

  /** The context of fetches. */
  fetchContext(satpLo: number, satpHi: number, view: number): Context {
    const space = this.#space(satpLo, satpHi);
    return (space.fetch[view] ??= this.#newContext());
  }

  /** Makes sure that the context about to run has a table pair; returns the pair's offset in linear memory. */
  ensurePair(context: Context): number {
    context.lastRun = ++this.#runs;
    this.switches++;
    if (context.pair < 0) this.#givePair(context);
    return this.#layout.tables + context.pair * FLAT_PAIR_BYTES;
  }

  /**
   * Caches the translation of one page for loads, and for stores too if `writable`. `hostPage` is the frame's
   * offset in linear memory.
   */
  fillData(context: Context, vaLo: number, vaHi: number, hostPage: number, readable: boolean, writable: boolean): void {
    this.fills++;
    if (writable && hostPage >= this.#layout.ram) this.#writable[(hostPage - this.#layout.ram) >>> 12] = 1;
    if (!isFlat(vaLo, vaHi)) {
      if (readable) this.#fillHigh(this.#layout.highReadTlb, context, vaLo, vaHi, hostPage);
      if (writable) this.#fillHigh(this.#layout.highWriteTlb, context, vaLo, vaHi, hostPage);
      return;
    }
    if (context.pair < 0) return;
    const vpn = vaLo >>> 12;
    const entry = flatEntry(hostPage, vaLo & ~0xfff);
    const table = (this.#layout.tables + context.pair * FLAT_PAIR_BYTES) >>> 2;
    const pair = this.#pairs[context.pair]!;
    if (readable) this.#fillFlat(table, pair.reads, vpn, entry);
    if (writable) this.#fillFlat(table + FLAT_TABLE_BYTES / 4, pair.writes, vpn, entry);
  }

  /** Flushing this page shall renew the context of fetches. */
  depend(context: Context, vaLo: number, vaHi: number): void {
    context.dependents.add(pageNumber(vaLo, vaHi));
  }

  fillCode(context: Context, vaLo: number, vaHi: number, recordBase: number): void {
    const word = this.#codeWord(context, vaLo);
    this.#words[word] = (vaLo & ~0xfff) | context.id;
    this.#words[word + 1] = vaHi;
    this.#words[word + 2] = recordBase;
  }

  /** sfence.vma: drops translations of one page or of all pages, in one ASID or in all. */
  flush(vaLo: number, vaHi: number, allAddresses: boolean, asid: number, allAsids: boolean): void {
    for (const space of this.#spaces) {
      if (!allAsids && space.asid !== asid) continue;
      for (const context of space.data) {
        if (context === undefined) continue;
        if (allAddresses || context.hasSuperpage) this.#renew(context);
        else this.dropData(context, vaLo, vaHi);
      }
      for (const context of space.fetch) {
        if (context === undefined) continue;
        if (allAddresses || context.hasSuperpage || context.dependents.has(pageNumber(vaLo, vaHi)))
          this.#renew(context);
        else this.#dropEntry(this.#codeWord(context, vaLo), context, vaLo, vaHi);
      }
    }
  }

  /** Drops every translation and forgets every context. Contexts given out before are dead. */
  flushAll(): void {
    for (const pair of this.#pairs) this.#releasePair(pair);
    this.#spaces = [];
    this.#restartIds();
  }

  /** Takes away every write entry of a frame, because code is about to be decoded from it. */
  revokeWrites(hostPage: number): void {
    const frame = (hostPage - this.#layout.ram) >>> 12;
    if (this.#writable[frame] === 0) return;
    this.#writable[frame] = 0;
    for (let i = 0; i < this.#pairs.length; i++) this.#revokeFlat(i, hostPage);
    const words = this.#words;
    const first = this.#layout.highWriteTlb >>> 2;
    for (let word = first; word < first + HIGH_TLB_ENTRIES * WORDS_PER_ENTRY; word += WORDS_PER_ENTRY) {
      if (words[word + 2] === hostPage) clearEntry(words, word);
    }
  }

  /** Takes away every code TLB entry that points to a page of records. */
  revokeCode(recordBase: number): void {
    const words = this.#words;
    const first = this.#layout.codeTlb >>> 2;
    for (let word = first; word < first + CODE_TLB_ENTRIES * WORDS_PER_ENTRY; word += WORDS_PER_ENTRY) {
      if (words[word + 2] === recordBase) clearEntry(words, word);
    }
  }

  /** Empties the code TLB. */
  revokeAllCode(): void {
    const start = this.#layout.codeTlb;
    this.#bytes.fill(0, start, start + CODE_TLB_ENTRIES * TLB_ENTRY_BYTES);
  }

  #space(satpLo: number, satpHi: number): AddressSpace {
    const spaces = this.#spaces;
    for (const space of spaces) {
      if (space.satpLo === satpLo && space.satpHi === satpHi) {
        space.lastUse = ++this.#runs;
        return space;
      }
    }
    if (spaces.length >= MAX_SPACES) this.#forgetOldestSpace();
    const created: AddressSpace = {
      satpLo,
      satpHi,
      asid: (satpHi >>> 12) & 0xffff,
      lastUse: ++this.#runs,
      data: [],
      fetch: [],
    };
    spaces.push(created);
    return created;
  }

  /** Its contexts' numbers are not used again before every TLB is cleared, so dropping it leaves only dead entries. */
  #forgetOldestSpace(): void {
    let oldest = 0;
    for (let i = 1; i < this.#spaces.length; i++) {
      if (this.#spaces[i]!.lastUse < this.#spaces[oldest]!.lastUse) oldest = i;
    }
    const [space] = this.#spaces.splice(oldest, 1);
    for (const context of space!.data)
      if (context !== undefined && context.pair >= 0) this.#releasePair(this.#pairs[context.pair]!);
  }

  #newContext(): Context {
    return { id: this.#takeId(), pair: -1, lastRun: 0, hasSuperpage: false, dependents: new Set() };
  }

  #renew(context: Context): void {
    context.hasSuperpage = false;
    context.dependents.clear();
    context.id = this.#takeId();
    if (context.pair >= 0) this.#clearPair(this.#pairs[context.pair]!, context.pair);
  }

  /** When the numbers run out, all TLBs are cleared and every living context is numbered anew. */
  #takeId(): number {
    if (this.#nextId > MAX_CONTEXT_ID) {
      this.#restartIds();
      for (const space of this.#spaces) {
        for (const context of space.data) if (context !== undefined) context.id = this.#nextId++;
        for (const context of space.fetch) if (context !== undefined) context.id = this.#nextId++;
      }
    }
    return this.#nextId++;
  }

  #restartIds(): void {
    this.#nextId = 1;
    this.#forgotten();
    this.revokeAllCode();
    const { highReadTlb, highWriteTlb } = this.#layout;
    this.#bytes.fill(0, highReadTlb, highReadTlb + HIGH_TLB_ENTRIES * TLB_ENTRY_BYTES);
    this.#bytes.fill(0, highWriteTlb, highWriteTlb + HIGH_TLB_ENTRIES * TLB_ENTRY_BYTES);
  }

  #givePair(context: Context): void {
    let index = this.#pairs.findIndex((pair) => pair.owner === undefined);
    if (index < 0) {
      index = 0;
      for (let i = 1; i < this.#pairs.length; i++) {
        if (this.#pairs[i]!.owner!.lastRun < this.#pairs[index]!.owner!.lastRun) index = i;
      }
      this.evictions++;
      this.#releasePair(this.#pairs[index]!);
    }
    this.#pairs[index]!.owner = context;
    context.pair = index;
  }

  #releasePair(pair: TablePair): void {
    if (pair.owner === undefined) return;
    this.#clearPair(pair, pair.owner.pair);
    pair.owner.pair = -1;
    pair.owner = undefined;
  }

  #clearPair(pair: TablePair, index: number): void {
    const table = (this.#layout.tables + index * FLAT_PAIR_BYTES) >>> 2;
    this.#undo(pair.reads, table);
    this.#undo(pair.writes, table + FLAT_TABLE_BYTES / 4);
  }

  #undo(log: FillLog, table: number): void {
    if (log.count > LOG_ENTRIES) this.#words.fill(0, table, table + FLAT_TABLE_BYTES / 4);
    else for (let i = 0; i < log.count; i++) this.#words[table + log.pages[i]!] = 0;
    log.count = 0;
  }

  #fillFlat(table: number, log: FillLog, vpn: number, entry: number): void {
    const word = table + vpn;
    if (this.#words[word] === 0) {
      if (log.count < LOG_ENTRIES) log.pages[log.count] = vpn;
      // One past the end means overflow; it stays there.
      if (log.count <= LOG_ENTRIES) log.count++;
    }
    this.#words[word] = entry;
  }

  #fillHigh(tlb: number, context: Context, vaLo: number, vaHi: number, hostPage: number): void {
    const word = (tlb + ((vaLo >>> 12) % HIGH_TLB_ENTRIES) * TLB_ENTRY_BYTES) >>> 2;
    this.#words[word] = (vaLo & ~0xfff) | context.id;
    this.#words[word + 1] = vaHi;
    this.#words[word + 2] = hostPage;
  }

  /** Drops the entries of one page in one context. */
  dropData(context: Context, vaLo: number, vaHi: number): void {
    if (!isFlat(vaLo, vaHi)) {
      for (const tlb of [this.#layout.highReadTlb, this.#layout.highWriteTlb])
        this.#dropEntry((tlb + ((vaLo >>> 12) % HIGH_TLB_ENTRIES) * TLB_ENTRY_BYTES) >>> 2, context, vaLo, vaHi);
    } else if (context.pair >= 0) {
      const word = ((this.#layout.tables + context.pair * FLAT_PAIR_BYTES) >>> 2) + (vaLo >>> 12);
      this.#words[word] = 0;
      this.#words[word + FLAT_TABLE_BYTES / 4] = 0;
    }
  }

  #codeWord(context: Context, vaLo: number): number {
    return (this.#layout.codeTlb + codeTlbIndex(vaLo, codeSpread(context.id)) * TLB_ENTRY_BYTES) >>> 2;
  }

  /** Drops a TLB's entry at `word` if it is for this address. */
  #dropEntry(word: number, context: Context, vaLo: number, vaHi: number): void {
    const words = this.#words;
    if (words[word] === ((vaLo & ~0xfff) | context.id) && words[word + 1] === vaHi) clearEntry(words, word);
  }

  #revokeFlat(index: number, hostPage: number): void {
    const { writes } = this.#pairs[index]!;
    const words = this.#words;
    const table = ((this.#layout.tables + index * FLAT_PAIR_BYTES + FLAT_TABLE_BYTES) >>> 2) >>> 0;
    const isComplete = writes.count <= LOG_ENTRIES;
    const count = isComplete ? writes.count : FLAT_TABLE_BYTES / 4;
    for (let i = 0; i < count; i++) {
      const vpn = isComplete ? writes.pages[i]! : i;
      if (words[table + vpn] === flatEntry(hostPage, vpn << 12)) words[table + vpn] = 0;
    }
  }
}

/** The first and the last page below 4 GiB never have flat entries: see translator/flat-access.ts. */
function isFlat(vaLo: number, vaHi: number): boolean {
  return vaHi === 0 && vaLo >>> 12 !== 0 && vaLo >>> 12 !== 0xfffff;
}

function pageNumber(vaLo: number, vaHi: number): number {
  return (vaHi >>> 0) * 0x10_0000 + (vaLo >>> 12);
}

function newLog(logs: Int32Array, index: number): FillLog {
  return { pages: logs.subarray(index * LOG_ENTRIES, (index + 1) * LOG_ENTRIES), count: 0 };
}

function clearEntry(words: Int32Array, word: number): void {
  words[word] = 0;
  words[word + 1] = 0;
  words[word + 2] = 0;
}
