/**
 * For tests and benchmarks: the interpreter on a bare, flat machine without privileges. Code and data pages of guest addresses below
 * 4 GiB are mapped one to one onto RAM when first touched; others are not there, and RAM below `writableFrom` cannot be written.
 *
 * Interface: TestMachine.
 */
import { CODE_TLB_ENTRIES, createLayout, flatEntry, FLAT_TABLE_BYTES, HART, HIGH_TLB_ENTRIES } from '../layout.ts';
import { RECORD_PAGE_BYTES, RECORD_PAGE_HOST, TLB_ENTRY_BYTES, type Layout } from '../layout.ts';
import { createInterpreter, type Interpreter } from '../interpreter.ts';
import type { LinearMemory, WasmPort } from '../wasm-port.ts';
import { EXIT, type ExitReason } from './exits.ts';

const CONTEXT = 1;

export class TestMachine {
  readonly layout: Layout;
  readonly memory: LinearMemory;
  readonly view: DataView;
  readonly interpreter: Interpreter;
  /** Guest address of RAM's first byte, page-aligned; may be above 4 GiB. */
  readonly base: bigint;
  private readonly writableFrom: number;
  private codePages = 0;
  private readonly codeOf = new Map<bigint, number>();

  constructor(
    port: WasmPort,
    options: { readonly base: bigint; readonly ramBytes: number; readonly writableFrom?: number },
  ) {
    this.layout = createLayout({ ramBytes: options.ramBytes, tablePairs: 1, codePages: 256 });
    this.base = options.base;
    this.writableFrom = options.writableFrom ?? 0;
    this.memory = port.createMemory(this.layout.wasmPages);
    this.view = new DataView(this.memory.buffer);
    this.interpreter = createInterpreter(port, this.memory, this.layout);
    this.setHart('fetchContext', CONTEXT);
    this.setHart('dataContext', CONTEXT);
    this.setHart('flatTable', this.layout.tables);
    this.clearReservation();
  }

  clearReservation(): void {
    this.view.setBigInt64(this.layout.hart + HART.reservation, -1n, true);
  }

  getHart(field: 'budget' | 'cause' | 'fflags' | 'frm' | 'instruction' | 'accessSize'): number {
    return this.view.getInt32(this.layout.hart + HART[field], true);
  }

  setHart(field: 'budget' | 'fflags' | 'frm' | 'fetchContext' | 'dataContext' | 'flatTable', value: number): void {
    this.view.setInt32(this.layout.hart + HART[field], value, true);
  }

  get64(field: 'pc' | 'tval'): bigint {
    return this.view.getBigUint64(this.layout.hart + HART[field], true);
  }

  set pc(value: bigint) {
    this.view.setBigUint64(this.layout.hart + HART.pc, value, true);
  }

  register(file: 'x' | 'f', index: number): bigint {
    return this.view.getBigUint64(this.layout.hart + HART[file] + 8 * index, true);
  }

  setRegister(file: 'x' | 'f', index: number, value: bigint): void {
    this.view.setBigUint64(this.layout.hart + HART[file] + 8 * index, value, true);
  }

  /** Linear-memory address of a guest address in RAM, or undefined. */
  host(address: bigint): number | undefined {
    const offset = address - this.base;
    return offset >= 0n && offset < BigInt(this.layout.ramBytes) ? this.layout.ram + Number(offset) : undefined;
  }

  /** Forgets all decoded code, as after a change of it. */
  dropCode(): void {
    for (let i = 0; i < CODE_TLB_ENTRIES; i++)
      this.view.setBigUint64(this.layout.codeTlb + i * TLB_ENTRY_BYTES, 0n, true);
    new Uint8Array(this.memory.buffer, this.layout.records, this.codePages * RECORD_PAGE_BYTES).fill(0);
    this.codePages = 0;
    this.codeOf.clear();
  }

  /** Runs until something that is not a matter of filling tables happens; a miss outside RAM is returned. */
  run(budget: number, one: () => ExitReason = () => this.interpreter.run()): ExitReason {
    this.setHart('budget', budget);
    for (;;) {
      const reason = one();
      if (reason === EXIT.decode) this.interpreter.encode();
      else if (reason === EXIT.fetch ? !this.fillCode() : !(isMiss(reason) && this.fillData(reason))) return reason;
    }
  }

  private fillCode(): boolean {
    const address = this.get64('tval');
    const host = this.host(address & ~0xfffn);
    if (host === undefined) return false;
    const page = address >> 12n;
    let records = this.codeOf.get(page);
    if (records === undefined) {
      records = this.layout.records + this.codePages++ * RECORD_PAGE_BYTES;
      this.codeOf.set(page, records);
      this.view.setInt32(records + RECORD_PAGE_HOST, host, true);
    }
    this.fillTlb(this.layout.codeTlb, CODE_TLB_ENTRIES, page, records);
    return true;
  }

  private fillData(reason: ExitReason): boolean {
    const address = this.get64('tval');
    const host = this.host(address & ~0xfffn);
    const isWrite = reason !== EXIT.loadMiss;
    if (host === undefined || (isWrite && host < this.layout.ram + this.writableFrom)) return false;
    const page = address >> 12n;
    if (page < 1n << 20n) {
      const at = this.layout.tables + (isWrite ? FLAT_TABLE_BYTES : 0) + Number(page) * 4;
      this.view.setInt32(at, flatEntry(host, Number(page) * 4096), true);
    } else this.fillTlb(isWrite ? this.layout.highWriteTlb : this.layout.highReadTlb, HIGH_TLB_ENTRIES, page, host);
    return true;
  }

  private fillTlb(tlb: number, entries: number, page: bigint, value: number): void {
    const entry = tlb + Number(page & BigInt(entries - 1)) * TLB_ENTRY_BYTES;
    this.view.setBigUint64(entry, BigInt.asUintN(64, page << 12n) | BigInt(CONTEXT), true);
    this.view.setInt32(entry + 8, value, true);
  }
}

function isMiss(reason: ExitReason): boolean {
  return reason === EXIT.loadMiss || reason === EXIT.storeMiss || reason === EXIT.amoMiss;
}
