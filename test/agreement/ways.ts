/**
 * The ways of executing that must agree.
 *
 * Interface: WAYS, PLAIN_ENGINE_WAY, KEPT_WAY, Way.
 */
import { withoutRelaxedSimd } from '../../src/cpu/fp/test-engine.ts';
import { memoryStore } from '../../src/host/test-code-store.ts';
import { nodeWasm } from '../../src/host/node/wasm.ts';
import type { MachineOptions } from '../../src/machine/machine.ts';

export interface Way {
  readonly name: string;
  readonly options: Pick<MachineOptions, 'tier'> & Partial<Pick<MachineOptions, 'wasm'>>;
  /** Code is kept and all caches are dropped after so many instructions, about. */
  readonly dropEvery: number;
  /** How many of the programs run so, in parts of a hundred: translating everything at its first execution takes its time. */
  readonly percent: number;
}

export const WAYS: readonly Way[] = [
  { name: 'interpreter', options: { tier: 'interpreter' }, dropEvery: Infinity, percent: 100 },
  { name: 'interpreter, caches dropped', options: { tier: 'interpreter' }, dropEvery: 1000, percent: 25 },
  { name: 'both tiers', options: { tier: 'both' }, dropEvery: Infinity, percent: 100 },
  { name: 'translator', options: { tier: 'translator' }, dropEvery: Infinity, percent: 5 },
  { name: 'translator, caches dropped', options: { tier: 'translator' }, dropEvery: 20_000, percent: 5 },
];

/** For bare machines, which are made for an engine. */
export const PLAIN_ENGINE_WAY = {
  name: 'translator, engine without relaxed SIMD',
  options: { tier: 'translator', wasm: withoutRelaxedSimd(nodeWasm) },
  dropEvery: 20_000,
  percent: 0,
} as const satisfies Way;

const STORE = memoryStore();

/** Runs what it translated itself before. */
export const KEPT_WAY = {
  name: 'translator, code kept',
  options: { tier: 'translator', wasm: { ...nodeWasm, openCodeStore: () => STORE } },
  dropEvery: 5_000,
  percent: 0,
} as const satisfies Way;
