/**
 * Flags that a system call does not take as an argument of its own, but in a struct or in an argument whose meaning another one
 * chooses. For the coverage document and the test that holds handlers to it.
 *
 * Interface: NESTED_FLAGS, NestedFlags.
 */
import { namesBut } from './flag-set.ts';
import type { FlagSetName } from './flags.ts';
import { POLL } from './flags/poll.ts';
import { CLONE } from './flags/process.ts';
import { SIGACTION } from './flags/signal.ts';
import type { SyscallName } from './syscalls.ts';

export interface NestedFlags {
  readonly call: SyscallName;
  /** Where they stand: the member of a struct, or the argument with what chooses its meaning. */
  readonly where: string;
  readonly set: FlagSetName;
  /** Where Linux takes fewer names than the set has: these. */
  readonly takes?: readonly string[];
}

/** What a program may ask poll for; the others are only told. */
const ASKED_EVENTS = namesBut(POLL, 'POLLERR', 'POLLHUP', 'POLLNVAL');
const STATUS_FLAGS = ['O_APPEND', 'O_NONBLOCK', 'O_DIRECT', 'O_NOATIME', 'FASYNC'];

export const NESTED_FLAGS: readonly NestedFlags[] = [
  { call: 'clone3', where: 'flags', set: 'clone', takes: namesBut(CLONE, 'CLONE_DETACHED') },
  { call: 'epoll_ctl', where: 'events', set: 'epoll' },
  { call: 'fcntl', where: 'arg of F_SETFL', set: 'open', takes: STATUS_FLAGS },
  { call: 'fcntl', where: 'arg of F_ADD_SEALS', set: 'seals' },
  { call: 'fcntl', where: 'l_type of F_SETLK', set: 'lock-type' },
  { call: 'fcntl', where: 'type of F_SETOWN_EX', set: 'owner-type' },
  { call: 'futex', where: 'operation of FUTEX_WAKE_OP', set: 'futex-wake-op' },
  { call: 'futex', where: 'comparison of FUTEX_WAKE_OP', set: 'futex-wake-cmp' },
  { call: 'futex_waitv', where: 'flags', set: 'futex2', takes: ['FUTEX2_SIZE_U32', 'FUTEX2_PRIVATE'] },
  { call: 'ioctl', where: 'arg of TCFLSH', set: 'tcflush' },
  { call: 'ioctl', where: 'arg of TCXONC', set: 'tcflow' },
  { call: 'ioctl', where: 'arg of TIOCSETD', set: 'line-discipline' },
  { call: 'ioctl', where: 'c_iflag of TCSETS', set: 'termios-iflag' },
  { call: 'ioctl', where: 'c_oflag of TCSETS', set: 'termios-oflag' },
  { call: 'ioctl', where: 'c_cflag of TCSETS', set: 'termios-cflag' },
  { call: 'ioctl', where: 'c_lflag of TCSETS', set: 'termios-lflag' },
  { call: 'ioctl', where: 'index of c_cc of TCSETS', set: 'termios-cc' },
  { call: 'openat2', where: 'flags', set: 'open' },
  { call: 'openat2', where: 'resolve', set: 'open-resolve' },
  { call: 'personality', where: 'personality', set: 'personality' },
  { call: 'ppoll', where: 'events', set: 'poll', takes: ASKED_EVENTS },
  { call: 'prctl', where: 'arg2 of PR_CAP_AMBIENT', set: 'cap-ambient' },
  { call: 'prctl', where: 'arg2 of PR_SET_MM', set: 'prctl-mm' },
  { call: 'prctl', where: 'arg2 of PR_SET_SECUREBITS', set: 'securebits' },
  { call: 'rt_sigaction', where: 'sa_flags', set: 'sigaction', takes: namesBut(SIGACTION, 'SA_UNSUPPORTED') },
  { call: 'sched_setattr', where: 'sched_policy', set: 'sched-policy' },
  { call: 'sched_setattr', where: 'sched_flags', set: 'sched-flags' },
  { call: 'sigaltstack', where: 'ss_flags', set: 'sigaltstack' },
  { call: 'timer_create', where: 'sigev_notify', set: 'sigev-notify' },
];
