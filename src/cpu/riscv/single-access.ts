/**
 * Accesses that may not be cached are carried out by the interpreter itself, for one instruction: the entry that it
 * needs is filled, the hart runs with a budget of one, and the entry is taken away. So there is no second
 * implementation of loads, stores and AMOs.
 *
 *   store to a frame with decoded code: afterwards the code is dropped
 *   device load:  the device is read first, into the bounce page at the address's offset
 *   device store: the bounce page is written by the instruction, and the device from there
 *
 * Interface: SingleAccess.
 * Invariant: between finish() and the next begin…() no entry maps the bounce page, and no frame with code is writable.
 */
import type { Layout } from '../layout.ts';
import type { Bus } from './bus.ts';
import type { CodeCache } from './code-cache.ts';
import type { Mmu } from './mmu.ts';
import { ACCESS } from './privileged.ts';
import type { Translator } from './translate.ts';

export class SingleAccess {
  /** Whether the hart may run just one instruction. */
  isPending = false;
  readonly #layout: Layout;
  readonly #words: Int32Array;
  readonly #bus: Bus;
  readonly #mmu: Mmu;
  readonly #code: CodeCache;
  readonly #translator: Translator;
  /** Frames with code that are writable for now (two when a store crosses pages), by their offset in linear memory. */
  readonly #codePages: number[] = [];
  #device: { vaLo: number; vaHi: number; pa: number; size: number; isStore: boolean } | undefined;

  constructor(layout: Layout, words: Int32Array, bus: Bus, mmu: Mmu, code: CodeCache, translator: Translator) {
    this.#layout = layout;
    this.#words = words;
    this.#bus = bus;
    this.#mmu = mmu;
    this.#code = code;
    this.#translator = translator;
  }

  /** The translation just made is for a store to a frame with code. */
  beginCodeStore(vaLo: number, vaHi: number): void {
    this.#translator.fillData(vaLo, vaHi, ACCESS.STORE);
    this.#codePages.push(this.#translator.hostPage);
    this.isPending = true;
  }

  /** The translation just made is for an aligned access outside RAM. False: nothing answers there. */
  beginDevice(vaLo: number, vaHi: number, size: number, isStore: boolean): boolean {
    const offset = vaLo & 0xfff;
    const pa = this.#translator.pfn * 4096 + offset;
    if (!isStore) {
      if (!this.#bus.load(pa, size)) return false;
      const word = (this.#layout.bounce + (offset & ~3)) >>> 2;
      // Devices give values from bit 0; bytes and halfwords lie within their word.
      this.#words[word] = this.#bus.lo << ((offset & 3) * 8);
      if (size === 8) this.#words[word + 1] = this.#bus.hi;
    } else if (!this.#bus.answers(pa)) return false;
    this.#device = { vaLo, vaHi, pa, size, isStore };
    this.#translator.mapBounce(vaLo, vaHi);
    this.isPending = true;
    return true;
  }

  /** Takes the entries away. `isDone` says whether the instruction has retired. */
  finish(isDone: boolean): void {
    this.isPending = false;
    for (const hostPage of this.#codePages) {
      this.#mmu.revokeWrites(hostPage);
      if (isDone) this.#code.invalidate((hostPage - this.#layout.ram) >>> 12);
    }
    this.#codePages.length = 0;
    const device = this.#device;
    if (device === undefined) return;
    this.#device = undefined;
    this.#translator.unmapBounce(device.vaLo, device.vaHi);
    if (isDone && device.isStore) this.#storeToDevice(device.pa, device.size);
  }

  #storeToDevice(pa: number, size: number): void {
    const offset = pa & 0xfff;
    const word = (this.#layout.bounce + (offset & ~3)) >>> 2;
    const lo = this.#words[word]! >>> ((offset & 3) * 8);
    const mask = size === 1 ? 0xff : size === 2 ? 0xffff : -1;
    this.#bus.store(pa, size, lo & mask, size === 8 ? this.#words[word + 1]! : 0);
  }
}
