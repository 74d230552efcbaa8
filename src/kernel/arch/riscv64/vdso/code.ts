/**
 * The functions of the vDSO, in assembly. See vdso(7); Linux arch/riscv/kernel/vdso.
 *
 * Interface: assembleVdso, VdsoCode, VdsoFunction.
 * The clock functions make no system call for the clocks in the data page and may change temporaries only. `time(2)` is made of
 * clock_gettime by the C library.
 */
import { SYSCALLS } from '../../../../abi/syscalls.ts';
import { assemble } from '../../../../isa/riscv/assemble.ts';
import { VDSO_CLOCK, VDSO_CLOCK_COUNT, VDSO_DATA, VDSO_DATA_BYTES } from './data.ts';

export interface VdsoFunction {
  readonly name: string;
  readonly address: number;
  readonly size: number;
}

export interface VdsoCode {
  readonly bytes: Uint8Array;
  readonly functions: readonly VdsoFunction[];
  /** The return from a signal handler and the instruction before it, which unwinders look at. */
  readonly signalReturn: { readonly start: number; readonly end: number };
}

const PREFIX = '__vdso_';

type KernelCall =
  'clock_gettime' | 'gettimeofday' | 'clock_getres' | 'riscv_flush_icache' | 'riscv_hwprobe' | 'rt_sigreturn';

const callKernel = (name: KernelCall): string => `
  addi  a7, zero, ${SYSCALLS[name].nr.riscv64}
  ecall`;

/** t0 = the data page, which lies before the image. */
const dataPage = (place: string): string => `
${place}:
  auipc t0, 0xfffff
  addi  t0, t0, data-${place}+${VDSO_DATA_BYTES}`;

/** t1 = the record of clock a0; to `other` if it has none. */
const clockRecord = (other: string): string => `
  addi  t1, zero, ${VDSO_CLOCK_COUNT}
  bgeu  a0, t1, ${other}
  slli  t1, a0, ${Math.log2(VDSO_CLOCK.bytes)}
  add   t1, t1, t0`;

const { clocks, sequence, ticks } = VDSO_DATA;

/** a2, a3 = seconds and nanoseconds of the clock whose record is at t1. Uses t2, t3, a4, a5. */
const readClock = (name: string, other: string): string => `
${name}_again:
  lw    t2, ${sequence}(t0)
  ld    t3, ${clocks + VDSO_CLOCK.nsPerTick}(t1)
  ld    a2, ${clocks + VDSO_CLOCK.sec}(t1)
  ld    a3, ${clocks + VDSO_CLOCK.nsec}(t1)
  bge   zero, t3, ${other}
  ld    a4, ${ticks}(t0)
  csrrs a5, time, zero
  sub   a5, a5, a4
  mul   a5, a5, t3
  add   a3, a3, a5
${name}_check:
  lw    a4, ${sequence}(t0)
  bne   a4, t2, ${name}_again
  lui   a4, 0x3b9ad             # 1,000,000,000
  addi  a4, a4, -1536
${name}_carry:
  bltu  a3, a4, ${name}_done
  sub   a3, a3, a4
  addi  a2, a2, 1
  jal   zero, ${name}_carry
${name}_done:`;

const ret = `
  jalr  zero, 0(ra)`;

const SOURCE = `
${PREFIX}clock_gettime:           # a0 clock, a1 struct timespec
${dataPage('gettime')}
${clockRecord('gettime_kernel')}
${readClock('gettime', 'gettime_other')}
  sd    a2, 0(a1)
  sd    a3, 8(a1)
  addi  a0, zero, 0
${ret}
gettime_other:
  beq   t3, zero, gettime_check
gettime_kernel:
${callKernel('clock_gettime')}
${ret}

${PREFIX}gettimeofday:            # a0 struct timeval or 0, a1 struct timezone or 0
  beq   a0, zero, zone
${dataPage('timeofday')}
  addi  t1, t0, 0               # CLOCK_REALTIME
${readClock('timeofday', 'timeofday_kernel')}
  sd    a2, 0(a0)
  lui   a4, 0x10625             # 2^38 / 1000: exact for what is below 10^9
  addi  a4, a4, -557
  mul   a3, a3, a4
  srli  a3, a3, 38
  sd    a3, 8(a0)
zone:
  beq   a1, zero, zone_done     # always UTC
  sw    zero, 0(a1)
  sw    zero, 4(a1)
zone_done:
  addi  a0, zero, 0
${ret}
timeofday_kernel:
${callKernel('gettimeofday')}
${ret}

${PREFIX}clock_getres:            # a0 clock, a1 struct timespec or 0
${dataPage('getres')}
${clockRecord('getres_kernel')}
  ld    t3, ${clocks + VDSO_CLOCK.nsPerTick}(t1)
  blt   t3, zero, getres_kernel
  beq   a1, zero, getres_done
  ld    t3, ${clocks + VDSO_CLOCK.resolutionNs}(t1)
  sd    zero, 0(a1)
  sd    t3, 8(a1)
getres_done:
  addi  a0, zero, 0
${ret}
getres_kernel:
${callKernel('clock_getres')}
${ret}

${PREFIX}getcpu:                  # a0 unsigned or 0, a1 unsigned or 0: there is one hart
  beq   a0, zero, getcpu_node
  sw    zero, 0(a0)
getcpu_node:
  beq   a1, zero, getcpu_done
  sw    zero, 0(a1)
getcpu_done:
  addi  a0, zero, 0
${ret}

${PREFIX}flush_icache:
${callKernel('riscv_flush_icache')}
${ret}

${PREFIX}riscv_hwprobe:
${callKernel('riscv_hwprobe')}
${ret}

before_sigreturn:               # unwinders look for the instruction before a return address
  addi  zero, zero, 0
${PREFIX}rt_sigreturn:            # in just these two words, by which debuggers know it
${callKernel('rt_sigreturn')}
`;

/** The code for address `base` of an image that is loaded at 0, behind the data page. */
export function assembleVdso(base: number): VdsoCode {
  const { words, symbols } = assemble(SOURCE, base, { data: -VDSO_DATA_BYTES });
  const end = base + words.length * 4;
  const starts = [...symbols].filter(([name]) => name.startsWith(PREFIX));
  const signalReturn = { start: symbols.get('before_sigreturn')!, end };
  return {
    bytes: new Uint8Array(Int32Array.from(words).buffer),
    functions: starts.map(([name, address], i) => ({
      name,
      address,
      size: (starts[i + 1]?.[1] ?? end) - address,
    })),
    signalReturn,
  };
}
