/**
 * Holds the handlers to what the flag sets say of them (abi/flag-set.ts): a name that is `unsupported` is refused, every other one is
 * not. Each argument of a call that names flags, and each place of NESTED_FLAGS, has a probe here that makes the call with one name.
 */
import { describe, expect, it } from 'vitest';
import type { Arg } from '../../abi/args.ts';
import { valuesFor, type FlagSet } from '../../abi/flag-set.ts';
import { FLAG_SETS, type FlagSetName } from '../../abi/flags.ts';
import { FCNTL } from '../../abi/flags/fcntl.ts';
import { IOCTL } from '../../abi/flags/ioctl.ts';
import { MMAP } from '../../abi/flags/memory.ts';
import { CLONE } from '../../abi/flags/process.ts';
import { PRCTL } from '../../abi/flags/prctl.ts';
import { NESTED_FLAGS } from '../../abi/nested-flags.ts';
import type { SyscallRow } from '../../abi/syscall-row.ts';
import { SYSCALLS } from '../../abi/syscalls.ts';
import { S_IFCHR } from '../../abi/file-mode.ts';
import { processKernel, putProgram, smallElf, spawn } from '../task/testing.ts';
import { newCaller, type Caller } from '../vfs/testing.ts';
import { HANDLERS } from './table.ts';

const CWD = -100;
const PAGE = 4096;
const SIGCHLD = 17;
const { MAP_PRIVATE, MAP_ANONYMOUS, MAP_FIXED } = MMAP.values;
const MAP_TYPES = new Set(['MAP_SHARED', 'MAP_PRIVATE', 'MAP_SHARED_VALIDATE', 'MAP_DROPPABLE']);

interface Place extends Caller {
  readonly tid: number;
  /** Descriptors: a regular file, a pipe's ends, a pty's. */
  readonly file: number;
  readonly reader: number;
  readonly writer: number;
  readonly master: number;
  readonly slave: number;
  /** Two pages of memory of its own. */
  readonly memory: number;
}

/** A process in a kernel of its own, with what the calls below work on. */
function place(): Place {
  const kernel = processKernel(2048);
  kernel.ttys = new Map();
  putProgram(kernel, '/program', smallElf());
  const tid = spawn(kernel, '/program') as number;
  const caller = newCaller(kernel, kernel.tasks.get(tid)!);
  const call = (name: string, ...args: (number | string | Uint8Array)[]) => caller.call(name, ...args) as number;
  call('mknodat', CWD, '/ptmx', S_IFCHR | 0o666, 0x502);
  call('mkdirat', CWD, '/d', 0o777);
  const file = call('openat', CWD, '/f', 0o102, 0o666);
  call('write', file, new Uint8Array(3 * PAGE), 3 * PAGE);
  const ends = new Uint8Array(8);
  call('pipe2', ends, 0);
  const [reader, writer] = new Int32Array(ends.buffer) as unknown as [number, number];
  const master = call('openat', CWD, '/ptmx', 0o402, 0);
  call('ioctl', master, IOCTL.values.TIOCSPTLCK, new Uint8Array(4));
  const slave = call('ioctl', master, IOCTL.values.TIOCGPTPEER, 0o402);
  call('setsid');
  call('ioctl', slave, IOCTL.values.TIOCSCTTY, 0);
  const memory = call('mmap', 0, 2 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return { ...caller, tid, file, reader, writer, master, slave, memory };
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function quads(...values: (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}

interface Probe {
  /** What the call gives for a name that is refused, and for no other reason. */
  readonly refusal: string | readonly string[];
  /** Names that this call takes although others that have the set refuse them. */
  readonly takesToo?: readonly string[];
  make(at: Place, value: number, name: string): unknown;
}

const BUFFER = new Uint8Array(512);
const path =
  (call: string, ...before: (number | string | Uint8Array)[]): Probe['make'] =>
  (at, value) =>
    at.call(call, CWD, '/f', ...before, value);

const socketFamily: Probe = { refusal: 'EAFNOSUPPORT', make: (at, value) => at.call('socket', value, 1, 0) };
const socketType: Probe = { refusal: 'EAFNOSUPPORT', make: (at, value) => at.call('socket', 1, value, 0) };
const priorityBound = (call: string): Probe => ({
  refusal: 'EINVAL',
  takesToo: ['SCHED_DEADLINE', 'SCHED_EXT'],
  make: (at, value, name) => (name === 'SCHED_RESET_ON_FORK' ? 0 : at.call(call, value)),
});
const limit = (make: Probe['make']): Probe => ({ refusal: 'EINVAL', make });
const xattr = (call: string, what: 'file' | 'path'): Probe => ({
  refusal: 'EINVAL',
  make: (at, value) => at.call(call, what === 'file' ? at.file : '/f', 'user.a', BUFFER, 4, value),
});
const clone = (make: (at: Place, flags: number) => unknown): Probe => ({
  refusal: ['EINVAL', 'EBADF'],
  make: (at, value, name) => {
    const { CLONE_VM, CLONE_SIGHAND } = CLONE.values;
    const needs: Record<string, number> = { CLONE_SIGHAND: CLONE_VM, CLONE_THREAD: CLONE_SIGHAND + CLONE_VM };
    return make(at, value + (needs[name] ?? 0));
  },
});
/** CLONE_CLEAR_SIGHAND and what is above do not fit into a word. */
const cloneArgs = (flags: number): Uint8Array => quads(flags, BUFFER_AT, BUFFER_AT, BUFFER_AT, 0, 0, 0, 0, 0, 0, 0);
/** In the data of smallElf. */
const BUFFER_AT = 0x12000;

/** By call and argument, or place of NESTED_FLAGS. */
const PROBES: Readonly<Record<string, Probe>> = {
  'clock_getres which_clock': limit((at, value) => at.call('clock_getres', value, BUFFER)),
  'clock_gettime which_clock': limit((at, value) => at.call('clock_gettime', value, BUFFER)),
  'clock_nanosleep which_clock': {
    refusal: ['EINVAL', 'EOPNOTSUPP'],
    make: (at, value) => at.call('clock_nanosleep', value, 0, quads(0, 5), 0),
  },
  'clock_nanosleep flags': limit((at, value) => at.call('clock_nanosleep', 1, value, quads(0, 5), 0)),
  'clock_settime which_clock': limit((at, value) => at.call('clock_settime', value, quads(5, 5))),
  'clone clone_flags': clone((at, flags) => at.call('clone', flags + SIGCHLD, 0, BUFFER_AT, 0, BUFFER_AT)),
  'clone3 flags': clone((at, flags) => at.call('clone3', cloneArgs(flags), 88)),
  'close_range flags': limit((at, value) => at.call('close_range', 100, 200, value)),
  'dup3 flags': limit((at, value) => at.call('dup3', at.file, 100, value)),
  'epoll_create1 flags': limit((at, value) => at.call('epoll_create1', value)),
  'epoll_ctl op': limit((at, value) =>
    at.call('epoll_ctl', at.call('epoll_create1', 0) as number, value, at.reader, BUFFER),
  ),
  'epoll_ctl events': limit((at, value) =>
    at.call('epoll_ctl', at.call('epoll_create1', 0) as number, 1, at.reader, words(value, 0, 0, 0)),
  ),
  'eventfd2 flags': limit((at, value) => at.call('eventfd2', 0, value)),
  'execveat flags': limit((at, value) => at.call('execveat', CWD, '/nowhere', 0, 0, value)),
  'faccessat mode': limit((at, value) => at.call('faccessat', CWD, '/f', value)),
  'faccessat2 mode': limit((at, value) => at.call('faccessat2', CWD, '/f', value, 0)),
  'faccessat2 flags': limit(path('faccessat2', 0)),
  'fadvise64 advice': limit((at, value) => at.call('fadvise64', at.file, 0, 1, value)),
  'fallocate mode': {
    refusal: 'EOPNOTSUPP',
    // A hole leaves the size as it is.
    make: (at, value, name) =>
      at.call('fallocate', at.file, name === 'FALLOC_FL_PUNCH_HOLE' ? value | 1 : value, 0, PAGE),
  },
  'fchmodat2 flags': limit(path('fchmodat2', 0o600)),
  'fchownat flag': limit(path('fchownat', 0, 0)),
  'fcntl cmd': limit((at, value, name) => {
    const isPipe = name.endsWith('PIPE_SZ');
    const takesStruct = name.includes('LK') || name.endsWith('_EX');
    if (name === 'F_ADD_SEALS' || name === 'F_GET_SEALS')
      return at.call('fcntl', at.call('memfd_create', 'm', 2) as number, value, 0);
    // Of a lock that is asked for the type is F_RDLCK, and its length 1.
    return at.call('fcntl', isPipe ? at.reader : at.file, value, takesStruct ? quads(0, 0, 1, 0) : isPipe ? PAGE : 0);
  }),
  'fcntl arg of F_SETFL': limit((at, value) => at.call('fcntl', at.file, FCNTL.values.F_SETFL, value)),
  'fcntl arg of F_ADD_SEALS': limit((at, value) =>
    at.call('fcntl', at.call('memfd_create', 'm', 2) as number, FCNTL.values.F_ADD_SEALS, value),
  ),
  'fcntl l_type of F_SETLK': limit((at, value) =>
    at.call('fcntl', at.file, FCNTL.values.F_SETLK, quads(value, 0, 1, 0)),
  ),
  'fcntl type of F_SETOWN_EX': limit((at, value) =>
    at.call('fcntl', at.file, FCNTL.values.F_SETOWN_EX, words(value, at.tid)),
  ),
  'flock cmd': limit((at, value, name) => at.call('flock', at.file, name === 'LOCK_NB' ? value | 1 : value)),
  'fsetxattr flags': xattr('fsetxattr', 'file'),
  'setxattr flags': xattr('setxattr', 'path'),
  'lsetxattr flags': xattr('lsetxattr', 'path'),
  'futex op': {
    refusal: 'ENOSYS',
    // The clock goes with a wait for some bits.
    make: (at, value, name) =>
      at.call('futex', words(1), name === 'FUTEX_CLOCK_REALTIME' ? value | 9 : value, 0, 0, words(1), 1),
  },
  'futex operation of FUTEX_WAKE_OP': {
    refusal: 'ENOSYS',
    make: (at, value) => at.call('futex', words(1), 5, 0, 0, words(1), value << 28),
  },
  'futex comparison of FUTEX_WAKE_OP': {
    refusal: 'ENOSYS',
    make: (at, value) => at.call('futex', words(1), 5, 0, 0, words(1), value << 24),
  },
  'futex_waitv clockid': limit((at, value) =>
    at.call('futex_waitv', quads(5, BUFFER_AT, 2), 1, 0, quads(9e9, 0), value),
  ),
  'futex_waitv flags': limit((at, value, name) =>
    at.call('futex_waitv', quads(5, BUFFER_AT, name === 'FUTEX2_PRIVATE' ? value | 2 : value), 1, 0, 0, 1),
  ),
  'getitimer which': limit((at, value) => at.call('getitimer', value, BUFFER)),
  'setitimer which': limit((at, value) => at.call('setitimer', value, quads(0, 0, 0, 0), 0)),
  'getpriority which': limit((at, value) => at.call('getpriority', value, 0)),
  'setpriority which': limit((at, value) => at.call('setpriority', value, 0, 5)),
  'getrandom flags': limit((at, value) => at.call('getrandom', BUFFER, 8, value)),
  'getrlimit resource': limit((at, value) => at.call('getrlimit', value, BUFFER)),
  'setrlimit resource': limit((at, value) => at.call('setrlimit', value, quads(5, 5))),
  'prlimit64 resource': limit((at, value) => at.call('prlimit64', 0, value, 0, BUFFER)),
  'getrusage who': limit((at, value) => at.call('getrusage', value, BUFFER)),
  'ioctl cmd': {
    refusal: 'refused',
    make: (at, value) => {
      const random = at.call('openat', CWD, randomDevice(at), 0, 0) as number;
      const files = [at.file, at.reader, at.slave, at.master, random];
      const refusals = ['ENOTTY', 'EINVAL', 'EOPNOTSUPP'];
      const answers = files.map((fd) => at.call('ioctl', fd, value, new Uint8Array(64)));
      answers.push(at.call('ioctl', at.slave, value, 0));
      return answers.every((answer) => refusals.includes(String(answer))) ? 'refused' : 0;
    },
  },
  'ioctl arg of TCFLSH': limit((at, value) => at.call('ioctl', at.slave, IOCTL.values.TCFLSH, value)),
  'ioctl arg of TCXONC': limit((at, value) => at.call('ioctl', at.slave, IOCTL.values.TCXONC, value)),
  'ioctl arg of TIOCSETD': limit((at, value) => at.call('ioctl', at.slave, IOCTL.values.TIOCSETD, words(value))),
  'ioctl c_iflag of TCSETS': termios(0),
  'ioctl c_oflag of TCSETS': termios(1),
  'ioctl c_cflag of TCSETS': termios(2),
  'ioctl c_lflag of TCSETS': termios(3),
  'ioctl index of c_cc of TCSETS': termios(4),
  'ioprio_get which': limit((at, value) => at.call('ioprio_get', value, 0)),
  'ioprio_set which': limit((at, value) => at.call('ioprio_set', value, 0, 2 << 13)),
  'linkat flags': limit((at, value) => at.call('linkat', CWD, '/f', CWD, '/g', value)),
  'lseek whence': limit((at, value) => at.call('lseek', at.file, 0, value)),
  'madvise behavior': {
    refusal: 'EINVAL',
    make: (at, value, name) => {
      // Contents are taken out of files only.
      const shared = name === 'MADV_REMOVE' ? (at.call('mmap', 0, PAGE, 3, 1, at.file, 0) as number) : at.memory;
      return at.call('madvise', shared, PAGE, value);
    },
  },
  'membarrier cmd': limit((at, value) => at.call('membarrier', value, 0, 0)),
  'membarrier flags': limit((at, value) => at.call('membarrier', 128, value, 0)),
  'memfd_create flags': { refusal: ['EINVAL', 'ENOSYS'], make: (at, value) => at.call('memfd_create', 'm', value) },
  'mlock2 flags': limit((at, value) => at.call('mlock2', at.memory, PAGE, value)),
  'mlockall flags': limit((at, value, name) => at.call('mlockall', name === 'MCL_ONFAULT' ? value | 1 : value)),
  'mmap prot': limit((at, value) => at.call('mmap', 0, PAGE, value, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
  'mmap flags': {
    refusal: ['EINVAL', 'ENOMEM', 'EOPNOTSUPP'],
    make: (at, value, name) => {
      if (name === 'MAP_SHARED_VALIDATE' || name === 'MAP_SYNC')
        return at.call('mmap', 0, PAGE, 1, value | 3, at.file, 0);
      const address = (value & MAP_FIXED) !== 0 || name === 'MAP_FIXED_NOREPLACE' ? at.memory : 0;
      const type = MAP_TYPES.has(name) ? value : value | MAP_PRIVATE;
      return at.call('mmap', address, PAGE, 3, type | MAP_ANONYMOUS, -1, 0);
    },
  },
  'mount flags': limit((at, value, name) => {
    const source = name === 'MS_MOVE' ? '/d' : '/';
    if (name === 'MS_MOVE' || name === 'MS_REMOUNT' || /MS_(UNBINDABLE|PRIVATE|SLAVE|SHARED)/.test(name)) {
      at.call('mount', 'none', '/d', 'tmpfs', 0, 0);
      at.call('mkdirat', CWD, '/e', 0o777);
    }
    return at.call('mount', source, name === 'MS_MOVE' ? '/e' : '/d', 'tmpfs', value, 0);
  }),
  'mprotect prot': limit((at, value, name) => {
    // Those that grow are for stacks; no processor that we know has one that grows upwards.
    if (name === 'PROT_GROWSUP') return 0;
    const down = MMAP.values.MAP_GROWSDOWN;
    const stack = at.call('mmap', 0, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | down, -1, 0) as number;
    return at.call('mprotect', stack, PAGE, value);
  }),
  'mremap flags': limit((at, value, name) =>
    at.call('mremap', at.memory, PAGE, PAGE, name === 'MREMAP_MAYMOVE' ? value : value | 1, 0x700000),
  ),
  'msync flags': limit((at, value) => at.call('msync', at.memory, PAGE, value)),
  'newfstatat flag': limit((at, value) => at.call('newfstatat', CWD, '/f', BUFFER, value)),
  'openat flags': limit((at, value, name) => at.call('openat', CWD, ...openHow(value, name), 0o600)),
  'openat2 flags': limit((at, value, name) => {
    const [file, flags] = openHow(value, name);
    const creates = name === 'O_CREAT' || name === 'O_TMPFILE';
    return at.call('openat2', CWD, file, quads(flags, creates ? 0o600 : 0, 0), 24);
  }),
  'openat2 resolve': limit((at, value) => at.call('openat2', CWD, 'f', quads(0, 0, value), 24)),
  'personality personality': limit((at, value) => at.call('personality', value)),
  'pidfd_open flags': limit((at, value) => at.call('pidfd_open', at.tid, value)),
  'pidfd_send_signal flags': limit((at, value) =>
    at.call('pidfd_send_signal', at.call('pidfd_open', at.tid, 0) as number, 0, 0, value),
  ),
  'pipe2 flags': { refusal: ['EINVAL', 'ENOPKG'], make: (at, value) => at.call('pipe2', BUFFER, value) },
  'ppoll events': limit((at, value) => at.call('ppoll', words(at.file, value), 1, quads(0, 0), 0, 8)),
  'prctl option': limit((at, value, name) => {
    const { PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_SET_MM, PR_SET_VMA, PR_GET_NO_NEW_PRIVS } = PRCTL.values;
    if (value === PR_SET_NO_NEW_PRIVS) return at.call('prctl', value, 1, 0, 0, 0);
    if (value === PR_CAP_AMBIENT) return at.call('prctl', value, 1, 0, 0, 0);
    if (value === PR_SET_MM) return at.call('prctl', value, 8, at.memory, 0, 0);
    if (value === PR_SET_VMA) return at.call('prctl', value, 0, at.memory, PAGE, 'name');
    const isGet = name.includes('_GET_') && value !== PR_GET_NO_NEW_PRIVS && name !== 'PR_GET_THP_DISABLE';
    return at.call('prctl', value, isGet || name === 'PR_SET_NAME' ? BUFFER : 0, 0, 0, 0);
  }),
  'prctl arg2 of PR_CAP_AMBIENT': limit((at, value) => at.call('prctl', PRCTL.values.PR_CAP_AMBIENT, value, 0, 0, 0)),
  'prctl arg2 of PR_SET_MM': limit((at, value) => at.call('prctl', PRCTL.values.PR_SET_MM, value, at.memory, 0, 0)),
  'prctl arg2 of PR_SET_SECUREBITS': {
    refusal: 'EPERM',
    make: (at, value) => at.call('prctl', PRCTL.values.PR_SET_SECUREBITS, value, 0, 0, 0),
  },
  'preadv2 flags': vector('preadv2'),
  'pwritev2 flags': vector('pwritev2'),
  'reboot magic1': limit((at, value) => at.call('reboot', value, 0x28121969, 0, 0)),
  'reboot magic2': limit((at, value) => at.call('reboot', 0xfee1dead, value, 0, 0)),
  'reboot cmd': limit((at, value) => at.call('reboot', 0xfee1dead, 0x28121969, value, 0)),
  'renameat2 flags': limit((at, value) => at.call('renameat2', CWD, '/f', CWD, '/d', value)),
  'riscv_flush_icache flags': limit((at, value) => {
    Object.assign(at.kernel.machine, { hart: { fenceI: () => undefined } });
    return at.call('riscv_flush_icache', 0, 0, value);
  }),
  'riscv_hwprobe flags': limit((at, value) => at.call('riscv_hwprobe', BUFFER, 1, 0, 0, value)),
  'rseq flags': limit((at, value) => {
    at.task.rseq = { address: at.memory, length: 32, signature: 7 };
    return at.call('rseq', at.memory, 32, value, 7);
  }),
  'rt_sigaction sa_flags': {
    refusal: 'forgotten',
    make: (at, value) => {
      const old = new Uint8Array(24);
      at.call('rt_sigaction', 10, quads(1, value, 0), 0, 8);
      at.call('rt_sigaction', 10, 0, old, 8);
      return new Uint32Array(old.buffer)[2] === value >>> 0 ? 0 : 'forgotten';
    },
  },
  'rt_sigprocmask how': limit((at, value) => at.call('rt_sigprocmask', value, quads(0), 0, 8)),
  'sched_get_priority_max policy': priorityBound('sched_get_priority_max'),
  'sched_get_priority_min policy': priorityBound('sched_get_priority_min'),
  'sched_setscheduler policy': limit((at, value) =>
    at.call('sched_setscheduler', 0, value, words(value === 1 || value === 2 ? 1 : 0)),
  ),
  'sched_setattr sched_policy': limit((at, value, name) =>
    // To be the default in children is a flag of this call.
    name === 'SCHED_RESET_ON_FORK' ? 0 : at.call('sched_setattr', 0, schedAttr(value, 0), 0),
  ),
  'sched_setattr sched_flags': {
    refusal: ['EINVAL', 'EOPNOTSUPP'],
    make: (at, value) => at.call('sched_setattr', 0, schedAttr(0, value), 0),
  },
  'sigaltstack ss_flags': limit((at, value) => at.call('sigaltstack', quads(at.memory, value, PAGE), 0)),
  'signalfd4 flags': limit((at, value) => at.call('signalfd4', -1, quads(0), 8, value)),
  'socket family': socketFamily,
  'socketpair family': socketFamily,
  'socket type': socketType,
  'socketpair type': socketType,
  'splice flags': limit((at, value) => at.call('splice', at.file, 0, at.writer, 0, 5, value)),
  'tee flags': limit((at, value) => {
    const ends = new Uint8Array(8);
    at.call('pipe2', ends, 0);
    return at.call('tee', at.reader, new Int32Array(ends.buffer)[1]!, 5, value);
  }),
  'vmsplice flags': limit((at, value) => at.call('vmsplice', at.writer, quads(at.memory, 5), 1, value)),
  'statx flags': limit((at, value) => at.call('statx', CWD, '/f', value, 0, BUFFER)),
  'statx mask': {
    refusal: 'absent',
    make: (at, value) => {
      const stat = new Uint8Array(256);
      at.call('statx', CWD, '/f', 0, value, stat);
      return (new Uint32Array(stat.buffer)[0]! & value) === value ? 0 : 'absent';
    },
  },
  'sync_file_range flags': limit((at, value) => at.call('sync_file_range', at.file, 0, 1, value)),
  'syslog type': limit((at, value, name) => at.call('syslog', value, BUFFER, name.endsWith('LEVEL') ? 5 : 100)),
  'timer_create which_clock': {
    refusal: ['EINVAL', 'EOPNOTSUPP'],
    make: (at, value) => at.call('timer_create', value, 0, BUFFER),
  },
  'timer_create sigev_notify': limit((at, value) => at.call('timer_create', 1, words(0, 0, 10, value, at.tid), BUFFER)),
  'timer_settime flags': limit((at, value) => {
    const id = new Uint8Array(4);
    at.call('timer_create', 1, 0, id);
    return at.call('timer_settime', new Int32Array(id.buffer)[0]!, value, quads(0, 0, 0, 0), 0);
  }),
  'timerfd_create clockid': limit((at, value) => at.call('timerfd_create', value, 0)),
  'timerfd_create flags': limit((at, value) => at.call('timerfd_create', 1, value)),
  'timerfd_settime flags': limit((at, value) =>
    at.call('timerfd_settime', at.call('timerfd_create', 0, 0) as number, value, quads(0, 0, 5, 0), 0),
  ),
  'umount2 flags': limit((at, value) => {
    at.call('mount', 'none', '/d', 'tmpfs', 0, 0);
    return at.call('umount2', '/d', value);
  }),
  'unlinkat flag': limit((at, value) => at.call('unlinkat', CWD, '/d', value)),
  'unshare unshare_flags': limit((at, value) => at.call('unshare', value)),
  'utimensat flags': limit((at, value) => at.call('utimensat', CWD, '/f', 0, value)),
  'wait4 options': limit((at, value) => at.call('wait4', -1, 0, value, 0)),
  'waitid which': limit((at, value, name) => {
    const id = name === 'P_PIDFD' ? (at.call('pidfd_open', at.tid, 0) as number) : 1;
    return at.call('waitid', value, id, 0, 4, 0);
  }),
  'waitid options': limit((at, value) => at.call('waitid', 0, 0, 0, value | 4, 0)),
};

function randomDevice(at: Place): string {
  at.call('mknodat', CWD, '/random', S_IFCHR | 0o666, 0x108);
  return '/random';
}

/** The settings are taken whatever they are; those that cannot be stay as they were. */
function termios(index: number): Probe {
  return limit((at, value) => {
    const bytes = new Uint8Array(36);
    if (index < 4) new DataView(bytes.buffer).setUint32(4 * index, value, true);
    else bytes[17 + value] = 1;
    return at.call('ioctl', at.slave, IOCTL.values.TCSETS, bytes);
  });
}

function vector(call: string): Probe {
  return {
    refusal: 'EOPNOTSUPP',
    make: (at, value) => at.call(call, at.file, quads(at.memory, 5), 1, 0, value),
  };
}

function schedAttr(policy: number, flags: number): Uint8Array {
  return words(56, policy, flags, 0, 0, policy === 1 || policy === 2 ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** What goes with a flag of open for it to be accepted. */
function openHow(value: number, name: string): [string, number] {
  if (name === 'O_TMPFILE') return ['/', value | 2];
  if (name === 'O_DIRECTORY') return ['/d', value];
  return ['/f', value];
}

interface Coverage {
  readonly key: string;
  readonly set: FlagSet;
  readonly takes: readonly string[] | undefined;
}

/** Every place of flags in the calls that riscv64 has and that have a handler. */
function places(): Coverage[] {
  const found: Coverage[] = [];
  const add = (key: string, set: FlagSetName, takes: readonly string[] | undefined) =>
    found.push({ key, set: FLAG_SETS[set], takes });
  for (const [name, row] of Object.entries(SYSCALLS) as [string, SyscallRow][]) {
    if (!Object.hasOwn(HANDLERS, name) || row.nr.riscv64 === undefined) continue;
    for (const arg of row.args as readonly Arg[])
      if (arg.flags !== undefined) add(`${name} ${arg.name}`, arg.flags, arg.takes);
  }
  for (const { call, where, set, takes } of NESTED_FLAGS) add(`${call} ${where}`, set, takes);
  return found;
}

describe('what flag sets say of the kernel', () => {
  it('is known for every place of flags', () => {
    expect(Object.keys(PROBES).sort()).toEqual(
      places()
        .map(({ key }) => key)
        .sort(),
    );
  });

  it.each(places())('$key', ({ key, set, takes }) => {
    const { refusal, takesToo = [], make } = PROBES[key]!;
    const values = Object.entries(valuesFor(set, 'riscv64')).filter(([name]) => takes?.includes(name) ?? true);
    expect(takes?.filter((name) => !Object.hasOwn(set.values, name)) ?? []).toEqual([]);
    const refused = values.filter(([name, value]) => [refusal].flat().includes(String(make(place(), value, name))));
    expect(refused.map(([name]) => name)).toEqual(
      values.map(([name]) => name).filter((name) => set.unsupported.includes(name) && !takesToo.includes(name)),
    );
  });
});
