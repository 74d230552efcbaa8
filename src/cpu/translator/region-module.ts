/**
 * A batch of regions as one WebAssembly module, which exports them and their further ways in (regionName). It imports from the interpreter's instance what regions
 * call: dispatch, time, and those functions of exact floating-point arithmetic that occur.
 *
 * Interface: buildModule, Candidate.
 */
import type { Expr, Stmt } from '../../isa/graph.ts';
import type { FpPrimitive } from '../../isa/fp-ops.ts';
import { FP_PRIMITIVES } from '../../isa/fp-ops.ts';
import type { FuncRef, GlobalRef } from '../../wasm/code.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import type { FpHost } from '../fp/fp-host.ts';
import type { Layout } from '../layout.ts';
import { emitRegion } from './emit-region.ts';
import type { Entry } from './entries.ts';
import { timeRegister } from './instruction.ts';
import type { Region } from './region.ts';
import { DISPATCH_PARAMS, ENTRY, REGION_PARAMS, REGION_RESULTS, regionName } from './signature.ts';

/** A region to be translated. */
export interface Candidate {
  readonly region: Region;
  /** Distance of its root from that of the batch's first region, in guest bytes; 0 where that means nothing. */
  readonly at: number;
  /** Numbers of the pages on which its code lies, the first region's root being on page 0. */
  readonly pages: ReadonlySet<number>;
}

const WASM_PAGE_BYTES = 65536;
const MAX_WASM_PAGES = 65536;

export function buildModule(layout: Layout, host: FpHost, batch: readonly Candidate[]): Uint8Array {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', Math.ceil(layout.ram / WASM_PAGE_BYTES), { maximum: MAX_WASM_PAGES });
  const dispatch = module.importFunction('env', 'dispatch', DISPATCH_PARAMS, REGION_RESULTS);
  const time = readsTime(batch) ? module.importFunction('env', 'time', ['i32'], ['i64']) : undefined;
  const exact = new Map<FpPrimitive, FuncRef>();
  for (const name of fpPrimitives(batch)) exact.set(name, importPrimitive(module, name));
  const fp = { functions: exact, host };
  const functions = batch.map((_, i) => module.declare(regionName(i), REGION_PARAMS, REGION_RESULTS));
  const byRoot = new Map(batch.map(({ at }, i) => [at, i]));
  const global = (initial: number): GlobalRef => module.global('i32', true, initial);
  batch.forEach(({ region, at, pages }, i) => {
    const callee = (offset: number): { region: FuncRef; isSafe: boolean } | undefined => {
      const index = byRoot.get(at + offset);
      if (index === undefined) return undefined;
      const isSafe = [...batch[index]!.pages].every((page) => pages.has(page));
      return { region: functions[index]!, isSafe };
    };
    let entries: readonly Entry[] = [];
    module.define(
      functions[i]!,
      (code) => (entries = emitRegion(code, layout, region, { dispatch, time, fp, callee, global })),
    );
    module.exportFunction(regionName(i), functions[i]!);
    for (const { index, value } of entries)
      defineEntry(module, regionName(i, index), functions[i]!, region.entries[index]!.at, value);
  });
  return module.toBytes({ branchHints: true });
}

/** A way into a region at an offset from its root. */
function defineEntry(module: ModuleBuilder, name: string, region: FuncRef, at: number, value: number): void {
  module.function(
    name,
    REGION_PARAMS,
    REGION_RESULTS,
    (code, pc, budget, depth) => {
      code.get(pc!).i64(at).op('i64.sub').get(budget!);
      code
        .get(depth!)
        .i32(value << ENTRY.shift)
        .op('i32.or')
        .returnCall(region);
    },
    name,
  );
}

function readsTime(batch: readonly Candidate[]): boolean {
  return batch.some(({ region }) =>
    region.blocks.some(({ instructions }) => instructions.some(({ decoded }) => timeRegister(decoded) !== 0)),
  );
}

function importPrimitive(module: ModuleBuilder, name: FpPrimitive): FuncRef {
  const { operands, rounded } = FP_PRIMITIVES.get(name)!;
  const params = [...new Array<'i64'>(operands).fill('i64'), ...(rounded ? (['i32'] as const) : [])];
  return module.importFunction('env', name, params, ['i64']);
}

function fpPrimitives(batch: readonly Candidate[]): Set<FpPrimitive> {
  const graphs = new Set<readonly Stmt[]>();
  for (const { region } of batch)
    for (const { instructions } of region.blocks) for (const { graph } of instructions) graphs.add(graph);
  const names = new Set<FpPrimitive>();
  for (const graph of graphs) for (const expr of boundExpressions(graph)) if (expr.op === 'fp') names.add(expr.name);
  return names;
}

/** Effects are always bound by a `let`. */
function boundExpressions(graph: readonly Stmt[]): Expr[] {
  return graph.flatMap((statement) => {
    if (statement.do === 'let') return [statement.expr];
    return statement.do === 'if' ? [...boundExpressions(statement.then), ...boundExpressions(statement.otherwise)] : [];
  });
}
