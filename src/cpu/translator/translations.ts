/**
 * The translations that exist: by number (their place in the table of functions), by root, and by the pages on which their code lies.
 *
 * A translation belongs to physical pages in one floating-point state, as decoded code does: a `pageKey` is frame * 2 + fpDirty.
 *
 * Interface: Translations, Translation, PlacedRegion, Batch, rootKey, rootKeyOf.
 */
import { MAX_REGIONS } from './signature.ts';

/** Where a region lies, translated or not. */
export interface PlacedRegion {
  /** Offset of the root in its page. */
  readonly rootOffset: number;
  /** Keys of its pages by their distance in pages from the root's. */
  readonly pages: ReadonlyMap<number, number>;
  /** Where its code leaves it for code that was not known then: offsets from the root, of targets and of jumps to anywhere. */
  readonly exits: ReadonlySet<number>;
  readonly jumps: readonly number[];
}

export interface Translation extends PlacedRegion {
  /** Place in the table of functions. */
  readonly number: number;
  readonly batch: Batch;
  /** How often this root was translated before. */
  readonly generation: number;
}

/** Translations of one module. */
export interface Batch {
  readonly bytes: number;
  readonly members: Set<Translation>;
}

export class Translations {
  private readonly byNumber: (Translation | undefined)[] = [undefined];
  private readonly free: number[] = [];
  private readonly byRoot = new Map<number, Translation>();
  private readonly byPage = new Map<number, Set<Translation>>();
  /** Oldest first. */
  readonly batches = new Set<Batch>();

  get count(): number {
    return this.byRoot.size;
  }

  hasRoomFor(regions: number): boolean {
    return this.free.length + MAX_REGIONS - this.byNumber.length >= regions;
  }

  takeNumber(): number {
    return this.free.pop() ?? this.byNumber.push(undefined) - 1;
  }

  add(translation: Translation): void {
    this.byNumber[translation.number] = translation;
    this.byRoot.set(rootKeyOf(translation), translation);
    for (const page of translation.pages.values()) {
      const set = this.byPage.get(page);
      if (set) set.add(translation);
      else this.byPage.set(page, new Set([translation]));
    }
    translation.batch.members.add(translation);
    this.batches.add(translation.batch);
  }

  remove(translation: Translation): void {
    this.byNumber[translation.number] = undefined;
    this.free.push(translation.number);
    this.byRoot.delete(rootKeyOf(translation));
    for (const page of translation.pages.values()) {
      const set = this.byPage.get(page)!;
      set.delete(translation);
      if (set.size === 0) this.byPage.delete(page);
    }
    translation.batch.members.delete(translation);
    if (translation.batch.members.size === 0) this.batches.delete(translation.batch);
  }

  /** The one whose root has a key. */
  at(root: number): Translation | undefined {
    return this.byRoot.get(root);
  }

  onPage(pageKey: number): readonly Translation[] {
    return [...(this.byPage.get(pageKey) ?? [])];
  }
}

/** Names a region's root. */
export function rootKeyOf({ pages, rootOffset }: PlacedRegion): number {
  return rootKey(pages.get(0)!, rootOffset);
}

/** Names a place in physical memory, in one floating-point state. */
export function rootKey(pageKey: number, offset: number): number {
  return pageKey * 4096 + offset;
}
