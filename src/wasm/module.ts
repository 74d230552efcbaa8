/**
 * Builds one WebAssembly module in the binary format (core specification, section 5.5).
 *
 *   const module = new ModuleBuilder();
 *   module.importMemory('env', 'memory', pages);                    // all imports first
 *   const log = module.importFunction('env', 'log', ['i32'], []);
 *   const helper = module.declare('helper', ['i64', 'i64'], ['i64']);   // may be called before it is defined
 *   const main = module.function('main', ['i64'], ['i64'], (code, a) => code.get(a).get(a).call(helper), 'main');
 *   module.define(helper, (code, x, y) => code.get(x).get(y).op('i64.add'));
 *   const bytes = module.toBytes();
 *
 * A FuncRef is the symbolic reference: several authors can add functions to the same module and call each other's, in
 * any order. The fourth argument of `function` writes the body; a fifth exports it under that name.
 *
 * Interface: ModuleBuilder.
 * Invariant: function imports precede definitions, so an index is final when its FuncRef is handed out.
 */
import { ByteWriter } from './bytes.ts';
import { CodeEmitter, type FuncRef, type GlobalRef, type Local } from './code.ts';
import { VALTYPE_CODE, type ValType } from './opcodes.ts';

export type Body = (code: CodeEmitter, ...params: Local[]) => unknown;

const EXTERNAL_KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;

export class ModuleBuilder {
  private readonly types: { params: readonly ValType[]; results: readonly ValType[] }[] = [];
  private readonly typeByKey = new Map<string, number>();
  private readonly imports: ((out: ByteWriter) => void)[] = [];
  private importedFunctions = 0;
  private importedTables = 0;
  private importedGlobals = 0;
  private readonly functions: { ref: FuncRef; type: number; body: ReturnType<CodeEmitter['finish']> | undefined }[] =
    [];
  private readonly tables: { min: number; max: number }[] = [];
  private memory: { min: number; max: number } | undefined;
  private readonly globals: { type: ValType; mutable: boolean; initial: bigint | number }[] = [];
  private readonly exports: { name: string; kind: number; index: number }[] = [];
  private readonly elements: { table: number; offset: number; functions: readonly FuncRef[] }[] = [];
  private readonly data: { offset: number; bytes: Uint8Array }[] = [];

  importFunction(module: string, name: string, params: readonly ValType[], results: readonly ValType[]): FuncRef {
    if (this.functions.length > 0) throw new Error(`import of ${name} after a function was declared`);
    const type = this.typeIndex(params, results);
    this.imports.push((out) => {
      out.name(module);
      out.name(name);
      out.byte(EXTERNAL_KIND.function);
      out.u32(type);
    });
    return { index: this.importedFunctions++, name, params, results };
  }

  /** A memory of exactly `pages` 64 KiB pages. */
  importMemory(module: string, name: string, pages: number, { maximum = pages, shared = false } = {}): void {
    this.imports.push((out) => {
      out.name(module);
      out.name(name);
      out.byte(EXTERNAL_KIND.memory);
      out.byte(shared ? 3 : 1);
      out.u32(pages);
      out.u32(maximum);
    });
  }

  importTable(module: string, name: string, min: number): number {
    if (this.tables.length > 0) throw new Error('table import after a table definition');
    this.imports.push((out) => {
      out.name(module);
      out.name(name);
      out.byte(EXTERNAL_KIND.table);
      out.byte(VALTYPE_CODE.funcref);
      out.byte(0);
      out.u32(min);
    });
    return this.importedTables++;
  }

  importGlobal(module: string, name: string, type: ValType, mutable: boolean): GlobalRef {
    if (this.globals.length > 0) throw new Error('global import after a global definition');
    this.imports.push((out) => {
      out.name(module);
      out.name(name);
      out.byte(EXTERNAL_KIND.global);
      out.byte(VALTYPE_CODE[type]);
      out.byte(mutable ? 1 : 0);
    });
    return { index: this.importedGlobals++, type };
  }

  /** Announces a function so that others can call it; `define` must follow. */
  declare(name: string, params: readonly ValType[], results: readonly ValType[]): FuncRef {
    const ref = { index: this.importedFunctions + this.functions.length, name, params, results };
    this.functions.push({ ref, type: this.typeIndex(params, results), body: undefined });
    return ref;
  }

  define(ref: FuncRef, body: Body): void {
    const entry = this.functions[ref.index - this.importedFunctions];
    if (!entry || entry.body) throw new Error(`${ref.name} is not a function awaiting its body`);
    const code = new CodeEmitter(ref.params, (params, results) => this.typeIndex(params, results));
    body(code, ...code.params);
    entry.body = code.finish();
  }

  function(
    name: string,
    params: readonly ValType[],
    results: readonly ValType[],
    body: Body,
    exportName?: string,
  ): FuncRef {
    const ref = this.declare(name, params, results);
    this.define(ref, body);
    if (exportName !== undefined) this.exportFunction(exportName, ref);
    return ref;
  }

  defineMemory(min: number, max = min): void {
    this.memory = { min, max };
  }

  /** A table of functions; returns its index. */
  table(min: number, max = min): number {
    return this.importedTables + this.tables.push({ min, max }) - 1;
  }

  /** Puts functions into a table from `offset`. */
  elementsAt(table: number, offset: number, functions: readonly FuncRef[]): void {
    this.elements.push({ table, offset, functions });
  }

  global(type: ValType, mutable: boolean, initial: bigint | number): GlobalRef {
    this.globals.push({ type, mutable, initial });
    return { index: this.importedGlobals + this.globals.length - 1, type };
  }

  dataAt(offset: number, bytes: Uint8Array): void {
    this.data.push({ offset, bytes });
  }

  exportFunction(name: string, ref: FuncRef): void {
    this.exports.push({ name, kind: EXTERNAL_KIND.function, index: ref.index });
  }

  exportMemory(name: string): void {
    this.exports.push({ name, kind: EXTERNAL_KIND.memory, index: 0 });
  }

  exportTable(name: string, table: number): void {
    this.exports.push({ name, kind: EXTERNAL_KIND.table, index: table });
  }

  exportGlobal(name: string, global: GlobalRef): void {
    this.exports.push({ name, kind: EXTERNAL_KIND.global, index: global.index });
  }

  /** `branchHints`: pass on which branches are unlikely (the branch hinting proposal; a custom section, which engines may ignore). */
  toBytes({ branchHints = false } = {}): Uint8Array {
    const out = new ByteWriter();
    out.raw(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00));
    section(out, 1, this.types, (w, type) => {
      w.byte(0x60);
      valTypes(w, type.params);
      valTypes(w, type.results);
    });
    section(out, 2, this.imports, (w, write) => write(w));
    section(out, 3, this.functions, (w, f) => w.u32(f.type));
    section(out, 4, this.tables, (w, table) => {
      w.byte(VALTYPE_CODE.funcref);
      limits(w, table);
    });
    section(out, 5, this.memory ? [this.memory] : [], limits);
    section(out, 6, this.globals, (w, global) => {
      w.byte(VALTYPE_CODE[global.type]);
      w.byte(global.mutable ? 1 : 0);
      const initial = new CodeEmitter([], () => 0);
      if (global.type === 'i64') initial.i64(global.initial);
      else if (global.type === 'f64') initial.f64(Number(global.initial));
      else if (global.type === 'f32') initial.f32(Number(global.initial));
      else initial.i32(Number(global.initial));
      w.raw(initial.finish().bytes.subarray(1));
    });
    section(out, 7, this.exports, (w, e) => {
      w.name(e.name);
      w.byte(e.kind);
      w.u32(e.index);
    });
    section(out, 9, this.elements, (w, element) => {
      w.u32(element.table === 0 ? 0 : 2);
      if (element.table !== 0) w.u32(element.table);
      w.raw(new CodeEmitter([], () => 0).i32(element.offset).finish().bytes.subarray(1));
      if (element.table !== 0) w.byte(0);
      w.u32(element.functions.length);
      for (const f of element.functions) w.u32(f.index);
    });
    if (branchHints) this.branchHints(out);
    section(out, 10, this.functions, (w, f) => {
      if (!f.body) throw new Error(`${f.ref.name} has no body`);
      w.u32(f.body.bytes.length);
      w.raw(f.body.bytes);
    });
    section(out, 11, this.data, (w, segment) => {
      w.u32(0);
      w.raw(new CodeEmitter([], () => 0).i32(segment.offset).finish().bytes.subarray(1));
      w.u32(segment.bytes.length);
      w.raw(segment.bytes);
    });
    return out.toBytes();
  }

  private branchHints(out: ByteWriter): void {
    const hinted = this.functions.filter(({ body }) => body && body.unlikely.length > 0);
    if (hinted.length === 0) return;
    const [unlikely, hintBytes] = [0, 1];
    const content = new ByteWriter();
    content.name('metadata.code.branch_hint');
    content.u32(hinted.length);
    for (const { ref, body } of hinted) {
      content.u32(ref.index);
      content.u32(body!.unlikely.length);
      for (const at of body!.unlikely) {
        content.u32(at);
        content.u32(hintBytes);
        content.byte(unlikely);
      }
    }
    out.byte(0);
    out.u32(content.length);
    out.append(content);
  }

  private typeIndex(params: readonly ValType[], results: readonly ValType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.typeByKey.get(key);
    if (known !== undefined) return known;
    const index = this.types.push({ params, results }) - 1;
    this.typeByKey.set(key, index);
    return index;
  }
}

function section<T>(out: ByteWriter, id: number, items: readonly T[], write: (out: ByteWriter, item: T) => void): void {
  if (items.length === 0) return;
  const body = new ByteWriter();
  body.u32(items.length);
  for (const item of items) write(body, item);
  out.byte(id);
  out.u32(body.length);
  out.append(body);
}

function valTypes(out: ByteWriter, types: readonly ValType[]): void {
  out.u32(types.length);
  for (const type of types) out.byte(VALTYPE_CODE[type]);
}

function limits(out: ByteWriter, { min, max }: { min: number; max: number }): void {
  out.byte(1);
  out.u32(min);
  out.u32(max);
}
