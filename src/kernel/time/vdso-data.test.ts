/** The vDSO's data page says what the system calls say, at any time and after the clock was set. */
import { describe, expect, it } from 'vitest';
import { CLOCK } from '../../abi/flags/time.ts';
import { VDSO_CLOCK, VDSO_DATA } from '../arch/arch.ts';
import type { Kernel } from '../kernel.ts';
import { createMm } from '../mm/mm.ts';
import { frameOffset } from '../mm/frames.ts';
import { testKernel, testMachine, testTask } from '../mm/testing.ts';
import type { Task } from '../task/types.ts';
import { mapVdso } from '../task/vdso.ts';
import type { Timespec } from '../vfs/types.ts';
import { clockResolutionNs, clockTime, setRealtime } from './clocks.ts';
import { NS_PER_TIMER_TICK } from './timers.ts';
import { updateVdsoData } from './vdso-data.ts';

const C = CLOCK.values;
const FINE = [C.CLOCK_REALTIME, C.CLOCK_MONOTONIC, C.CLOCK_MONOTONIC_RAW, C.CLOCK_BOOTTIME, C.CLOCK_TAI];
const COARSE = [C.CLOCK_REALTIME_COARSE, C.CLOCK_MONOTONIC_COARSE];

/** A kernel with the page mapped, and a clock that stands still unless it is moved. */
function setUp(startNs: number): { kernel: Kernel; task: Task; clock: { ns: number } } {
  const clock = { ns: startNs };
  const machine = { ...testMachine(256), timer: { nowNs: () => clock.ns } } as unknown as Kernel['machine'];
  const kernel = testKernel(256, machine);
  kernel.bootTime.realtimeSec = 1_700_000_000;
  kernel.bootTime.realtimeNsec = 999_999_950;
  const mm = createMm(kernel);
  if (typeof mm === 'string') throw new Error(mm);
  const task = testTask(kernel, mm);
  expect(mapVdso(kernel, mm)).toBe(0);
  return { kernel, task, clock };
}

/** What the code of the vDSO does. */
function readClock(kernel: Kernel, id: number, nowNs: number): Timespec {
  const { view } = kernel.machine.ram;
  const page = frameOffset(kernel, kernel.vdso!.dataFrame);
  const u64 = (at: number) => Number(view.getBigInt64(page + at, true));
  const record = VDSO_DATA.clocks + id * VDSO_CLOCK.bytes;
  const ticks = nowNs / NS_PER_TIMER_TICK - u64(VDSO_DATA.ticks);
  let nsec = u64(record + VDSO_CLOCK.nsec) + ticks * u64(record + VDSO_CLOCK.nsPerTick);
  let sec = u64(record + VDSO_CLOCK.sec);
  for (; nsec >= 1e9; nsec -= 1e9) sec++;
  return { sec, nsec };
}

function expectAgreement({ kernel, task, clock }: ReturnType<typeof setUp>): void {
  for (const id of [...FINE, ...COARSE])
    expect(readClock(kernel, id, clock.ns), `clock ${id}`).toEqual(clockTime(kernel, task, id));
}

describe('the data page', () => {
  it('agrees with the system calls as time goes on, with and without updates', () => {
    const system = setUp(7_999_999_900);
    for (const step of [0, 100, 900_000_000, 3_000_000_000, 123_456_700]) {
      system.clock.ns += step;
      expectAgreement(system);
      updateVdsoData(system.kernel, system.clock.ns);
      expectAgreement(system);
    }
  });

  it('agrees after the wall clock was set, and tells readers that it changed', () => {
    const system = setUp(1_234_567_800);
    const { kernel, clock } = system;
    const sequence = () => kernel.machine.ram.view.getUint32(frameOffset(kernel, kernel.vdso!.dataFrame), true);
    const before = sequence();
    setRealtime(kernel, { sec: 5, nsec: 999_999_999 });
    expect(sequence()).not.toBe(before);
    expect(readClock(kernel, C.CLOCK_REALTIME, clock.ns)).toEqual({ sec: 5, nsec: 999_999_999 });
    clock.ns += 5_000_000_100;
    expectAgreement(system);
    setRealtime(kernel, { sec: 2 ** 33, nsec: 0 });
    expectAgreement(system);
  });

  it('leaves alone what is not older than half a tick', () => {
    const { kernel, clock } = setUp(0);
    updateVdsoData(kernel, clock.ns + 1_000_000);
    expect(kernel.vdso!.updatedNs).toBe(0);
    updateVdsoData(kernel, clock.ns + 2_000_000);
    expect(kernel.vdso!.updatedNs).toBe(2_000_000);
  });

  it('has the resolutions, and sends CPU clocks to the kernel', () => {
    const { kernel } = setUp(0);
    const { view } = kernel.machine.ram;
    const page = frameOffset(kernel, kernel.vdso!.dataFrame) + VDSO_DATA.clocks;
    for (const id of [...FINE, ...COARSE]) {
      const at = page + id * VDSO_CLOCK.bytes + VDSO_CLOCK.resolutionNs;
      expect(Number(view.getBigInt64(at, true)), `clock ${id}`).toBe(clockResolutionNs(id));
    }
    for (const id of [C.CLOCK_PROCESS_CPUTIME_ID, C.CLOCK_THREAD_CPUTIME_ID, C.CLOCK_REALTIME_ALARM, 10])
      expect(Number(view.getBigInt64(page + id * VDSO_CLOCK.bytes + VDSO_CLOCK.nsPerTick, true))).toBeLessThan(0);
  });
});
