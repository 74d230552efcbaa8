/**
 * Physical memory protection: sixteen entries with a grain of 4 KiB, so that every page is allowed or refused as a
 * whole and the check can be made when a translation is cached. Privileged Architecture, "Physical Memory Protection".
 *
 * Interface: Pmp, legalPmpConfig, pmpAddressLocked, readPmpAddressLo.
 * Invariant: Pmp holds the decoded form of the registers; refresh() after they changed.
 */
import { csrByName } from './csr-table.ts';
import { ACCESS, PRV } from './privileged.ts';
import type { Access } from './privileged.ts';

/** The registers' storage, by place. */
interface PmpRegisters {
  storedLo(index: number): number;
  storedHi(index: number): number;
}

const PMPADDR0 = csrByName('pmpaddr0').index;
const PMPCFG0 = csrByName('pmpcfg0').index;
const PMPCFG2 = csrByName('pmpcfg2').index;

const ENTRIES = 16;
const READ = 1;
const WRITE = 2;
const EXECUTE = 4;
const LOCKED = 0x80;
const MATCHING = { OFF: 0, TOR: 1, NA4: 2, NAPOT: 3 } as const;

/** log2(grain) - 2. */
const GRAIN = 10;

export class Pmp {
  /** First and last + 1 page of entry i, empty when it is off. */
  readonly #first = new Float64Array(ENTRIES);
  readonly #end = new Float64Array(ENTRIES);
  readonly #config = new Uint8Array(ENTRIES);

  refresh(registers: PmpRegisters): void {
    let previous = 0;
    for (let i = 0; i < ENTRIES; i++) {
      const config = pmpConfig(registers, i);
      const address = pmpAddress(registers, i);
      this.#config[i] = config;
      this.#first[i] = this.#end[i] = 0;
      switch ((config >> 3) & 3) {
        case MATCHING.TOR:
          this.#first[i] = Math.floor(previous / 1024);
          this.#end[i] = Math.floor(address / 1024);
          break;
        case MATCHING.NAPOT:
          this.#setNapot(i, registers);
          break;
      }
      previous = address;
    }
  }

  /** Whether `mode` may access the page `pfn` so. */
  allows(pfn: number, mode: number, access: Access): boolean {
    for (let i = 0; i < ENTRIES; i++) {
      if (pfn < this.#first[i]! || pfn >= this.#end[i]!) continue;
      const config = this.#config[i]!;
      if (mode === PRV.M && (config & LOCKED) === 0) return true;
      const needed = access === ACCESS.FETCH ? EXECUTE : access === ACCESS.STORE ? WRITE : READ;
      return (config & needed) !== 0;
    }
    return mode === PRV.M;
  }

  /** The low run of ones in the address gives the size: 2^(ones + 3) bytes, at least a page. */
  #setNapot(i: number, registers: PmpRegisters): void {
    const index = PMPADDR0 + i;
    const lo = registers.storedLo(index) | ((1 << (GRAIN - 1)) - 1);
    const hi = registers.storedHi(index);
    const ones = lo === -1 ? 32 + trailingOnes(hi) : trailingOnes(lo);
    const pages = 2 ** (ones + 3 - 12);
    const page = ((hi >>> 0) * 0x1_0000_0000 + (lo >>> 0)) / 1024;
    this.#first[i] = Math.floor(page / pages) * pages;
    this.#end[i] = this.#first[i]! + pages;
  }
}

/** What a write of [lo, hi] to a pmpcfg register leaves in it: locked entries stay, reserved combinations are made legal. */
export function legalPmpConfig(oldLo: number, oldHi: number, lo: number, hi: number): [number, number] {
  return [legalHalf(oldLo, lo), legalHalf(oldHi, hi)];
}

/** Whether pmpaddr[i] may not be written: its entry is locked, or the next one is and starts from it. */
export function pmpAddressLocked(registers: PmpRegisters, i: number): boolean {
  if ((pmpConfig(registers, i) & LOCKED) !== 0) return true;
  if (i + 1 === ENTRIES) return false;
  const next = pmpConfig(registers, i + 1);
  return (next & LOCKED) !== 0 && ((next >> 3) & 3) === MATCHING.TOR;
}

/** What pmpaddr[i] reads as: with a grain above four bytes the bits below it read as ones or zeros, depending on the mode. */
export function readPmpAddressLo(registers: PmpRegisters, i: number): number {
  const lo = registers.storedLo(PMPADDR0 + i);
  const isNapot = (pmpConfig(registers, i) & 0x10) !== 0;
  return isNapot ? lo | ((1 << (GRAIN - 1)) - 1) : lo & ~((1 << GRAIN) - 1);
}

function legalHalf(old: number, value: number): number {
  let result = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const oldByte = (old >> shift) & 0xff;
    const byte = (oldByte & LOCKED) !== 0 ? oldByte : legalByte((value >> shift) & 0x9f);
    result |= byte << shift;
  }
  return result;
}

/** W without R is reserved, and four-byte regions do not exist with this grain. */
function legalByte(byte: number): number {
  const withoutWrite = (byte & (READ | WRITE)) === WRITE ? byte & ~WRITE : byte;
  return ((byte >> 3) & 3) === MATCHING.NA4 ? withoutWrite & ~0x18 : withoutWrite;
}

function pmpConfig(registers: PmpRegisters, i: number): number {
  const index = i < 8 ? PMPCFG0 : PMPCFG2;
  const half = (i & 4) === 0 ? registers.storedLo(index) : registers.storedHi(index);
  return (half >> ((i & 3) * 8)) & 0xff;
}

/** The address in units of four bytes. */
function pmpAddress(registers: PmpRegisters, i: number): number {
  const index = PMPADDR0 + i;
  return (registers.storedHi(index) >>> 0) * 0x1_0000_0000 + (registers.storedLo(index) >>> 0);
}

function trailingOnes(word: number): number {
  return word === -1 ? 32 : 31 - Math.clz32(~word & (word + 1));
}
