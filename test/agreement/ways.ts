/**
 * The ways of executing that must agree.
 *
 * Interface: WAYS, Way.
 */
import type { MachineOptions } from '../../src/machine/machine.ts';

export interface Way {
  readonly name: string;
  readonly options: Pick<MachineOptions, 'tier'>;
  /** All caches are dropped after so many instructions, about. */
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
