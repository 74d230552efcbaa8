/**
 * The translator (tier 1): hot regions of guest code become WebAssembly, generated from the same rows as the interpreter.
 *
 * The interpreter stays in charge: where a region begins, its record carries a flag, and the interpreter enters the region through
 * the jump cache. A region comes back whenever it cannot go on (translator/signature.ts), with the exact state.
 *
 *   mapped-code.ts   decoded code as it is mapped       signature.ts                  how regions are called
 *   code-source.ts, region.ts   which code belongs together        flow-graph.ts, structure.ts   its control flow
 *   dataflow.ts, register-set.ts   which registers are in locals   budget.ts      its count of instructions
 *   emit-region.ts   its function                       region-module.ts              several as a module
 *   entries.ts       its further ways in
 *   loops.ts, loop-versions.ts, guards.ts   several rounds of a loop   words.ts        arithmetic on low halves
 *   flat-access.ts   its accesses to memory             access-groups.ts  those that share a look-up
 *   sums.ts          where accesses go                  pointer-chains.ts             where each waits for the one before
 *   memory-effects.ts   what they do                    wide-moves.ts                 those that only copy
 *   region-fp.ts     its floating point                 fp-windows.ts                 where that is the host's
 *   guest-registers.ts   its registers                  region-exits.ts, exit-stubs.ts   the ways out in the middle
 *   translations.ts, code-space.ts, code-places.ts   what exists   jump-cache.ts, jump-cache-entries.ts   how it is found
 *   heat.ts, tallies.ts, hot-roots.ts, allowance.ts   what to translate    module-order.ts, commissions.ts   on another thread
 *   kept-code.ts, kept-page.ts   what earlier runs have left
 *
 * Interface: CodeTranslator, TranslatedMemory, Tier, TranslatorStats.
 * Invariants: a translation lives no longer than the decoded pages that it was made from, and those are dropped before a store to them
 * is done. An entry of the jump cache holds for all of a region's pages in its context: a flush of any of them renews the context.
 */
import { detectFpHost, type FpHost } from './fp/fp-host.ts';
import type { TranslatorLinks } from './interpreter.ts';
import { HART, type Layout } from './layout.ts';
import { Allowance } from './translator/allowance.ts';
import { CodeSpace } from './translator/code-space.ts';
import { Commissions, type Commission } from './translator/commissions.ts';
import { Heat } from './translator/heat.ts';
import { chooseEntries } from './translator/entries.ts';
import { findRoots } from './translator/hot-roots.ts';
import { COUNTS, WANTED } from './translator/jump-cache.ts';
import { JumpCacheEntries } from './translator/jump-cache-entries.ts';
import { KeptCode, type KeptBatch } from './translator/kept-code.ts';
import { codePageAt, MappedCode, type CodePage, type Place } from './translator/mapped-code.ts';
import { orderFor } from './translator/module-order.ts';
import { buildModule, type Candidate } from './translator/region-module.ts';
import { formRegion, mayBeCase, type Region } from './translator/region.ts';
import { SIDE_EXITS, type SideExit } from './translator/signature.ts';
import { Tallies } from './translator/tallies.ts';
import {
  offsetsFromRoot,
  rootKey,
  type Batch,
  type PlacedRegion,
  type Translation,
  type Translations,
} from './translator/translations.ts';
import type { CodeStore, CompiledModule, LinearMemory, WasmPort, Workshop } from './wasm-port.ts';

/** Which tiers run: 'translator' translates everything when it is first executed, for tests. */
export type Tier = 'interpreter' | 'both' | 'translator';

export interface TranslatorStats {
  /** Instructions retired in translated code. */
  readonly retired: number;
  /** Regions that exist, their modules' size in bytes, and how many regions were ever made, dropped because of a change of their code or a flush, and evicted. */
  readonly regions: number;
  readonly codeBytes: number;
  readonly made: number;
  readonly invalidated: number;
  readonly evicted: number;
  readonly modules: number;
  /** Of the modules, those that were made on another thread. */
  readonly besideModules: number;
  /** Regions that were taken from what earlier runs have left; they do not count as made. */
  readonly revived: number;
  /**
   * The time for making code during which no guest ran, and of that the time in which the engine compiled it at once (it optimises code
   * later, beside).
   */
  readonly makingNs: number;
  readonly engineNs: number;
  /**
   * Why translated code was left for the interpreter or the translator: an instruction that is never translated; an access to memory that the
   * flat tables do not allow (not mapped yet, not aligned, a device, code); a trap; a jump or return to where no region is known; the end
   * of the budget; an ecall.
   */
  readonly sideExits: Readonly<Record<SideExit, number>>;
}

/** What the translator knows of decoded pages and address spaces; cpu/riscv/hart.ts gives it. */
export interface TranslatedMemory {
  /** Key of a page of records (translations.ts). */
  pageKey(records: number): number;
  /** The page of records with a key, or undefined where there is none now. */
  records(pageKey: number): number | undefined;
  /** Sees to it that an executable page that is mapped is in the code TLB, without any effect on the guest. */
  touch(lo: number, hi: number): void;
  /** Instructions retired in all. */
  retired(): number;
  /** Translated code depends on this page being mapped as it is, in the present context of fetches. */
  depend(lo: number, hi: number): void;
}

const MAX_BATCH_REGIONS = 12;
const MAX_BATCH_INSTRUCTIONS = 1500;
/** A question for an address that the jump cache does not know takes as long as so many ways out to the interpreter. */
const DEMAND_OF_QUESTION = 16;
/** After so many samples of where user mode is entered, the code there is translated. */
const HOT_ENTRY_SAMPLES = 16;
/** A region is translated anew so often at most when more of its code becomes known. */
const MAX_GENERATIONS = 4;

export class CodeTranslator {
  readonly tier: Tier;
  readonly #allowance = new Allowance();
  readonly #counts = {
    made: 0,
    revived: 0,
    invalidated: 0,
    modules: 0,
    besideModules: 0,
    makingNs: 0,
    engineNs: 0,
  };
  readonly #nowNs: () => number;
  readonly #port: WasmPort;
  readonly #memory: LinearMemory;
  readonly #view: DataView;
  readonly #words: Int32Array;
  readonly #layout: Layout;
  /** Found out when it is needed. */
  #fpHost: FpHost | undefined;
  readonly #code: TranslatedMemory;
  readonly #space: CodeSpace;
  readonly #translations: Translations;
  readonly #kept: KeptCode | undefined;
  readonly #commissions = new Commissions();
  readonly #heat = new Heat();
  readonly #jumpCache: JumpCacheEntries;
  /** Samples of where user mode is entered, by root. */
  readonly #entries = new Tallies(HOT_ENTRY_SAMPLES);
  /**
   * How often translated code wanted to go on where nothing is translated, by root, as far as the jump cache does not count it: its entries
   * come and go.
   */
  readonly #demands = new Tallies(-WANTED);

  constructor(
    port: WasmPort,
    memory: LinearMemory,
    layout: Layout,
    links: TranslatorLinks,
    code: TranslatedMemory,
    tier: Tier,
    nowNs: () => number,
    store?: CodeStore,
  ) {
    this.#port = port;
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#layout = layout;
    this.#code = code;
    this.tier = tier;
    this.#nowNs = nowNs;
    const isOffered = (key: number): boolean => this.#kept?.at(key) !== undefined;
    this.#jumpCache = new JumpCacheEntries(this.#words, layout, (place, times) => this.#keepDemand(place, times));
    this.#space = new CodeSpace(memory, links, this.#jumpCache, (pageKey) => code.records(pageKey), isOffered);
    this.#translations = this.#space.translations;
    const bytes = new Uint8Array(memory.buffer);
    if (store)
      this.#kept = new KeptCode(store, {
        host: () => this.#host(),
        contentOf: (pageKey) =>
          bytes.subarray(layout.ram + (pageKey >>> 1) * 4096, layout.ram + (pageKey >>> 1) * 4096 + 4096),
        offer: (key) => this.#space.mark(key),
      });
  }

  /** Instructions retired in translated code so far. */
  get retired(): number {
    return this.#count(COUNTS.retired);
  }

  stats(): TranslatorStats {
    const sideExits: Partial<Record<SideExit, number>> = {};
    for (const [i, cause] of SIDE_EXITS.entries())
      sideExits[cause] = (sideExits[cause] ?? 0) + this.#count(COUNTS.sideExits + 8 * i);
    return {
      retired: this.retired,
      ...this.#counts,
      ...this.#space.counts,
      sideExits: sideExits as Record<SideExit, number>,
    };
  }

  #count(offset: number): number {
    const word = (this.#layout.translated + offset) >>> 2;
    return (this.#words[word]! >>> 0) + this.#words[word + 1]! * 2 ** 32;
  }

  /** Answers the exit REGION at pc: afterwards the jump cache has an entry for it. */
  resolve(): void {
    const place = this.#place();
    const page = codePageAt(this.#view, this.#layout, place.lo, place.hi, place.context);
    // Without the page it is for the interpreter to ask for it first.
    const key = page && this.#keyOn(page, place.lo);
    if (key !== undefined && !this.#revive(key, place)) this.#answerDemand(key, place);
    const found = key === undefined ? undefined : this.#translations.at(key);
    const number = found && this.#isMapped(found.translation, found.entrance.at, place) ? found.entrance.number : 0;
    const mayBeUnmapped = key === undefined || found !== undefined || this.#kept?.at(key) !== undefined;
    this.#jumpCache.set(place, number, mayBeUnmapped);
  }

  /** Translates what is wanted, if it is wanted often or by a way out of a region that could be one within. */
  #answerDemand(key: number, place: Place): void {
    const known = this.#jumpCache.at(place);
    if (known > 0) return void this.#extend(place);
    this.#demands.add(key, DEMAND_OF_QUESTION - known);
    if (this.#isReady() && this.#demands.settle(key) && !this.#extend(place)) this.translateHere();
  }

  /** A page came into the code TLB, so that what was refused may now be mapped. */
  codeFilled(): void {
    this.#jumpCache.forgetUnmapped();
  }

  #keepDemand(place: Place, times: number): void {
    const page = codePageAt(this.#view, this.#layout, place.lo, place.hi, place.context);
    if (page) this.#demands.add(this.#keyOn(page, place.lo), times);
  }

  /**
   * Counts a sample of pc, in the present context; translates what has become hot. Where pc is part of translated code that was probably
   * running: such a sample counts only if that is known not to be so.
   */
  sample(lo: number, hi: number, isInterpreted: boolean): void {
    const place = { ...this.#place(), lo, hi };
    const page = codePageAt(this.#view, this.#layout, place.lo, place.hi, place.context);
    if (!page || !this.#isReady()) return;
    if (!isInterpreted && this.#translations.contain(this.#code.pageKey(page.records), lo & 0xfff)) return;
    if (!this.#heat.add(this.#keyOn(page, place.lo))) return;
    const code = this.#codeAt(place)!;
    const roots = findRoots(code, this.#returnOffset(place)).filter((at) => code.recordAt(at));
    const root = roots.find((at) => !this.#translationAt(code, at));
    if (root !== undefined) this.#translate(code, root);
  }

  /** Counts a sample of where user mode is entered, behind a system call: what follows there is translated when that happens often. */
  sampleEntry(): void {
    const place = this.#place();
    const page = codePageAt(this.#view, this.#layout, place.lo, place.hi, place.context);
    if (!page) return;
    const key = this.#keyOn(page, place.lo);
    this.#entries.add(key, 1);
    if (this.#entries.settle(key)) this.translateHere();
  }

  /** Translates at pc, whether it is hot or not. */
  translateHere(): void {
    const code = this.#codeAt(this.#place());
    const key = code && this.#rootKey(code, 0);
    if (key !== undefined && !this.#translations.at(key)) this.#translate(code!, 0);
  }

  /** Translates anew, with what is known by now, the regions that leave for pc; false where there are none. */
  #extend(place: Place): boolean {
    const code = this.#codeAt(place);
    const page = code?.page(0);
    if (!code || !page || !code.isExecuted(0)) return false;
    const key = this.#code.pageKey(page.records);
    let isExtended = false;
    for (const old of this.#translations.onPage(key)) {
      if (old.generation >= MAX_GENERATIONS) continue;
      const at = offsetsFromRoot(old, key, place.lo & 0xfff)[0]!;
      if (!old.exits.has(at) && !old.jumps.some((jump) => mayBeCase(jump, at))) continue;
      if (!code.isExecuted(-at) || this.#translationAt(code, -at) !== old) continue;
      if (!this.#isReady()) return false;
      this.#translate(code, -at, old.generation + 1);
      isExtended = true;
    }
    return isExtended;
  }

  /** A page of records has been made. */
  addPage(pageKey: number): void {
    this.#kept?.addPage(pageKey);
  }

  /** A page of records is being dropped. */
  dropPage(pageKey: number): void {
    this.#kept?.dropPage(pageKey);
    this.#commissions.dropPage(pageKey);
    const dropped = this.#translations.onPage(pageKey);
    if (dropped.length === 0) return;
    this.#counts.invalidated += dropped.length;
    this.#space.remove(dropped);
  }

  /** Keeps what exists for later runs. */
  keep(): void {
    this.#kept?.save(this.#translations.batches);
  }

  /** Forgets all translations. */
  flush(): void {
    this.#kept?.clear();
    this.#commissions.clear();
    for (const { members } of [...this.#translations.batches]) this.#space.remove([...members]);
    this.#heat.clear();
    this.#entries.clear();
    this.#demands.clear();
    this.forgetContexts();
  }

  /** Context numbers are being used anew. */
  forgetContexts(): void {
    this.#jumpCache.clear();
  }

  #place(): Place {
    const words = this.#words;
    const pc = (this.#layout.hart + HART.pc) >>> 2;
    return { lo: words[pc]!, hi: words[pc + 1]!, context: words[(this.#layout.hart + HART.fetchContext) >>> 2]! };
  }

  #codeAt(place: Place): MappedCode | undefined {
    const page = codePageAt(this.#view, this.#layout, place.lo, place.hi, place.context);
    if (!page) return undefined;
    const fpEnabled = (this.#code.pageKey(page.records) & 1) !== 0;
    const everythingIsKnown = this.tier === 'translator';
    const wasExecuted = ({ records }: CodePage, offset: number): boolean =>
      this.#kept?.isKnown(this.#code.pageKey(records), offset) ?? false;
    return new MappedCode(this.#view, this.#layout, place, { fpEnabled, everythingIsKnown, wasExecuted });
  }

  #returnOffset({ lo, hi }: Place): number | undefined {
    const ra = (this.#layout.hart + HART.x + 8) >>> 2;
    return this.#words[ra + 1] === hi ? this.#words[ra]! - lo : undefined;
  }

  #rootKey(code: MappedCode, at: number): number | undefined {
    const page = code.page(code.pageNumber(at));
    return page && this.#keyOn(page, code.place.lo + at);
  }

  /** The key of an address, of which the low half is given, on its page. */
  #keyOn(page: CodePage, lo: number): number {
    return rootKey(this.#code.pageKey(page.records), lo & 0xfff);
  }

  #translationAt(code: MappedCode, at: number): Translation | undefined {
    const key = this.#rootKey(code, at);
    return key === undefined ? undefined : this.#translations.at(key)?.translation;
  }

  /** Translates a root and what it calls, as far as that is known and not translated yet: here, or beside where there is a workshop. */
  #translate(code: MappedCode, root: number, generation = 0): void {
    if (!this.#isReady()) return;
    const workshop = this.#workshop();
    const startNs = this.#nowNs();
    const batch = this.#formBatch(code, root, generation);
    if (batch.length > 0) {
      const regions = batch.map((candidate) => this.#placed(code, candidate));
      if (workshop) this.#order(workshop, batch, { regions, generation });
      else this.#make(batch, { regions, generation });
    }
    this.#counts.makingNs += this.#nowNs() - startNs;
  }

  /** Where modules are made beside, as soon as it is open. Where everything is to be translated at once, nothing can wait for it. */
  #workshop(): Workshop | undefined {
    return this.tier === 'both' ? this.#port.workshop?.() : undefined;
  }

  #order(workshop: Workshop, batch: readonly Candidate[], commission: Commission): void {
    this.#commissions.add(commission);
    workshop.order(orderFor(this.#layout, this.#host(), batch), (made) => {
      if (!this.#commissions.take(commission)) return;
      const startNs = this.#nowNs();
      if (made) {
        this.#counts.besideModules++;
        this.#admit(commission, () => made);
      }
      // Whatever went wrong there will go wrong here, too, and be seen.
      else this.#make(batch, commission);
      this.#counts.makingNs += this.#nowNs() - startNs;
    });
  }

  #make(batch: readonly Candidate[], commission: Commission): void {
    const bytes = buildModule(this.#layout, this.#host(), batch);
    this.#admit(commission, () => this.#port.compile(bytes));
  }

  #host(): FpHost {
    return (this.#fpHost ??= detectFpHost(this.#port, this.#memory));
  }

  /** Has a finished module's regions found from now on. */
  #admit({ regions, generation }: Commission, compile: () => CompiledModule): void {
    const home = this.#kept?.homeOf(regions[0]!.pages.get(0)!);
    const batch = this.#begin(compile, { home });
    this.#allowance.spend(batch.module.bytes.length);
    this.#counts.modules++;
    regions.forEach((region, i) => {
      if (this.#space.install(region, batch, i, i === 0 ? generation : 0)) this.#counts.made++;
    });
    // It may be where some was refused.
    this.#jumpCache.forgetRefused();
  }

  #begin(compile: () => CompiledModule, about: Pick<Batch, 'home' | 'kept'>): Batch {
    const startNs = this.#nowNs();
    const batch = this.#space.begin(compile(), about);
    this.#counts.engineNs += this.#nowNs() - startNs;
    return batch;
  }

  /** Takes a region that earlier runs have left and that can be entered at a place, which has that key; false where there is none that holds. */
  #revive(key: number, place: Place): boolean {
    const found = this.#translations.at(key) ? undefined : this.#kept?.at(key);
    if (!found) return false;
    const { region, at, from } = found;
    const pages = this.#pagesAround(place, at, [...region.pages.keys()]);
    if (!pages || [...pages].some(([distance, pageKey]) => !this.#kept!.isSame(found, distance, pageKey))) return false;
    const placed = { ...region, pages };
    if (!this.#space.lacks(placed, region.generation)) return false;
    const startNs = this.#nowNs();
    this.#space.install(placed, this.#batchOf(from), region.index, region.generation);
    this.#kept!.take(placed);
    const root = place.lo - at;
    for (const entrance of [0, ...region.entries]) this.#jumpCache.forget({ ...place, lo: (root + entrance) | 0 });
    this.#counts.revived++;
    this.#counts.makingNs += this.#nowNs() - startNs;
    return true;
  }

  /** The batch of a kept module, compiled when it is needed first, and again after it was evicted. */
  #batchOf(kept: KeptBatch): Batch {
    if (kept.batch && this.#translations.batches.has(kept.batch)) return kept.batch;
    const { wasm, native } = kept.module;
    kept.batch = this.#begin(() => this.#port.revive?.(wasm, native) ?? this.#port.compile(wasm), {
      home: kept.home,
      kept,
    });
    return kept.batch;
  }

  /** Whether more can be made now. */
  #isReady(): boolean {
    return this.#canAfford() && this.#workshop()?.isBusy !== true;
  }

  #canAfford(): boolean {
    if (this.tier === 'translator') return true;
    return this.#allowance.isLeft({
      retired: this.#code.retired(),
      translated: this.retired,
      codeBytes: this.#space.counts.codeBytes,
      isBeside: this.#workshop() !== undefined,
    });
  }

  #formBatch(code: MappedCode, root: number, generation: number): Candidate[] {
    const batch: Candidate[] = [];
    const seen = new Set([root]);
    const queue = [root];
    let room = MAX_BATCH_INSTRUCTIONS;
    while (queue.length > 0 && batch.length < MAX_BATCH_REGIONS && room > 0) {
      const at = queue.shift()!;
      if (!code.isExecuted(at)) continue;
      // What exists already, or will soon, is called through the jump cache.
      if (at !== root && (this.#translationAt(code, at) || this.#kept?.at(this.#rootKey(code, at)!))) continue;
      if (this.#commissions.has(this.#rootKey(code, at)!)) continue;
      const formed = formRegion(code.from(at));
      if (!formed) continue;
      // What was translated often enough is not asked about again.
      const isSettled = at === root && generation >= MAX_GENERATIONS;
      const settled = isSettled ? { ...formed, exits: new Set<number>(), jumps: [] } : formed;
      const region = { ...settled, entries: chooseEntries(formed) };
      room -= region.size;
      batch.push({ region, at, pages: pagesOf(code, region, at) });
      for (const { end } of region.blocks) {
        if (end.kind !== 'call' || end.callee === undefined || seen.has(at + end.callee)) continue;
        seen.add(at + end.callee);
        queue.push(at + end.callee);
      }
    }
    return batch;
  }

  #placed(code: MappedCode, { region, at, pages }: Candidate): PlacedRegion {
    const first = code.pageNumber(at);
    const keys = [...pages].map((number) => [number - first, this.#code.pageKey(code.page(number)!.records)] as const);
    const { exits, jumps } = region;
    const entries = region.entries.map((entry) => entry.at);
    const rootOffset = (code.place.lo + at) & 0xfff;
    return { rootOffset, pages: new Map(keys), exits, jumps, entries, code: placesOf(region) };
  }

  /** Whether all pages of a translation are mapped as they were, around a place at an offset from its root that is. */
  #isMapped({ pages }: Translation, at: number, place: Place): boolean {
    const mapped = this.#pagesAround(place, at, [...pages.keys()]);
    if (!mapped || [...mapped].some(([distance, key]) => key !== pages.get(distance))) return false;
    const root = (place.lo - at) >>> 12;
    for (const distance of pages.keys()) this.#code.depend((root + distance) << 12, place.hi);
    return true;
  }

  /** Keys of the pages at some distances from that of a root, at an offset from which a place is; undefined if one is not mapped. */
  #pagesAround({ lo, hi, context }: Place, at: number, distances: readonly number[]): Map<number, number> | undefined {
    const root = (lo - at) >>> 12;
    const keys = new Map<number, number>();
    for (const distance of distances) {
      const number = root + distance;
      if (number < 0 || number >= 1 << 20) return undefined;
      this.#code.touch(number << 12, hi);
      const page = codePageAt(this.#view, this.#layout, number << 12, hi, context);
      if (!page) return undefined;
      keys.set(distance, this.#code.pageKey(page.records));
    }
    return keys;
  }
}

function placesOf({ blocks }: Region): Int32Array {
  return Int32Array.from(blocks.flatMap(({ instructions }) => instructions.map(({ at }) => at)));
}

/** Pages on which a region's code lies, counted from the place's. */
function pagesOf(code: MappedCode, region: Region, root: number): Set<number> {
  const pages = new Set<number>();
  for (const { instructions } of region.blocks)
    for (const { at, length } of instructions) {
      pages.add(code.pageNumber(root + at));
      pages.add(code.pageNumber(root + at + length - 1));
    }
  return pages;
}
