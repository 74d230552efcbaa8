/**
 * The room for translated code: the table of functions, the bound on its size, and the marks in decoded code at which it is entered.
 *
 * Interface: CodeSpace, SpaceCounts.
 */
import type { TranslatorLinks } from '../interpreter.ts';
import { FIELD, REGION_FLAG } from '../interpreter/record.ts';
import { RECORD_BYTES } from '../layout.ts';
import type { CompiledModule, LinearMemory } from '../wasm-port.ts';
import type { JumpCacheEntries } from './jump-cache-entries.ts';
import { regionName } from './signature.ts';
import {
  entryKeyOf,
  rootKeyOf,
  Translations,
  type Batch,
  type PlacedRegion,
  type Translation,
} from './translations.ts';

export interface SpaceCounts {
  regions: number;
  codeBytes: number;
  evicted: number;
}

/** All modules together; the oldest go first. */
const MAX_CODE_BYTES = 48 << 20;

export class CodeSpace {
  readonly translations = new Translations();
  readonly counts: SpaceCounts = { regions: 0, codeBytes: 0, evicted: 0 };
  readonly #view: DataView;
  readonly #memory: LinearMemory;
  readonly #jumpCache: JumpCacheEntries;
  readonly #links: TranslatorLinks;
  readonly #records: (pageKey: number) => number | undefined;
  readonly #isOffered: (key: number) => boolean;

  /** `records` gives the page of records with a key; where code `isOffered` there is a mark though there is no translation. */
  constructor(
    memory: LinearMemory,
    links: TranslatorLinks,
    jumpCache: JumpCacheEntries,
    records: (pageKey: number) => number | undefined,
    isOffered: (key: number) => boolean,
  ) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
    this.#jumpCache = jumpCache;
    this.#links = links;
    this.#records = records;
    this.#isOffered = isOffered;
  }

  /** Instantiates a module; what is oldest makes room. */
  begin(module: CompiledModule, about: Pick<Batch, 'home' | 'kept'>): Batch {
    this.#makeRoom(module.bytes.length, 0);
    const exports = module.instantiate(this.#memory, this.#links.functions);
    this.counts.codeBytes += module.bytes.length;
    return { ...about, module, exports, members: new Set() };
  }

  /** Has a region of a batch found from now on; false where there is a translation already that is not older. */
  install(region: PlacedRegion, batch: Batch, index: number, generation: number): boolean {
    if (!this.lacks(region, generation)) return false;
    this.#makeRoom(0, 1 + region.entries.length, batch);
    const older = this.translations.at(rootKeyOf(region));
    if (older?.entrance.at === 0) this.remove([older.translation]);
    const further = region.entries.map((at, entry) => ({ at, name: regionName(index, entry) }));
    const ways = [{ at: 0, name: regionName(index) }, ...further.filter(({ name }) => name in batch.exports)];
    const entrances = ways.map(({ at, name }) => {
      const number = this.translations.takeNumber();
      this.#links.table.set(number, batch.exports[name]!);
      return { at, number };
    });
    const translation = { ...region, entrances, batch, index, generation };
    this.translations.add(translation);
    for (const { at } of entrances) this.mark(entryKeyOf(translation, at));
    this.counts.regions++;
    return true;
  }

  /** Whether at a region's root nothing begins that is not older. */
  lacks(region: PlacedRegion, generation: number): boolean {
    const found = this.translations.at(rootKeyOf(region));
    return found?.entrance.at !== 0 || found.translation.generation < generation;
  }

  remove(translations: readonly Translation[]): void {
    const gone = new Set<number>();
    for (const translation of translations) {
      const { entrances, batch } = translation;
      this.translations.remove(translation);
      for (const { number } of entrances) {
        this.#links.table.set(number, null);
        gone.add(number);
      }
      this.counts.regions--;
      if (batch.members.size === 0) this.counts.codeBytes -= batch.module.bytes.length;
      for (const { at } of entrances) this.mark(entryKeyOf(translation, at));
    }
    this.#jumpCache.remove(gone);
  }

  /** Marks the record of the place with a key if translated code can be entered there, or takes the mark away. */
  mark(key: number): void {
    const records = this.#records(Math.floor(key / 4096));
    if (records === undefined) return;
    const record = records + ((key % 4096) >>> 1) * RECORD_BYTES;
    const op = this.#view.getUint16(record + FIELD.op, true);
    const isEntrance = this.translations.at(key) !== undefined || this.#isOffered(key);
    this.#view.setUint16(record + FIELD.op, isEntrance ? op | REGION_FLAG : op & ~REGION_FLAG, true);
  }

  #makeRoom(bytes: number, entrances: number, kept?: Batch): void {
    for (const batch of this.translations.batches) {
      if (this.#hasRoomFor(bytes, entrances)) return;
      if (batch === kept) continue;
      this.counts.evicted += batch.members.size;
      this.remove([...batch.members]);
    }
  }

  #hasRoomFor(bytes: number, entrances: number): boolean {
    return this.counts.codeBytes + bytes <= MAX_CODE_BYTES && this.translations.hasRoomFor(entrances);
  }
}
