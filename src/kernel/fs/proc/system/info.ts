/**
 * What the system is and has done: version, uptime, loadavg, stat, cpuinfo, filesystems and their like. See the proc_* pages of section 5.
 *
 * Interface: showUptime, showLoadavg, showStat, showVersion, showCpuinfo, showFilesystems, showDevices, showTimerList, ISA.
 */
import type { ByteString } from '../../../../util/byte-string.ts';
import type { Kernel } from '../../../kernel.ts';
import { LOAD_SHIFT, loadAverages } from '../../../sched/load.ts';
import { nowNs } from '../../../time/timers.ts';
import { LINUX_VERSION } from '../../../version.ts';
import { FILE_SYSTEMS } from '../../../vfs/registry.ts';
import { anonFs } from '../../../vfs/super.ts';
import { nsfs } from '../../nsfs.ts';
import { ticks } from '../format.ts';
import type { Lines } from '../node.ts';
import { interruptCounts } from './interrupts.ts';

/** The extensions of the hart as Linux names them. */
export const ISA = 'rv64imafdc_zicntr_zicsr_zifencei_sstc';

const HALF_PERCENT = Math.floor((1 << LOAD_SHIFT) / 200);
const NS_PER_SEC = 1_000_000_000;

export function showUptime(kernel: Kernel): Lines {
  const up = nowNs(kernel);
  return [`${(up / NS_PER_SEC).toFixed(2)} ${(idleNs(kernel, up) / NS_PER_SEC).toFixed(2)}\n`];
}

export function showLoadavg(kernel: Kernel): Lines {
  const averages = loadAverages(kernel).map((load) => {
    const rounded = load + HALF_PERCENT;
    const fraction = ((rounded & ((1 << LOAD_SHIFT) - 1)) * 100) >> LOAD_SHIFT;
    return `${rounded >> LOAD_SHIFT}.${String(fraction).padStart(2, '0')}`;
  });
  return [`${averages.join(' ')} ${runningTasks(kernel)}/${kernel.tasks.size} ${kernel.nextPid - 1}\n`];
}

export function showStat(kernel: Kernel): Lines {
  const { stats } = kernel;
  const idle = idleNs(kernel, nowNs(kernel));
  const cpu = `${ticks(stats.userNs)} 0 ${ticks(stats.systemNs)} ${ticks(idle)} 0 0 0 0 0 0\n`;
  const interrupts = interruptCounts(kernel);
  let blocked = 0;
  for (const task of kernel.tasks.values()) if (task.state === 'disk-sleep') blocked++;
  const total = interrupts.reduce((sum, { count }) => sum + count, 0);
  return [
    `cpu  ${cpu}`,
    `cpu0 ${cpu}`,
    `intr ${[total, ...interrupts.map(({ count }) => count)].join(' ')}\n`,
    `ctxt ${stats.contextSwitches}\n`,
    `btime ${kernel.bootTime.realtimeSec}\n`,
    `processes ${stats.processesCreated}\n`,
    `procs_running ${runningTasks(kernel)}\n`,
    `procs_blocked ${blocked}\n`,
    'softirq 0 0 0 0 0 0 0 0 0 0 0\n',
  ];
}

/** Time in which the hart had nothing to do: what is not charged to any task. */
function idleNs(kernel: Kernel, up: number): number {
  return Math.max(0, up - kernel.stats.userNs - kernel.stats.systemNs);
}

function runningTasks(kernel: Kernel): number {
  let running = 0;
  for (const task of kernel.tasks.values()) if (task.state === 'ready' || task.state === 'running') running++;
  return running;
}

export function showVersion(): Lines {
  return [`${LINUX_VERSION.banner}\n`];
}

export function showCpuinfo(): Lines {
  return [
    'processor\t: 0\n',
    'hart\t\t: 0\n',
    `isa\t\t: ${ISA}\n`,
    'mmu\t\t: sv39\n',
    'uarch\t\t: ringfence,rv64\n',
    'mvendorid\t: 0x0\n',
    'marchid\t\t: 0x0\n',
    'mimpid\t\t: 0x0\n',
    `hart isa\t: ${ISA}\n`,
    '\n',
  ];
}

export function showFilesystems(): Lines {
  return Object.values(FILE_SYSTEMS)
    .filter((fs) => fs !== anonFs && fs !== nsfs)
    .map((fs) => `${fs.needsDevice ? '' : 'nodev'}\t${fs.name}\n`);
}

/** The drivers by major number. */
export function showDevices(): Lines {
  const character: readonly (readonly [number, string])[] = [
    [1, 'mem'],
    [4, 'ttyS'],
    [5, '/dev/tty'],
    [5, '/dev/console'],
    [5, '/dev/ptmx'],
    [10, 'misc'],
    [128, 'ptm'],
    [136, 'pts'],
  ];
  return [
    'Character devices:\n',
    ...character.map(([major, name]): ByteString => `${String(major).padStart(3)} ${name}\n`),
    '\nBlock devices:\n',
  ];
}

export function showTimerList(kernel: Kernel): Lines {
  const active = kernel.timers.heap
    .filter((timer) => kernel.timers.live.has(timer.id))
    .sort((a, b) => a.deadlineNs - b.deadlineNs);
  const now = nowNs(kernel);
  return [
    'Timer List Version: v0.10\n',
    'HRTIMER_MAX_CLOCK_BASES: 8\n',
    `now at ${now} nsecs\n`,
    '\n',
    'cpu: 0\n',
    ' clock 0:\n',
    '  .index:      0\n',
    '  .resolution: 1 nsecs\n',
    'active timers:\n',
    ...active.map(({ kind, subject, deadlineNs }, index) => {
      const left = Math.round(deadlineNs - now);
      const when = Math.round(deadlineNs);
      return ` #${index}: <${subject}>, ${kind}, S:01\n # expires at ${when}-${when} nsecs [in ${left} to ${left} nsecs]\n`;
    }),
  ];
}
