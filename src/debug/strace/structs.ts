/**
 * strace's form of the structs, abbreviated as without -v.
 *
 * Interface: structText. Structs without a printer of their own are shown field by field.
 */
import { isDevice } from '../../abi/file-mode.ts';
import type { FlagSetName } from '../../abi/flags.ts';
import type { StructName } from '../../abi/structs.ts';
import { type Call, structAt } from './call.ts';
import { siginfoFields } from './siginfo.ts';
import {
  dateText,
  enumName,
  flagNames,
  hex,
  hexOrZero,
  makedevText,
  modeText,
  octal,
  pointer,
  quote,
  sigset,
  signalOf,
} from './text.ts';

type Values = Readonly<Record<string, unknown>>;
type Printer = (values: Values, call: Call) => string;

/** The struct at `address`; its address where it is not to be read. */
export function structText(call: Call, address: bigint, name: StructName): string {
  const values = structAt(call, address, name);
  if (values === null) return pointer(address);
  return (PRINTERS[name] ?? plain)(values, call);
}

const number = (values: Values, field: string): number => Number(values[field]);
const big = (values: Values, field: string): bigint => BigInt(values[field] as bigint | number);

function flags(set: FlagSetName, value: number | bigint, call: Call): string {
  return flagNames(set, BigInt(value), call.arch);
}

/** Every field with its value, nested structs too. */
function plain(values: Values): string {
  return `{${Object.entries(values)
    .map(([name, value]) => `${name}=${plainValue(value)}`)
    .join(', ')}}`;
}

function plainValue(value: unknown): string {
  if (value instanceof Uint8Array) return quote(untilNul(value));
  if (Array.isArray(value)) return `[${value.map(plainValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return plain(value as Values);
  return String(value);
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function only(values: Values, names: readonly string[]): string {
  return `{${names.map((name) => `${name}=${plainValue(values[name])}`).join(', ')}, ...}`;
}

function stat(values: Values): string {
  const mode = number(values, 'st_mode');
  const what = isDevice(mode)
    ? `st_rdev=${makedevText(number(values, 'st_rdev'))}`
    : `st_size=${number(values, 'st_size')}`;
  return `{st_mode=${modeText(mode)}, ${what}, ...}`;
}

function statx(values: Values, call: Call): string {
  const mode = number(values, 'stx_mode');
  const mask = flags('statx', number(values, 'stx_mask'), call);
  const attributes = flags('statx-attr', big(values, 'stx_attributes'), call);
  const head = `{stx_mask=${mask}, stx_attributes=${attributes}, stx_mode=${modeText(mode)}, `;
  return `${head}stx_size=${number(values, 'stx_size')}, ...}`;
}

function statfs(values: Values, call: Call): string {
  const [low, high] = values['f_fsid'] as readonly number[];
  const names = ['f_bsize', 'f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'];
  const counts = names.map((name) => `${name}=${number(values, name)}`).join(', ');
  const type = enumName('fs-magic', big(values, 'f_type'), call.arch);
  const id = `{val=[${hexOrZero(low! >>> 0)}, ${hexOrZero(high! >>> 0)}]}`;
  const rest = `f_namelen=${number(values, 'f_namelen')}, f_frsize=${number(values, 'f_frsize')}`;
  return `{f_type=${type}, ${counts}, f_fsid=${id}, ${rest}, f_flags=${flags('statfs', number(values, 'f_flags'), call)}}`;
}

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

/** One of utimensat's two times, which may be a word, with the date as a comment. */
export function utimeText(call: Call, address: bigint): string {
  const values = structAt(call, address, 'timespec');
  if (values === null) return pointer(address);
  const nanoseconds = number(values, 'tv_nsec');
  if (nanoseconds === UTIME_NOW) return 'UTIME_NOW';
  if (nanoseconds === UTIME_OMIT) return 'UTIME_OMIT';
  const seconds = number(values, 'tv_sec');
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0')}`;
  return `${plain(values)} /* ${dateText(seconds)}${fraction}+0000 */`;
}

function resourceLimit(value: bigint): string {
  if (value === 0xffff_ffff_ffff_ffffn) return 'RLIM64_INFINITY';
  return value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : String(value);
}

function rlimit(values: Values): string {
  return `{rlim_cur=${resourceLimit(big(values, 'rlim_cur'))}, rlim_max=${resourceLimit(big(values, 'rlim_max'))}}`;
}

const HANDLERS: readonly string[] = ['SIG_DFL', 'SIG_IGN'];

function sigaction(values: Values, call: Call): string {
  const handler = number(values, 'sa_handler');
  const bits = big(values, 'sa_flags');
  const mask = sigset(big(values, 'sa_mask'));
  const restorer =
    (bits & 0x0400_0000n) === 0n || values['sa_restorer'] === undefined
      ? ''
      : `, sa_restorer=${pointer(big(values, 'sa_restorer'))}`;
  return `{sa_handler=${HANDLERS[handler] ?? hex(handler)}, sa_mask=${mask}, sa_flags=${flags('sigaction', bits, call)}${restorer}}`;
}

function stack(values: Values, call: Call): string {
  const bits = flags('sigaltstack', number(values, 'ss_flags') >>> 0, call);
  return `{ss_sp=${pointer(big(values, 'ss_sp'))}, ss_flags=${bits}, ss_size=${number(values, 'ss_size')}}`;
}

function epollEvent(values: Values, call: Call): string {
  const data = big(values, 'data');
  return `{events=${flags('epoll', number(values, 'events'), call)}, data={u32=${data & 0xffff_ffffn}, u64=${data}}}`;
}

function flock(values: Values, call: Call): string {
  const type = enumName('lock-type', big(values, 'l_type'), call.arch);
  const whence = enumName('seek', big(values, 'l_whence'), call.arch);
  return `{l_type=${type}, l_whence=${whence}, l_start=${number(values, 'l_start')}, l_len=${number(values, 'l_len')}}`;
}

function cloneArgs(values: Values, call: Call): string {
  const fields = [`flags=${flags('clone', big(values, 'flags') & ~0xffn, call)}`];
  const add = (name: string, text: (value: bigint) => string, always = false): void => {
    if (always || big(values, name) !== 0n) fields.push(`${name}=${text(big(values, name))}`);
  };
  add('pidfd', hex);
  add('child_tid', hex);
  add('parent_tid', hex);
  const exitSignal = number(values, 'exit_signal');
  fields.push(`exit_signal=${exitSignal === 0 ? '0' : signalOf(exitSignal)}`);
  add('stack', pointer, true);
  add('stack_size', hexOrZero, true);
  add('tls', hex);
  return `{${fields.join(', ')}}`;
}

/** The delays are fields of several bits, of which strace names the value. */
function termios(values: Values, call: Call): string {
  const output = number(values, 'c_oflag');
  const control = number(values, 'c_cflag') >>> 0;
  const delays = [
    `NL${(output >> 8) & 1}`,
    `CR${(output >> 9) & 3}`,
    `TAB${(output >> 11) & 3}`,
    `BS${(output >> 13) & 1}`,
    `VT${(output >> 14) & 1}`,
    `FF${(output >> 15) & 1}`,
  ];
  const outputBits = output & 0xff;
  const oflag = [...delays, ...(outputBits === 0 ? [] : [flags('termios-oflag', outputBits, call)])].join('|');
  const baud = enumName('termios-baud', BigInt(control & 0o10017), call.arch);
  const size = `CS${5 + ((control >> 4) & 3)}`;
  const controlBits = (control & ~(0o10017 | 0o60)) >>> 0;
  const cflag = [baud, size, ...(controlBits === 0 ? [] : [flags('termios-cflag', controlBits, call)])].join('|');
  const iflag = flags('termios-iflag', number(values, 'c_iflag'), call);
  return `{c_iflag=${iflag}, c_oflag=${oflag}, c_cflag=${cflag}, c_lflag=${flags('termios-lflag', number(values, 'c_lflag'), call)}, ...}`;
}

function siginfo(values: Values): string {
  return siginfoFields(values);
}

const PRINTERS: Readonly<Partial<Record<StructName, Printer>>> = {
  stat,
  statx,
  statfs,
  rlimit,
  rlimit64: rlimit,
  sigaction,
  stack_t: stack,
  epoll_event: epollEvent,
  flock,
  clone_args: cloneArgs,
  termios,
  siginfo,
  utsname: (values) => only(values, ['sysname', 'nodename']),
  rusage: (values) => only(values, ['ru_utime', 'ru_stime']),
  sched_param: (values) => `[${number(values, 'sched_priority')}]`,
  iovec: (values) => `{iov_base=${pointer(big(values, 'iov_base'))}, iov_len=${number(values, 'iov_len')}}`,
  user_cap_header: (values, call) =>
    `{version=${enumName('cap-version', big(values, 'version'), call.arch)}, pid=${number(values, 'pid')}}`,
  open_how: (values, call) => {
    const mode = number(values, 'mode');
    const shown = mode === 0 ? '' : `, mode=${octal(mode)}`;
    return `{flags=${flags('open', big(values, 'flags'), call)}${shown}, resolve=${flags('open-resolve', big(values, 'resolve'), call)}}`;
  },
};
