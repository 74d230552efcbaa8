/**
 * strace's spelling of single values: strings, numbers, names of flags.
 *
 * Interface: quote, pointer, hex, octal, flagNames, enumName, sigset, signalOf, makedevText, modeText.
 * Checked against strace 6.1. Its order of names differs here and there from that of the values; ORDER has those sets.
 */
import type { Arch } from '../../abi/arch.ts';
import { major, minor, S_IFMT } from '../../abi/file-mode.ts';
import { valuesFor } from '../../abi/flag-set.ts';
import { FLAG_SETS, type FlagSetName } from '../../abi/flags.ts';
import { NSIG, signalName } from '../../abi/signals.ts';

const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** A string as C would write it. An octal escape takes three digits only where another digit follows. */
export function quote(bytes: Uint8Array): string {
  let text = '"';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    const escape = ESCAPES[byte];
    if (escape !== undefined) text += escape;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else {
      const next = bytes[i + 1] ?? 0;
      const octalDigits = byte.toString(8);
      text += `\\${next >= 48 && next <= 55 ? octalDigits.padStart(3, '0') : octalDigits}`;
    }
  }
  return `${text}"`;
}

/** All bytes in hexadecimal, as random bytes are shown. */
export function quoteHex(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}

export function pointer(value: bigint): string {
  return value === 0n ? 'NULL' : hex(value);
}

export function hex(value: bigint | number): string {
  return value < 0 ? `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}` : `0x${value.toString(16)}`;
}

/** A number that is shown in hexadecimal, but for zero. */
export function hexOrZero(value: bigint | number): string {
  return BigInt(value) === 0n ? '0' : hex(value);
}

/** Permission bits: at least three digits. */
export function octal(value: number): string {
  return `0${value.toString(8).padStart(2, '0')}`;
}

/** Sets that strace names in another order: those here first, then the rest by the table. Longer bit patterns go before their parts. */
const ORDER: Readonly<Partial<Record<FlagSetName, readonly string[]>>> = {
  open: [
    ...['O_CREAT', 'O_EXCL', 'O_NOCTTY', 'O_TRUNC', 'O_APPEND', 'O_NONBLOCK', 'O_SYNC', 'O_DSYNC', 'O_DIRECT'],
    ...['O_LARGEFILE', 'O_NOFOLLOW', 'O_NOATIME', 'O_CLOEXEC', 'O_PATH', 'O_TMPFILE', 'O_DIRECTORY', 'FASYNC'],
  ],
  pipe: ['O_NONBLOCK', 'O_DIRECT', 'O_CLOEXEC'],
  mmap: [
    ...['MAP_FIXED', 'MAP_ANONYMOUS', 'MAP_32BIT', 'MAP_NORESERVE', 'MAP_POPULATE', 'MAP_NONBLOCK', 'MAP_GROWSDOWN'],
    ...['MAP_DENYWRITE', 'MAP_EXECUTABLE', 'MAP_LOCKED', 'MAP_STACK', 'MAP_HUGETLB', 'MAP_SYNC', 'MAP_FIXED_NOREPLACE'],
  ],
  'termios-lflag': [
    ...['ISIG', 'ICANON', 'XCASE', 'ECHO', 'ECHOE', 'ECHOK', 'ECHONL', 'NOFLSH', 'TOSTOP'],
    ...['IEXTEN', 'ECHOCTL', 'ECHOPRT', 'ECHOKE'],
  ],
  msync: ['MS_SYNC', 'MS_ASYNC', 'MS_INVALIDATE'],
  access: ['R_OK', 'W_OK', 'X_OK'],
  sigaction: ['SA_RESTORER', 'SA_ONSTACK', 'SA_RESTART', 'SA_NODEFER', 'SA_RESETHAND', 'SA_SIGINFO'],
  statx: ['STATX_ALL', 'STATX_BASIC_STATS'],
  wait: ['WNOHANG', 'WEXITED', 'WUNTRACED', 'WCONTINUED', 'WNOWAIT', '__WCLONE', '__WALL', '__WNOTHREAD'],
};

/** Names that strace 6.1 spells otherwise (in one set, or in all); an empty one it does not have. */
const RENAMED: Readonly<Record<string, string>> = {
  WUNTRACED: 'WSTOPPED',
  SCHED_NORMAL: 'SCHED_OTHER',
  'at AT_EACCESS': 'AT_REMOVEDIR',
  AT_STATX_SYNC_AS_STAT: '',
  AT_STATX_FORCE_SYNC: '',
  AT_STATX_DONT_SYNC: '',
  MEMBARRIER_CMD_GET_REGISTRATIONS: '',
  STATX_MNT_ID_UNIQUE: '',
  STATX_SUBVOL: '',
  STATX_WRITE_ATOMIC: '',
  STATX_DIO_READ_ALIGN: '',
};

/** What follows `_???` in the comment on a value without a name. */
const UNKNOWN: Readonly<Partial<Record<FlagSetName, string>>> = {
  open: 'O_???',
  at: 'AT_???',
  access: '?_OK',
  seek: 'SEEK_???',
  fcntl: 'F_???',
  futex: 'FUTEX_???',
  rlimit: 'RLIMIT_???',
  clock: 'CLOCK_???',
  'mmap-prot': 'PROT_???',
  mmap: 'MAP_???',
  madvise: 'MADV_???',
  mlockall: 'MCL_???',
  'rusage-who': 'RUSAGE_???',
  itimer: 'ITIMER_???',
  'epoll-ctl': 'EPOLL_CTL_???',
  sigprocmask: 'SIG_???',
  prctl: 'PR_???',
  'wait-id': 'P_???',
  'sched-policy': 'SCHED_???',
  'socket-family': 'AF_???',
  'priority-which': 'PRIO_???',
  flock: 'LOCK_???',
  wait: 'W???',
  'lock-type': 'F_???',
};

interface Names {
  readonly bits: readonly (readonly [name: string, value: bigint])[];
  readonly values: ReadonlyMap<bigint, string>;
  readonly mask: bigint;
}

const cache = new Map<string, Names>();

function namesOf(set: FlagSetName, arch: Arch): Names {
  const key = `${arch} ${set}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const flagSet = FLAG_SETS[set];
  const mask = BigInt(flagSet.mask >>> 0);
  const order = ORDER[set] ?? [];
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const values = new Map<bigint, string>();
  const bits: [string, bigint][] = [];
  for (const [name, value] of Object.entries(valuesFor(flagSet, arch))) {
    const shown = spelled(set, name);
    if (shown === '') continue;
    const bigValue = BigInt(value);
    if (!values.has(bigValue)) values.set(bigValue, shown);
    const isField = mask !== 0n && (bigValue & ~mask) === 0n;
    if (bigValue > 0n && (flagSet.kind === 'bits' ? !isField : (bigValue & mask) === 0n)) bits.push([name, bigValue]);
  }
  bits.sort((a, b) => rank(a[0]) - rank(b[0]));
  const names = { bits: bits.map(([name, value]) => [spelled(set, name), value] as const), values, mask };
  cache.set(key, names);
  return names;
}

function spelled(set: FlagSetName, name: string): string {
  return RENAMED[`${set} ${name}`] ?? RENAMED[name] ?? name;
}

/** Bits joined with `|`, what is left in hexadecimal. */
export function flagNames(set: FlagSetName, value: bigint, arch: Arch): string {
  const { bits, values, mask } = namesOf(set, arch);
  const field = value & mask;
  let rest = value & ~mask;
  const names: string[] = [];
  if (mask !== 0n) {
    const name = set === 'open' && field === 3n ? 'O_ACCMODE' : values.get(field);
    if (name !== undefined) names.push(name);
    else if (field !== 0n) rest |= field;
  }
  for (const [name, bit] of bits) {
    if ((rest & bit) !== bit) continue;
    names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0n) names.push(names.length === 0 ? unknown(set, rest) : hex(rest));
  return names.length > 0 ? names.join('|') : (values.get(0n) ?? '0');
}

/** The name of one value, or the value with a comment. */
export function enumName(set: FlagSetName, value: bigint, arch: Arch): string {
  return namesOf(set, arch).values.get(value) ?? unknown(set, value);
}

/** Whether the set has a name for the value. */
export function hasName(set: FlagSetName, value: bigint, arch: Arch): boolean {
  return namesOf(set, arch).values.has(value);
}

function unknown(set: FlagSetName, value: bigint): string {
  const text = UNKNOWN[set];
  return text === undefined ? hex(value) : `${hex(BigInt.asUintN(value < 0n ? 32 : 64, value))} /* ${text} */`;
}

/** A signal mask; where most signals are in it, those that are not, after a tilde. */
export function sigset(mask: bigint): string {
  let count = 0;
  for (let signo = 1; signo <= NSIG; signo++) if (((mask >> BigInt(signo - 1)) & 1n) !== 0n) count++;
  const isInverted = count >= Math.floor((NSIG * 2) / 3);
  const names: string[] = [];
  for (let signo = 1; signo <= NSIG; signo++) {
    const isSet = ((mask >> BigInt(signo - 1)) & 1n) !== 0n;
    if (isSet !== isInverted) names.push(shortSignal(signo));
  }
  return `${isInverted ? '~' : ''}[${names.join(' ')}]`;
}

/** strace counts real-time signals from the kernel's SIGRTMIN. */
function shortSignal(signo: number): string {
  return signalName(signo).replace(/^SIG/, '');
}

export function signalOf(signo: number): string {
  return signalName(signo);
}

const FILE_TYPES: Readonly<Record<number, string>> = {
  0o140000: 'S_IFSOCK',
  0o120000: 'S_IFLNK',
  0o100000: 'S_IFREG',
  0o060000: 'S_IFBLK',
  0o040000: 'S_IFDIR',
  0o020000: 'S_IFCHR',
  0o010000: 'S_IFIFO',
};

/** A mode with the file's type: `S_IFREG|S_ISUID|0644`. */
export function modeText(mode: number): string {
  const names: string[] = [];
  const type = FILE_TYPES[mode & S_IFMT];
  if (type !== undefined) names.push(type);
  if ((mode & 0o4000) !== 0) names.push('S_ISUID');
  if ((mode & 0o2000) !== 0) names.push('S_ISGID');
  if ((mode & 0o1000) !== 0) names.push('S_ISVTX');
  const rest = type === undefined ? mode & ~0o7000 : mode & 0o777;
  return [...names, octal(rest)].join('|');
}

export function makedevText(dev: number): string {
  return `makedev(${hex(major(dev))}, ${hex(minor(dev))})`;
}

/** Seconds since the epoch as a date and time of UTC: `1970-01-01T00:00:00`. */
export function dateText(seconds: number): string {
  const day = Math.floor(seconds / 86400);
  const time = seconds - day * 86400;
  // The calendar repeats every 146,097 days; years that begin in March end with the leap day.
  const shifted = day + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const date = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60].map(two).join(':');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}T${clock}`;
}
