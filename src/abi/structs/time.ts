/**
 * Structs of time and of resource use. See clock_gettime(2), setitimer(2), getrusage(2), adjtimex(2).
 *
 * The 64-bit forms are what Linux calls __kernel_timespec and so on; `old…32` are those of i386's first calls.
 * Source: linux/time_types.h, linux/time.h, linux/resource.h, linux/times.h, linux/timex.h.
 */

import { array, bigU64, defineStruct, i32, i64, long, nested, register } from '../struct.ts';

export const TIMESPEC = defineStruct('timespec', { tv_sec: i64, tv_nsec: i64 });
/** Seconds and microseconds, as wide as a register. */
export const TIMEVAL = defineStruct('timeval', { tv_sec: long, tv_usec: long });
export const ITIMERSPEC = defineStruct('itimerspec', { it_interval: nested(TIMESPEC), it_value: nested(TIMESPEC) });
export const ITIMERVAL = defineStruct('itimerval', { it_interval: nested(TIMEVAL), it_value: nested(TIMEVAL) });
export const TIMEZONE = defineStruct('timezone', { tz_minuteswest: i32, tz_dsttime: i32 });
export const UTIMBUF = defineStruct('utimbuf', { actime: long, modtime: long });

export const OLD_TIMESPEC32 = defineStruct('old_timespec32', { tv_sec: i32, tv_nsec: i32 });
export const OLD_ITIMERSPEC32 = defineStruct('old_itimerspec32', {
  it_interval: nested(OLD_TIMESPEC32),
  it_value: nested(OLD_TIMESPEC32),
});

export const RUSAGE = defineStruct('rusage', {
  ru_utime: nested(TIMEVAL),
  ru_stime: nested(TIMEVAL),
  ru_maxrss: long,
  ru_ixrss: long,
  ru_idrss: long,
  ru_isrss: long,
  ru_minflt: long,
  ru_majflt: long,
  ru_nswap: long,
  ru_inblock: long,
  ru_oublock: long,
  ru_msgsnd: long,
  ru_msgrcv: long,
  ru_nsignals: long,
  ru_nvcsw: long,
  ru_nivcsw: long,
});

/** Clock ticks of 1/100 s. */
export const TMS = defineStruct('tms', { tms_utime: long, tms_stime: long, tms_cutime: long, tms_cstime: long });

const TIMEX_TIME = defineStruct('timex_time', { tv_sec: i64, tv_usec: i64 });

export const TIMEX = defineStruct('timex', {
  modes: i32,
  _pad1: i32,
  offset: i64,
  freq: i64,
  maxerror: i64,
  esterror: i64,
  status: i32,
  _pad2: i32,
  constant: i64,
  precision: i64,
  tolerance: i64,
  time: nested(TIMEX_TIME),
  tick: i64,
  ppsfreq: i64,
  jitter: i64,
  shift: i32,
  _pad3: i32,
  stabil: i64,
  jitcnt: i64,
  calcnt: i64,
  errcnt: i64,
  stbcnt: i64,
  tai: i32,
  _reserved: array(i32, 11),
});

export const OLD_TIMEX32 = defineStruct('old_timex32', {
  modes: i32,
  offset: i32,
  freq: i32,
  maxerror: i32,
  esterror: i32,
  status: i32,
  constant: i32,
  precision: i32,
  tolerance: i32,
  time: nested(OLD_TIMESPEC32),
  tick: i32,
  ppsfreq: i32,
  jitter: i32,
  shift: i32,
  stabil: i32,
  jitcnt: i32,
  calcnt: i32,
  errcnt: i32,
  stbcnt: i32,
  tai: i32,
  _reserved: array(i32, 11),
});

/** RLIM_INFINITY is all ones, so the limits are bigints. */
export const RLIMIT_STRUCT = defineStruct('rlimit', { rlim_cur: register, rlim_max: register });
/** The 64-bit form that prlimit64 takes everywhere. */
export const RLIMIT64 = defineStruct('rlimit64', { rlim_cur: bigU64, rlim_max: bigU64 });
