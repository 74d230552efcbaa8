import { describe, expect, it } from 'vitest';
import type { Kernel } from '../kernel.ts';
import { setRealtime } from './clocks.ts';
import { armTimer, cancelTimer, nextTimerNs, realtimeNow, takeExpired } from './timers.ts';

function kernelWithTimers(now = 0): Kernel {
  return {
    nextId: 1,
    timers: { heap: [], live: new Set() },
    bootTime: { realtimeSec: 0, realtimeNsec: 0, portMonotonicNs: 0 },
    vdso: null,
    timerProgrammedNs: 0,
    machine: { timer: { nowNs: () => now } },
  } as unknown as Kernel;
}

describe('timers', () => {
  it('fire in order of deadline, then of arming, whatever the order of arming', () => {
    const kernel = kernelWithTimers();
    let seed = 7;
    const deadlines: number[] = [];
    for (let i = 0; i < 500; i++) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      deadlines.push(seed % 50);
      armTimer(kernel, seed % 50, 'wake-task', i, 0);
    }
    const fired: [number, number][] = [];
    for (let timer = takeExpired(kernel, 100); timer !== undefined; timer = takeExpired(kernel, 100))
      fired.push([timer.deadlineNs, timer.subject]);
    const expected = deadlines.map((deadline, i) => [deadline, i] as [number, number]);
    expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(fired).toEqual(expected);
  });

  it('do not fire before their deadline nor after they are cancelled', () => {
    const kernel = kernelWithTimers();
    const first = armTimer(kernel, 10, 'wake-task', 1, 0);
    armTimer(kernel, 20, 'wake-task', 2, 0);
    expect(takeExpired(kernel, 9)).toBeUndefined();
    cancelTimer(kernel, first);
    expect(nextTimerNs(kernel)).toBe(20);
    expect(takeExpired(kernel, 20)?.subject).toBe(2);
    expect(nextTimerNs(kernel)).toBe(Infinity);
  });

  it('cancelled ones do not pile up', () => {
    const kernel = kernelWithTimers();
    armTimer(kernel, 1e9, 'wake-task', 1, 0);
    for (let i = 0; i < 10_000; i++) cancelTimer(kernel, armTimer(kernel, 1e6 + i, 'wake-task', 2, 0));
    expect(kernel.timers.heap.length).toBeLessThan(200);
  });
});

describe('realtime', () => {
  it('reads what was set, at any monotonic time', () => {
    const kernel = kernelWithTimers(1_999_999_999);
    setRealtime(kernel, { sec: 1000, nsec: 5 });
    expect(realtimeNow(kernel)).toEqual({ sec: 1000, nsec: 5 });
  });
});
