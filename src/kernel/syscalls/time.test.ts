import { describe, expect, it } from 'vitest';
import { signalBit } from '../signal/mask.ts';
import { processKernel, putProgram, smallElf, spawn } from '../task/testing.ts';
import { userCred } from '../task/cred.ts';
import { chargeCpuTimers } from '../time/itimer.ts';
import { newCaller, type Caller } from '../vfs/testing.ts';

const CLOCK_REALTIME = 0;
const CLOCK_PROCESS_CPUTIME_ID = 2;
const CLOCK_REALTIME_ALARM = 8;
const TFD_ABSTIME_CANCEL_ON_SET = 3;
const TFD_NONBLOCK = 0o4000;
const SIGALRM = 14;

function process(): Caller {
  const kernel = processKernel(512);
  putProgram(kernel, '/program', smallElf());
  return newCaller(kernel, kernel.tasks.get(spawn(kernel, '/program') as number)!);
}

function seconds(...values: number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}

describe('timers', () => {
  it('on CPU clocks expire when so much time was used', () => {
    const { kernel, task, call } = process();
    const id = new Uint8Array(4);
    expect(call('timer_create', CLOCK_PROCESS_CPUTIME_ID, 0, id)).toBe(0);
    expect(call('timer_settime', new Int32Array(id.buffer)[0]!, 0, seconds(0, 0, 2, 0), 0)).toBe(0);
    const pending = () => (kernel.groups.get(task.tgid)!.pending.set & signalBit(SIGALRM)) !== 0n;
    const use = (ns: number) => {
      task.usage.userNs += ns;
      chargeCpuTimers(kernel, task, ns, 0);
    };
    use(1e9);
    expect(pending()).toBe(false);
    use(1e9);
    expect(pending()).toBe(true);
  });

  it('tell that the wall clock was set where they are asked to', () => {
    const { call } = process();
    const told = call('timerfd_create', CLOCK_REALTIME, TFD_NONBLOCK) as number;
    const other = call('timerfd_create', CLOCK_REALTIME, TFD_NONBLOCK) as number;
    call('timerfd_settime', told, TFD_ABSTIME_CANCEL_ON_SET, seconds(0, 0, 2 ** 40, 0), 0);
    call('timerfd_settime', other, 1, seconds(0, 0, 2 ** 40, 0), 0);
    const ticks = new Uint8Array(8);
    expect(call('read', told, ticks, 8)).toBe('EAGAIN');
    expect(call('clock_settime', CLOCK_REALTIME, seconds(1000, 0))).toBe(0);
    expect(call('read', told, ticks, 8)).toBe('ECANCELED');
    expect(call('read', told, ticks, 8)).toBe('EAGAIN');
    expect(call('read', other, ticks, 8)).toBe('EAGAIN');
  });

  it('on clocks that wake the machine are for those who may', () => {
    const { task, call } = process();
    const fd = call('timerfd_create', CLOCK_REALTIME_ALARM, 0);
    expect(fd).toBeTypeOf('number');
    task.cred = userCred(1000, 1000);
    expect(call('timerfd_create', CLOCK_REALTIME_ALARM, 0)).toBe('EPERM');
    expect(call('clock_nanosleep', CLOCK_REALTIME_ALARM, 0, seconds(0, 1), 0)).toBe('EPERM');
  });
});
