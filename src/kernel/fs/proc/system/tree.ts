/**
 * What stands in /proc besides processes. See proc(5).
 *
 * Interface: SYSTEM_ROOT.
 */
import { dir, type DirNode, file, link } from '../node.ts';
import {
  showCpuinfo,
  showDevices,
  showFilesystems,
  showLoadavg,
  showStat,
  showTimerList,
  showUptime,
  showVersion,
} from './info.ts';
import { showInterrupts } from './interrupts.ts';
import { kmsg } from './kmsg.ts';
import { showLocks } from './locks.ts';
import { showMeminfo, showVmstat } from './memory.ts';
import { SYSCTL_TREE } from './sysctl.ts';

const SWAPS = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
const SOFTIRQS = ['HI', 'TIMER', 'NET_TX', 'NET_RX', 'BLOCK', 'IRQ_POLL', 'TASKLET', 'SCHED', 'HRTIMER', 'RCU'];
const TTY_DRIVERS = [
  '/dev/tty             /dev/tty        5       0 system:/dev/tty\n',
  '/dev/console         /dev/console    5       1 system:console\n',
  '/dev/ptmx            /dev/ptmx       5       2 system\n',
  'serial               /dev/ttyS       4 64-67 serial\n',
  'pty_slave            /dev/pts      136 0-1048575 pty:slave\n',
  'pty_master           /dev/ptm      128 0-1048575 pty:master\n',
];
const SYSV_SHM =
  '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n';

/** For what this kernel has nothing of: no disks, no modules, no swap. */
const NONE = file<null>(0o444, () => []);

export const SYSTEM_ROOT: DirNode<null> = dir(
  {
    bus: dir({}),
    cmdline: file(0o444, () => ['console=ttyS0\n']),
    consoles: file(0o444, () => ['ttyS0                -W- (EC p  )    4:64\n']),
    cpuinfo: file(0o444, showCpuinfo),
    devices: file(0o444, showDevices),
    diskstats: NONE,
    driver: dir({}),
    execdomains: file(0o444, () => ['0-0\tLinux           \t[kernel]\n']),
    filesystems: file(0o444, showFilesystems),
    fs: dir({}),
    interrupts: file(0o444, showInterrupts),
    kmsg: file(0o400, undefined, { raw: kmsg }),
    loadavg: file(0o444, showLoadavg),
    locks: file(0o444, showLocks),
    meminfo: file(0o444, showMeminfo),
    misc: NONE,
    modules: NONE,
    mounts: link(() => ({ target: 'self/mounts' })),
    net: link(() => ({ target: 'self/net' })),
    partitions: NONE,
    softirqs: file(0o444, () => [
      '                    CPU0       \n',
      ...SOFTIRQS.map((name) => `${name.padStart(12)}:          0\n`),
    ]),
    stat: file(0o444, showStat),
    swaps: file(0o444, () => [SWAPS]),
    sys: SYSCTL_TREE,
    sysvipc: dir({
      msg: file(0o444, () => [
        '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n',
      ]),
      sem: file(0o444, () => [
        '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n',
      ]),
      shm: file(0o444, () => [SYSV_SHM]),
    }),
    timer_list: file(0o400, showTimerList),
    tty: dir({
      driver: dir({}),
      drivers: file(0o444, () => TTY_DRIVERS),
      ldisc: dir({}),
      ldiscs: file(0o444, () => ['n_tty       0\n']),
    }),
    uptime: file(0o444, showUptime),
    version: file(0o444, showVersion),
    vmstat: file(0o444, showVmstat),
    self: link((_kernel, _subject, reader) => ({ target: String(reader.tgid) })),
    'thread-self': link((_kernel, _subject, reader) => ({ target: `${reader.tgid}/task/${reader.tid}` })),
  },
  0o555,
  {
    numbered: {
      // The node is never used: a tree of its own begins at each process.
      node: dir<null>({}),
      list: (kernel) => [...kernel.groups.keys()].sort((a, b) => a - b),
    },
  },
);
