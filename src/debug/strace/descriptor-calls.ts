/** Calls whose arguments depend on a command, and those that wait for descriptors. Interface: descriptorCalls. */
import { named, argumentPiece, sigsetAt, valueOf } from './arguments.ts';
import { arrayText, atEntry, atExit, type Call, numberAt, type Piece, structAt, structBytes } from './call.ts';
import type { SpecialCalls } from './call.ts';
import { structText } from './structs.ts';
import { flagNames, hasName, hex, hexOrZero, pointer } from './text.ts';
import { FCNTL } from '../../abi/flags/fcntl.ts';
import { IOCTL } from '../../abi/flags/ioctl.ts';

const FC = FCNTL.values;

function fcntl(call: Call): Piece[] {
  const head = named(call, 'fd', 'cmd');
  const arg = (text: (value: bigint, now: Call) => string): Piece => atEntry((now) => text(valueOf(now, 'arg'), now));
  switch (Number(valueOf(call, 'cmd'))) {
    case FC.F_GETFD:
    case FC.F_GETFL:
    case FC.F_GETOWN:
    case FC.F_GETSIG:
    case FC.F_GETLEASE:
    case FC.F_GETPIPE_SZ:
    case FC.F_GET_SEALS:
      return head;
    case FC.F_DUPFD:
    case FC.F_DUPFD_CLOEXEC:
    case FC.F_SETOWN:
    case FC.F_SETPIPE_SZ:
      return [...head, arg((value) => String(BigInt.asIntN(32, value)))];
    case FC.F_SETFD:
      return [...head, arg((value, now) => flagNames('fd-flags', BigInt.asUintN(32, value), now.arch))];
    case FC.F_SETFL:
      return [...head, arg((value, now) => flagNames('open', BigInt.asUintN(32, value), now.arch))];
    case FC.F_ADD_SEALS:
      return [...head, arg((value, now) => flagNames('seals', value, now.arch))];
    case FC.F_SETLK:
    case FC.F_SETLKW:
    case FC.F_OFD_SETLK:
    case FC.F_OFD_SETLKW:
      return [...head, arg((value, now) => structText(now, value, 'flock'))];
    case FC.F_GETLK:
    case FC.F_OFD_GETLK:
      return [...head, atExit(lockFound)];
    default:
      return [...head, arg((value) => hexOrZero(value))];
  }
}

function lockFound(call: Call): string {
  const address = valueOf(call, 'arg');
  const values = call.error === null ? structAt(call, address, 'flock') : null;
  if (values === null) return pointer(address);
  return `${structText(call, address, 'flock').slice(0, -1)}, l_pid=${String(values['l_pid'])}}`;
}

function fcntlResult(call: Call): string | undefined {
  const result = call.result!;
  switch (Number(valueOf(call, 'cmd'))) {
    case FC.F_GETFD:
      return result === 0n ? '0' : `${hex(result)} (flags ${flagNames('fd-flags', result, call.arch)})`;
    case FC.F_GETFL:
      return `${hexOrZero(result)} (flags ${flagNames('open', result, call.arch)})`;
    case FC.F_GET_SEALS:
      return result === 0n ? '0' : `${hex(result)} (seals ${flagNames('seals', result, call.arch)})`;
    default:
      return undefined;
  }
}

const IO = IOCTL.values as Readonly<Record<string, number>>;

const IOCTL_READS: Readonly<Record<number, 'termios' | 'winsize' | 'int'>> = {
  [IO['TCGETS']!]: 'termios',
  [IO['TIOCGWINSZ']!]: 'winsize',
  [IO['FIONREAD']!]: 'int',
  [IO['TIOCGPGRP']!]: 'int',
  [IO['TIOCOUTQ']!]: 'int',
  [IO['TIOCGSID'] ?? -1]: 'int',
  [IO['TIOCGPTN'] ?? -2]: 'int',
};
const IOCTL_WRITES: Readonly<Record<number, 'termios' | 'winsize' | 'int'>> = {
  [IO['TCSETS']!]: 'termios',
  [IO['TCSETSW']!]: 'termios',
  [IO['TCSETSF']!]: 'termios',
  [IO['TIOCSWINSZ']!]: 'winsize',
  [IO['TIOCSPGRP']!]: 'int',
  [IO['FIONBIO']!]: 'int',
  [IO['TIOCSPTLCK'] ?? -1]: 'int',
};

function ioctl(call: Call): Piece[] {
  const command = Number(valueOf(call, 'cmd'));
  const name = hasName('ioctl', BigInt(command), call.arch)
    ? argumentPiece(call, 'cmd')
    : atEntry(() => encodedCommand(command));
  const head = [...named(call, 'fd'), name];
  const written = IOCTL_WRITES[command];
  if (written !== undefined) return [...head, atEntry((now) => ioctlValue(now, written))];
  const read = IOCTL_READS[command];
  if (read === undefined) return [...head, atEntry((now) => hexOrZero(valueOf(now, 'arg')))];
  return [...head, atExit((now) => (now.error === null ? ioctlValue(now, read) : pointer(valueOf(now, 'arg'))))];
}

function ioctlValue(call: Call, form: 'termios' | 'winsize' | 'int'): string {
  const address = valueOf(call, 'arg');
  if (form !== 'int') return structText(call, address, form);
  const value = numberAt(call, address, 4);
  return value === null ? pointer(address) : `[${BigInt.asIntN(32, value)}]`;
}

const DIRECTIONS: readonly string[] = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE'];

/** A command without a name, as the macro that makes such numbers. */
function encodedCommand(command: number): string {
  const direction = DIRECTIONS[command >>> 30]!;
  const [type, number, size] = [(command >>> 8) & 0xff, command & 0xff, (command >>> 16) & 0x3fff].map(hexOrZero);
  return `_IOC(${direction}, ${type}, ${number}, ${size})`;
}

/** The descriptors polled: `events` before the call, those with `revents` after it. */
function pollEntries(call: Call): string {
  const address = valueOf(call, 'ufds');
  return arrayText(call, address, Number(valueOf(call, 'nfds')), structBytes(call, 'pollfd'), (at) => {
    const values = structAt(call, at, 'pollfd')!;
    const fd = Number(values['fd']);
    if (fd < 0) return `{fd=${fd}}`;
    return `{fd=${fd}, events=${flagNames('poll', BigInt(values['events'] as number), call.arch)}}`;
  });
}

function polled(call: Call): string {
  const address = valueOf(call, 'ufds');
  const parts: string[] = [];
  for (let i = 0; i < Number(valueOf(call, 'nfds')); i++) {
    const values = structAt(call, address + BigInt(i * structBytes(call, 'pollfd')), 'pollfd');
    const events = BigInt((values?.['revents'] as number | undefined) ?? 0);
    if (values === null) break;
    if (events === 0n) continue;
    if (parts.length === call.maxString) {
      parts.push('...');
      break;
    }
    parts.push(`{fd=${Number(values['fd'])}, revents=${flagNames('poll', events, call.arch)}}`);
  }
  return `[${parts.join(', ')}]`;
}

function pollResult(call: Call): string {
  if (call.result === 0n) return '0 (Timeout)';
  const left = call.syscall.name === 'ppoll' ? timeLeft(call) : '';
  return `${call.result} (${polled(call)}${left})`;
}

function timeLeft(call: Call): string {
  const address = valueOf(call, 'tsp');
  return address === 0n ? '' : `, left ${structText(call, address, 'timespec')}`;
}

const FD_SETS = [
  ['inp', 'in'],
  ['outp', 'out'],
  ['exp', 'except'],
] as const;

function fdSet(call: Call, address: bigint): string[] | null {
  const count = Math.max(0, Math.min(Number(valueOf(call, 'n')), 1024 * 1024));
  const bytes = address === 0n ? null : call.memory.read(address, Math.ceil(count / 64) * 8);
  if (bytes === null) return null;
  const members: string[] = [];
  for (let fd = 0; fd < count; fd++) if ((bytes[fd >> 3]! & (1 << (fd & 7))) !== 0) members.push(String(fd));
  return members;
}

function pselect(call: Call): Piece[] {
  const sets = FD_SETS.map(([name]) =>
    atEntry((now) => {
      const members = fdSet(now, valueOf(now, name));
      return members === null ? pointer(valueOf(now, name)) : `[${members.join(' ')}]`;
    }),
  );
  const mask = atEntry((now) => {
    const address = valueOf(now, 'sig');
    const values = structAt(now, address, 'sigset_argpack');
    if (values === null) return pointer(address);
    return `{sigmask=${sigsetAt(now, BigInt(values['p'] as number))}, sigsetsize=${String(values['size'])}}`;
  });
  return [...named(call, 'n'), ...sets, timeout('tsp'), mask];
}

function selected(call: Call): string {
  if (call.result === 0n) return '0 (Timeout)';
  const parts = FD_SETS.map(([name, label]) => [label, fdSet(call, valueOf(call, name))] as const)
    .filter(([, members]) => members !== null && members.length > 0)
    .map(([label, members]) => `${label} [${members!.join(' ')}]`);
  return `${call.result} (${parts.join(', ')}${timeLeft(call)})`;
}

function timeout(name: string): Piece {
  return atEntry((now) => structText(now, valueOf(now, name), 'timespec'));
}

const EPOLL_CTL_DEL = 2n;

export const descriptorCalls: SpecialCalls = {
  fcntl: { pieces: fcntl, result: fcntlResult },
  ioctl: { pieces: ioctl },
  poll: {
    pieces: (call) => [
      atEntry(pollEntries),
      ...call.syscall.row.args.slice(1).map((arg) => argumentPiece(call, arg.name)),
    ],
    result: pollResult,
    endsAtExit: true,
  },
  ppoll: {
    pieces: (call) => [
      atEntry(pollEntries),
      ...named(call, 'nfds'),
      timeout('tsp'),
      ...named(call, 'sigmask', 'sigsetsize'),
    ],
    result: pollResult,
    endsAtExit: true,
  },
  pselect6: { pieces: pselect, result: selected, endsAtExit: true },
  epoll_ctl: {
    pieces: (call) =>
      valueOf(call, 'op') === EPOLL_CTL_DEL
        ? [...named(call, 'epfd', 'op', 'fd'), atEntry((now) => pointer(valueOf(now, 'event')))]
        : undefined,
  },
};
