/**
 * The guest code around an address of an address space, as far as it was executed: pages in the code TLB and what was decoded from them.
 *
 * Interface: MappedCode, CodePage.
 */
import { PSEUDO, REGION_FLAG } from '../interpreter/record.ts';
import { codeSpread, codeTlbIndex, RECORD_BYTES, RECORD_PAGE_HOST, TLB_ENTRY_BYTES, type Layout } from '../layout.ts';
import type { CodeSource } from './code-source.ts';

/** A page as the interpreter knows it. */
export interface CodePage {
  readonly records: number;
  readonly hostPage: number;
}

/** The page of records of a virtual page in a context, or undefined if the code TLB has none. Halves of an address on the page. */
export function codePageAt(
  view: DataView,
  layout: Layout,
  lo: number,
  hi: number,
  context: number,
): CodePage | undefined {
  const entry = layout.codeTlb + codeTlbIndex(lo, codeSpread(context)) * TLB_ENTRY_BYTES;
  if (view.getInt32(entry, true) !== ((lo & ~0xfff) | context) || view.getInt32(entry + 4, true) !== hi)
    return undefined;
  const records = view.getUint32(entry + 8, true);
  return { records, hostPage: view.getUint32(records + RECORD_PAGE_HOST, true) };
}

export interface Place {
  readonly lo: number;
  readonly hi: number;
  readonly context: number;
}

export class MappedCode {
  readonly place: Place;
  readonly fpEnabled: boolean;
  private readonly view: DataView;
  private readonly layout: Layout;
  private readonly everythingIsKnown: boolean;
  private readonly wasExecuted: (page: CodePage, offset: number) => boolean;
  private readonly pages = new Map<number, CodePage | undefined>();

  /** `everythingIsKnown`: code that was not executed counts as such too. `wasExecuted` knows of some that is not decoded. */
  constructor(
    view: DataView,
    layout: Layout,
    place: Place,
    {
      fpEnabled,
      everythingIsKnown,
      wasExecuted,
    }: {
      fpEnabled: boolean;
      everythingIsKnown: boolean;
      wasExecuted: (page: CodePage, offset: number) => boolean;
    },
  ) {
    this.view = view;
    this.layout = layout;
    this.place = place;
    this.fpEnabled = fpEnabled;
    this.everythingIsKnown = everythingIsKnown;
    this.wasExecuted = wasExecuted;
  }

  /** Number of the page of an offset; page 0 is that of the place. */
  pageNumber(at: number): number {
    return ((this.place.lo & 0xfff) + at) >> 12;
  }

  page(number: number): CodePage | undefined {
    if (this.pages.has(number)) return this.pages.get(number);
    const lo = (this.place.lo & ~0xfff) / 4096 + number;
    // Pages beyond a multiple of 4 GiB are left alone.
    const unsigned = (this.place.lo >>> 12) + number;
    const isNear = unsigned >= 0 && unsigned < 1 << 20;
    const page = isNear ? codePageAt(this.view, this.layout, lo << 12, this.place.hi, this.place.context) : undefined;
    this.pages.set(number, page);
    return page;
  }

  /** The record of the instruction at an offset. */
  recordAt(at: number): number | undefined {
    const page = this.page(this.pageNumber(at));
    return page && page.records + (((this.place.lo + at) & 0xffe) >>> 1) * RECORD_BYTES;
  }

  /** The code as seen from a root at an offset. */
  from(root: number): CodeSource {
    return {
      fpEnabled: this.fpEnabled,
      halfword: (at) => this.halfword(root + at),
      isKnown: (at) => this.isKnown(root + at),
    };
  }

  private halfword(at: number): number | undefined {
    const page = this.page(this.pageNumber(at));
    return page && this.view.getUint16(page.hostPage + ((this.place.lo + at) & 0xfff), true);
  }

  /** Whether the instruction at an offset was executed. */
  isExecuted(at: number): boolean {
    const page = this.page(this.pageNumber(at));
    if (!page) return false;
    const op = this.view.getUint16(this.recordAt(at)!, true) & ~REGION_FLAG;
    return op !== PSEUDO.undecoded || this.wasExecuted(page, (this.place.lo + at) & 0xfff);
  }

  private isKnown(at: number): boolean {
    return this.everythingIsKnown ? this.recordAt(at) !== undefined : this.isExecuted(at);
  }
}
