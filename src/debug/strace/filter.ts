/**
 * The expressions of -e: which calls and which signals are shown. See strace(1), "Filtering".
 *
 * Interface: parseFilter, Filter. Throws RangeError with strace's words for a name that there is not.
 */
import type { SyscallRow } from '../../abi/syscall-row.ts';
import { SYSCALLS } from '../../abi/syscalls.ts';
import { NSIG, SIGNALS } from '../../abi/signals.ts';

export interface Filter {
  readonly wants: (name: string) => boolean;
  readonly wantsSignal: (signo: number) => boolean;
}

const NAMES: readonly string[] = [
  ...new Set(
    Object.entries(SYSCALLS as Readonly<Record<string, SyscallRow>>).flatMap(([name, row]) => [
      name,
      ...Object.values(row.unistd ?? {}),
    ]),
  ),
];

/** Whether a row of the table takes an argument of such a kind. */
function taking(...kinds: readonly string[]): (name: string) => boolean {
  const rows = SYSCALLS as Readonly<Record<string, SyscallRow>>;
  return (name) => rows[name]?.args.some((arg) => kinds.includes(arg.kind)) ?? false;
}

const PROCESS =
  /^(clone3?|fork|vfork|execve(at)?|exit|exit_group|wait4|waitid|waitpid|kill|tkill|tgkill|rt_(tg)?sigqueueinfo|pidfd_send_signal)$/;
const NETWORK =
  /^(socket|socketpair|bind|connect|listen|accept4?|getsockname|getpeername|send(to|msg|mmsg)?|recv(from|msg|mmsg)?|shutdown|[gs]etsockopt|socketcall)$/;
const SIGNAL =
  /^(rt_sig.*|sig(action|altstack|nal|nalfd4?|pending|procmask|return|suspend)|kill|tkill|tgkill|pause|signalfd4?|pidfd_send_signal|rt_tgsigqueueinfo)$/;
const MEMORY =
  /^(brk|mmap2?|munmap|mprotect|mremap|madvise|process_madvise|msync|mincore|mlock2?|munlock|mlockall|munlockall|mbind|[gs]et_mempolicy|migrate_pages|move_pages|remap_file_pages|shmat|shmdt|io_destroy|io_setup|pkey_mprotect|mseal|map_shadow_stack)$/;
const IPC = /^(msg(get|ctl|rcv|snd)|sem(get|ctl|op|timedop)|shm(get|ctl|at|dt)|ipc)$/;
const CLOCK = /^(clock_.*|gettimeofday|settimeofday|time|adjtimex)$/;
const CREDENTIALS = /^([gs]et(res|re|fs)?[ug]id(32)?|get(e)?[ug]id(32)?|[gs]etgroups(32)?|cap[gs]et|prctl)$/;
const HAS_PATH = taking('path');
const HAS_FD = taking('fd', 'atFd');
const EXTRA_DESC =
  /^(epoll_.*|eventfd2?|inotify_.*|memfd_create|pipe2?|poll|ppoll|p?select6?|signalfd4?|timerfd_.*|userfaultfd|perf_event_open|bpf|fanotify_.*|dup[23]?|mmap2?|open.*|creat)$/;
const EXTRA_FILE = /^(getcwd|quotactl|mount|umount2?|swapon|swapoff)$/;

const CLASSES: Readonly<Record<string, (name: string) => boolean>> = {
  all: () => true,
  none: () => false,
  file: (name) => HAS_PATH(name) || EXTRA_FILE.test(name),
  process: (name) => PROCESS.test(name),
  network: (name) => NETWORK.test(name),
  net: (name) => NETWORK.test(name),
  signal: (name) => SIGNAL.test(name),
  ipc: (name) => IPC.test(name),
  desc: (name) => HAS_FD(name) || EXTRA_DESC.test(name),
  memory: (name) => MEMORY.test(name),
  clock: (name) => CLOCK.test(name),
  creds: (name) => CREDENTIALS.test(name),
  stat: (name) => /^(old)?(l?stat)(64)?$/.test(name),
  lstat: (name) => /^(old)?lstat(64)?$/.test(name),
  fstat: (name) => /^(oldfstat|fstat(64)?|newfstatat|fstatat64|statx)$/.test(name),
  statfs: (name) => /^(u?stat|statfs(64)?)$/.test(name) && name !== 'stat',
  pure: (name) => /^get(e?[ug]id(32)?|pid|ppid|tid|pgrp)$/.test(name),
};
/** Without the percent sign only these are classes; the others are calls of that name. */
const OLD_CLASSES = ['all', 'none', 'file', 'process', 'network', 'signal', 'ipc', 'desc', 'memory'];

/** Joins several -e expressions; of one kind the last one holds. */
export function parseFilter(expressions: readonly string[]): Filter {
  let wants: Filter['wants'] = () => true;
  let wantsSignal: Filter['wantsSignal'] = () => true;
  for (const expression of expressions) {
    const match = /^(trace|t|signal|signals|s|quiet|q|verbose|v|abbrev|a|status|decode-fds)=(.*)$/s.exec(expression);
    const kind = match?.[1] ?? 'trace';
    const text = match?.[2] ?? expression;
    if (kind === 'trace' || kind === 't') wants = parseCalls(text);
    else if (kind.startsWith('s') && kind !== 'status') wantsSignal = parseSignals(text);
    else throw new RangeError(`-e ${expression}: only trace= and signal= are there`);
  }
  return { wants, wantsSignal };
}

function parseCalls(text: string): (name: string) => boolean {
  const isNegated = text.startsWith('!');
  const items = (isNegated ? text.slice(1) : text).split(',');
  const tests = items.map(parseItem);
  return (name) => tests.some((test) => test(name)) !== isNegated;
}

function parseItem(item: string): (name: string) => boolean {
  const invalid = (): RangeError => new RangeError(`invalid system call '${item}'`);
  if (item.startsWith('%')) {
    const test = CLASSES[item.slice(1)];
    if (test === undefined)
      throw new RangeError(
        `invalid system call '${item}'; classes are ${Object.keys(CLASSES)
          .map((name) => `%${name}`)
          .join(', ')}`,
      );
    return test;
  }
  if (item.startsWith('/')) {
    try {
      const pattern = new RegExp(item.slice(1));
      return (name) => pattern.test(name);
    } catch {
      throw invalid();
    }
  }
  if (OLD_CLASSES.includes(item)) return CLASSES[item]!;
  // A question mark: no error if this architecture has no such call.
  const isOptional = item.startsWith('?');
  const name = isOptional ? item.slice(1) : item;
  if (!isOptional && !NAMES.includes(name)) throw invalid();
  return (candidate) => candidate === name;
}

function parseSignals(text: string): (signo: number) => boolean {
  const isNegated = text.startsWith('!');
  const items = (isNegated ? text.slice(1) : text).split(',');
  if (!isNegated && items.length === 1 && items[0] === 'all') return () => true;
  if (!isNegated && items.length === 1 && items[0] === 'none') return () => false;
  const wanted = new Set(items.map(signalNumber));
  return (signo) => wanted.has(signo) !== isNegated;
}

function signalNumber(item: string): number {
  const name = item.toUpperCase().startsWith('SIG') ? item.toUpperCase() : `SIG${item.toUpperCase()}`;
  const signo = /^\d+$/.test(item) ? Number(item) : (SIGNALS as Readonly<Record<string, number>>)[name];
  if (signo === undefined || signo > NSIG) throw new RangeError(`invalid signal '${item}'`);
  return signo;
}
