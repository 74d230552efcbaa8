/**
 * What a process may use and has used: limits, io, sched, schedstat, timers. See the proc_pid_* pages of section 5.
 *
 * Interface: showLimits, showIo, showSched, showSchedstat, showTimers.
 */
import { RLIMIT } from '../../../../abi/flags/sched.ts';
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { POLICY_NUMBERS } from '../../../sched/policies.ts';
import { weightOf } from '../../../sched/weights.ts';
import { groupUsage } from '../../../task/usage.ts';
import type { Lines, Target } from '../node.ts';

const LIMITS: readonly (readonly [keyof typeof RLIMIT.values, string, string])[] = [
  ['RLIMIT_CPU', 'Max cpu time', 'seconds'],
  ['RLIMIT_FSIZE', 'Max file size', 'bytes'],
  ['RLIMIT_DATA', 'Max data size', 'bytes'],
  ['RLIMIT_STACK', 'Max stack size', 'bytes'],
  ['RLIMIT_CORE', 'Max core file size', 'bytes'],
  ['RLIMIT_RSS', 'Max resident set', 'bytes'],
  ['RLIMIT_NPROC', 'Max processes', 'processes'],
  ['RLIMIT_NOFILE', 'Max open files', 'files'],
  ['RLIMIT_MEMLOCK', 'Max locked memory', 'bytes'],
  ['RLIMIT_AS', 'Max address space', 'bytes'],
  ['RLIMIT_LOCKS', 'Max file locks', 'locks'],
  ['RLIMIT_SIGPENDING', 'Max pending signals', 'signals'],
  ['RLIMIT_MSGQUEUE', 'Max msgqueue size', 'bytes'],
  ['RLIMIT_NICE', 'Max nice priority', ''],
  ['RLIMIT_RTPRIO', 'Max realtime priority', ''],
  ['RLIMIT_RTTIME', 'Max realtime timeout', 'us'],
];

export function showLimits(_kernel: Kernel, { group }: Target): Lines {
  const line = (name: string, soft: string, hard: string, unit: string): ByteString =>
    `${name.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit.padEnd(10)}\n`;
  return [
    line('Limit', 'Soft Limit', 'Hard Limit', 'Units'),
    ...LIMITS.map(([which, name, unit]) => {
      const { soft, hard } = group.rlimits[RLIMIT.values[which]]!;
      return unit === ''
        ? `${name.padEnd(25)} ${amount(soft).padEnd(20)} ${amount(hard).padEnd(20)} \n`
        : line(name, amount(soft), amount(hard), unit);
    }),
  ];
}

function amount(limit: number): string {
  return limit === Infinity ? 'unlimited' : String(limit);
}

export function showIo(kernel: Kernel, { group, task, isProcess }: Target): Lines {
  const usage = isProcess ? groupUsage(kernel, group) : task.usage;
  return [
    `rchar: ${usage.readBytes}\n`,
    `wchar: ${usage.writeBytes}\n`,
    `syscr: ${usage.readCalls}\n`,
    `syscw: ${usage.writeCalls}\n`,
    `read_bytes: ${usage.inBlocks * 512}\n`,
    `write_bytes: ${usage.outBlocks * 512}\n`,
    'cancelled_write_bytes: 0\n',
  ];
}

export function showSched(_kernel: Kernel, { group, task }: Target): Lines {
  const { sched, usage } = task;
  const head = `${task.comm} (${task.tid}, #threads: ${group.threads.length})`;
  const switches = usage.voluntarySwitches + usage.involuntarySwitches;
  return [
    `${head}\n`,
    `${'-'.repeat(67)}\n`,
    schedLine('se.exec_start', milliseconds(sched.lastRunNs)),
    schedLine('se.vruntime', milliseconds(sched.vruntime)),
    schedLine('se.sum_exec_runtime', milliseconds(usage.userNs + usage.systemNs)),
    schedLine('se.nr_migrations', '0'),
    schedLine('nr_switches', String(switches)),
    schedLine('nr_voluntary_switches', String(usage.voluntarySwitches)),
    schedLine('nr_involuntary_switches', String(usage.involuntarySwitches)),
    schedLine('se.load.weight', String(weightOf(sched) * 1024)),
    schedLine('policy', String(POLICY_NUMBERS[sched.policy])),
    schedLine('prio', String(sched.rtPriority > 0 ? 99 - sched.rtPriority : 120 + sched.nice)),
  ];
}

function schedLine(name: string, value: string): ByteString {
  return `${name.padEnd(45)}:${value.padStart(21)}\n`;
}

function milliseconds(ns: number): string {
  return (ns / 1e6).toFixed(6);
}

/** Time on the hart, time ready and waiting for it (which is not counted), and times it got it. */
export function showSchedstat(_kernel: Kernel, { task }: Target): Lines {
  const { usage } = task;
  const ran = Math.floor(usage.userNs + usage.systemNs);
  return [`${ran} 0 ${usage.voluntarySwitches + usage.involuntarySwitches}\n`];
}

export function showTimers(_kernel: Kernel, { group }: Target): Lines {
  return [...group.posixTimers.values()].map((timer) => {
    const how = timer.notify === 'none' ? 'none' : 'signal';
    const whom = timer.notify === 'thread-id' ? `tid.${timer.tid}` : `pid.${group.tgid}`;
    return [
      `ID: ${timer.id}\n`,
      `signal: ${timer.signal}/${timer.value.toString(16).padStart(16, '0')}\n`,
      `notify: ${how}/${whom}\n`,
      `ClockID: ${timer.clock}\n`,
    ].join('');
  });
}
