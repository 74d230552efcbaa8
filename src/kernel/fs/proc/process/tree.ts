/**
 * What stands in /proc/PID and /proc/PID/task/TID. See proc_pid(5).
 *
 * Interface: PROCESS_ROOT, THREAD_ROOT.
 */
import { inspectable } from '../access.ts';
import { dir, type DirNode, file, type Node, type Target } from '../node.ts';
import { NET_ENTRIES } from '../system/net.ts';
import { showIo, showLimits, showSched, showSchedstat, showTimers } from './accounting.ts';
import { cwdLink, exeLink, fdLink, listFds, namespaceLinks, rootLink, showFdinfo } from './fds.ts';
import { pagemap, showMaps, showRollup, showSmaps } from './maps.ts';
import { mem, showAuxv, showCmdline, showEnviron } from './memory.ts';
import { showMountinfo, showMounts, showMountstats } from './mounts.ts';
import {
  showComm,
  showCoreDumpFilter,
  showLoginUid,
  showOomAdj,
  showOomScore,
  showOomScoreAdj,
  showPersonality,
  showSessionId,
  showSyscall,
  showTimerslack,
  showWchan,
  writeClearRefs,
  writeComm,
  writeCoreDumpFilter,
  writeLoginUid,
  writeOomAdj,
  writeOomScoreAdj,
  writeTimerslack,
} from './settings.ts';
import { showStat, showStatm } from './stat.ts';
import { showStatus } from './status.ts';

type Entries = Readonly<Record<string, Node<Target>>>;

/** Without a security module there is nothing to read. */
const ATTRIBUTE = file<Target>(0o666, () => 'EINVAL', { write: () => 'EINVAL' });
const ONE_TO_ONE_MAP = file<Target>(0o644, () => ['         0          0 4294967295\n'], { write: () => 'EPERM' });
/** With what may be seen only by who may trace the process. */
const PRIVATE = { mayOpen: inspectable };

const FDINFO = dir<Target>({}, 0o555, {
  numbered: { node: file(0o444, showFdinfo, PRIVATE), list: listFds },
  mayOpen: inspectable,
});

const COMMON: Entries = {
  fd: dir({}, 0o500, { numbered: { node: fdLink, list: listFds } }),
  fdinfo: FDINFO,
  ns: dir(namespaceLinks, 0o511),
  net: dir(NET_ENTRIES as Entries),
  environ: file(0o400, showEnviron, PRIVATE),
  auxv: file(0o400, showAuxv, PRIVATE),
  status: file(0o444, showStatus),
  personality: file(0o400, showPersonality, PRIVATE),
  limits: file(0o444, showLimits),
  sched: file(0o644, showSched, { write: () => 0 }),
  comm: file(0o644, showComm, { write: writeComm }),
  syscall: file(0o400, showSyscall),
  cmdline: file(0o444, showCmdline),
  stat: file(0o444, showStat),
  statm: file(0o444, showStatm),
  maps: file(0o444, showMaps, PRIVATE),
  mem: file(0o600, undefined, { raw: mem, mayOpen: inspectable }),
  cwd: cwdLink,
  root: rootLink,
  exe: exeLink,
  mounts: file(0o444, showMounts),
  mountinfo: file(0o444, showMountinfo),
  clear_refs: file(0o200, undefined, { write: writeClearRefs }),
  smaps: file(0o444, showSmaps, PRIVATE),
  smaps_rollup: file(0o444, showRollup, PRIVATE),
  pagemap: file(0o400, undefined, { raw: pagemap, mayOpen: inspectable }),
  attr: dir({
    current: ATTRIBUTE,
    prev: file(0o444, () => 'EINVAL'),
    exec: ATTRIBUTE,
    fscreate: ATTRIBUTE,
    keycreate: ATTRIBUTE,
    sockcreate: ATTRIBUTE,
  }),
  wchan: file(0o444, showWchan),
  stack: file(0o400, () => []),
  schedstat: file(0o444, showSchedstat),
  cgroup: file(0o444, () => ['0::/\n']),
  oom_score: file(0o444, showOomScore),
  oom_adj: file(0o644, showOomAdj, { write: writeOomAdj }),
  oom_score_adj: file(0o644, showOomScoreAdj, { write: writeOomScoreAdj }),
  loginuid: file(0o644, showLoginUid, { write: writeLoginUid }),
  sessionid: file(0o444, showSessionId),
  io: file(0o400, showIo, PRIVATE),
  uid_map: ONE_TO_ONE_MAP,
  gid_map: ONE_TO_ONE_MAP,
  projid_map: ONE_TO_ONE_MAP,
  setgroups: file(0o644, () => ['allow\n'], { write: () => 'EPERM' }),
};

export const THREAD_ROOT: DirNode<Target> = dir({
  ...COMMON,
  children: file(0o444, (kernel, { group, task }) =>
    group.children.filter((tgid) => kernel.groups.get(tgid)?.parentThread === task.tid).map((tgid) => `${tgid} `),
  ),
});

export const PROCESS_ROOT: DirNode<Target> = dir({
  task: dir({}, 0o555, {
    // The node is never used: below task/ begins a tree of its own.
    numbered: { node: dir<Target>({}), list: (_kernel, { group }) => [...group.threads].sort((a, b) => a - b) },
  }),
  ...COMMON,
  mountstats: file(0o400, showMountstats),
  coredump_filter: file(0o644, showCoreDumpFilter, { write: writeCoreDumpFilter }),
  timers: file(0o444, showTimers),
  timerslack_ns: file(0o666, showTimerslack, { write: writeTimerslack }),
});
