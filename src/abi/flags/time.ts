/**
 * Clock ids, timers and clock adjustment.
 *
 * Interface: CLOCK, TIMER, ITIMER, TIMERFD_CREATE, TIMERFD_SETTIME, ADJTIME, CLOCK_STATUS. Values: linux/time.h, linux/timex.h, linux/timerfd.h.
 */

import { flagSet } from '../flag-set.ts';

export const CLOCK = flagSet(
  'clock',
  {
    CLOCK_REALTIME: 0,
    CLOCK_MONOTONIC: 1,
    CLOCK_PROCESS_CPUTIME_ID: 2,
    CLOCK_THREAD_CPUTIME_ID: 3,
    CLOCK_MONOTONIC_RAW: 4,
    CLOCK_REALTIME_COARSE: 5,
    CLOCK_MONOTONIC_COARSE: 6,
    CLOCK_BOOTTIME: 7,
    CLOCK_REALTIME_ALARM: 8,
    CLOCK_BOOTTIME_ALARM: 9,
    CLOCK_TAI: 11,
  },
  { kind: 'enum', unsupported: [] },
);

export const TIMER = flagSet(
  'timer',
  {
    TIMER_ABSTIME: 1,
  },
  { unsupported: [] },
);

export const ITIMER = flagSet(
  'itimer',
  {
    ITIMER_REAL: 0,
    ITIMER_VIRTUAL: 1,
    ITIMER_PROF: 2,
  },
  { kind: 'enum', unsupported: [] },
);

export const TIMERFD_CREATE = flagSet(
  'timerfd-create',
  {
    TFD_CLOEXEC: 0o2000000,
    TFD_NONBLOCK: 0o4000,
  },
  { unsupported: [] },
);

export const TIMERFD_SETTIME = flagSet(
  'timerfd-settime',
  {
    TFD_TIMER_ABSTIME: 1,
    TFD_TIMER_CANCEL_ON_SET: 2,
  },
  { unsupported: [] },
);

export const ADJTIME = flagSet(
  'adjtime',
  {
    ADJ_OFFSET: 1,
    ADJ_FREQUENCY: 2,
    ADJ_MAXERROR: 4,
    ADJ_ESTERROR: 0x8,
    ADJ_STATUS: 0x10,
    ADJ_TIMECONST: 0x20,
    ADJ_TAI: 0x80,
    ADJ_SETOFFSET: 0x100,
    ADJ_MICRO: 0x1000,
    ADJ_NANO: 0x2000,
    ADJ_TICK: 0x4000,
    ADJ_OFFSET_SINGLESHOT: 0x8001,
    ADJ_OFFSET_SS_READ: 0xa001,
  },
  { unsupported: [] },
);

export const CLOCK_STATUS = flagSet(
  'clock-status',
  {
    STA_PLL: 1,
    STA_PPSFREQ: 2,
    STA_PPSTIME: 4,
    STA_FLL: 0x8,
    STA_INS: 0x10,
    STA_DEL: 0x20,
    STA_UNSYNC: 0x40,
    STA_FREQHOLD: 0x80,
    STA_PPSSIGNAL: 0x100,
    STA_NANO: 0x2000,
    STA_MODE: 0x4000,
    STA_CLK: 0x8000,
  },
  { unsupported: [] },
);
