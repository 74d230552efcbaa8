import { describe, expect, it } from 'vitest';
import type { Kernel } from '../kernel.ts';
import { newLoad, updateLoad } from './load.ts';

const SECOND = 1e9;

describe('load averages', () => {
  it('come near the number of running tasks, the short one first', () => {
    const kernel = kernelWith('running', 'ready', 'sleeping');
    for (let now = 0; now <= 300 * SECOND; now += SECOND) updateLoad(kernel, now);
    const [one, five, fifteen] = kernel.load.averages.map((load) => load / 2048);
    expect(one).toBeCloseTo(2, 1);
    expect(five).toBeCloseTo(2 * (1 - Math.exp(-1)), 1);
    expect(fifteen).toBeCloseTo(2 * (1 - Math.exp(-1 / 3)), 1);
  });

  it('decay over a time in which the kernel was not entered', () => {
    const kernel = kernelWith('running');
    for (let now = 0; now <= 300 * SECOND; now += SECOND) updateLoad(kernel, now);
    kernel.tasks.get(0)!.state = 'sleeping';
    const before = kernel.load.averages[0];
    updateLoad(kernel, 360 * SECOND);
    expect(kernel.load.averages[0] / before).toBeCloseTo(Math.exp(-1), 1);
    expect(kernel.load.nextNs).toBeGreaterThan(360 * SECOND);
  });
});

function kernelWith(...states: string[]): Kernel {
  return { tasks: new Map(states.map((state, tid) => [tid, { state }])), load: newLoad() } as unknown as Kernel;
}
