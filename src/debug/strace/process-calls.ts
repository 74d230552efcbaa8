/** Calls on processes, threads and their settings. Interface: processCalls. */
import { FUTEX } from '../../abi/flags/futex.ts';
import { PRCTL } from '../../abi/flags/prctl.ts';
import { named, argumentPiece, countedStrings, strings, valueOf, writtenString } from './arguments.ts';
import {
  afterCall,
  atEntry,
  atExit,
  type Call,
  cstringText,
  numberAt,
  pathText,
  type Piece,
  structAt,
} from './call.ts';
import type { SpecialCall, SpecialCalls } from './call.ts';
import { structText } from './structs.ts';
import { enumName, flagNames, hasName, hex, hexOrZero, pointer, signalOf } from './text.ts';

const CLONE_SETTLS = 0x80000n;
const CLONE_PARENT_SETTID = 0x100000n;
const CLONE_CHILD_ANY = 0x1200000n;

function execve(call: Call): Piece[] {
  const isAt = call.syscall.name === 'execveat';
  const address = (name: RegExp): bigint =>
    call.args[call.syscall.row.args.findIndex((arg) => name.test(arg.name))] ?? 0n;
  const pieces = [
    atEntry((now) => pathText(now, address(/file|path/))),
    atEntry((now) => strings(now, address(/argv/))),
    atEntry((now) => countedStrings(now, address(/env/))),
  ];
  if (!isAt) return pieces;
  const { args } = call.syscall.row;
  return [argumentPiece(call, args[0]!.name), ...pieces, argumentPiece(call, args.at(-1)!.name)];
}

/** clone(2) names what it shows, and shows what the flags ask for. */
function clone(call: Call): Piece[] {
  const by = (name: RegExp): bigint => call.args[call.syscall.row.args.findIndex((arg) => name.test(arg.name))] ?? 0n;
  const flags = by(/flags/);
  const exitSignal = Number(flags & 0xffn);
  const pieces: Piece[] = [
    atEntry(() => `child_stack=${pointer(by(/stack|newsp/))}`),
    atEntry((now) => {
      const names = (flags & ~0xffn) === 0n ? [] : [flagNames('clone', flags & ~0xffn, now.arch)];
      if (exitSignal !== 0) names.push(signalOf(exitSignal));
      return `flags=${names.length === 0 ? '0' : names.join('|')}`;
    }),
  ];
  if ((flags & CLONE_PARENT_SETTID) !== 0n)
    pieces.push(
      afterCall((now) => {
        const tid = now.error === null ? numberAt(now, by(/parent|ptid/), 4) : null;
        return `, parent_tid=${tid === null ? pointer(by(/parent|ptid/)) : `[${tid}]`}`;
      }),
    );
  if ((flags & CLONE_SETTLS) !== 0n) pieces.push(afterCall(() => `, tls=${hex(by(/tls/))}`));
  if ((flags & CLONE_CHILD_ANY) !== 0n) pieces.push(afterCall(() => `, child_tidptr=${pointer(by(/child|ctid/))}`));
  return pieces;
}

function clone3(call: Call): Piece[] {
  const [first, second] = call.syscall.row.args;
  return [
    atEntry((now) => structText(now, now.args[0]!, 'clone_args')),
    afterCall((now) => {
      const values = now.error === null ? structAt(now, valueOf(now, first!.name), 'clone_args') : null;
      const tid =
        values === null || (BigInt(values['flags'] as bigint) & CLONE_PARENT_SETTID) === 0n
          ? null
          : numberAt(now, BigInt(values['parent_tid'] as number), 4);
      return `${tid === null ? '' : ` => {parent_tid=[${tid}]}`}, ${valueOf(now, second!.name)}`;
    }),
  ];
}

function waitStatus(status: number): string {
  const signo = status & 0x7f;
  if (status === 0xffff) return 'WIFCONTINUED(s)';
  if (signo === 0x7f) return `WIFSTOPPED(s) && WSTOPSIG(s) == ${signalOf((status >> 8) & 0xff)}`;
  if (signo === 0) return `WIFEXITED(s) && WEXITSTATUS(s) == ${(status >> 8) & 0xff}`;
  return `WIFSIGNALED(s) && WTERMSIG(s) == ${signalOf(signo)}${(status & 0x80) === 0 ? '' : ' && WCOREDUMP(s)'}`;
}

function wait4(call: Call): Piece[] {
  const status = atExit((now) => {
    const address = now.args[1]!;
    const value = now.error === null && now.result !== 0n && address !== 0n ? numberAt(now, address, 4) : null;
    return value === null ? pointer(address) : `[{${waitStatus(Number(value))}}]`;
  });
  const usage = atExit((now) => {
    const address = now.args[3] ?? 0n;
    return now.error === null && now.result !== 0n ? structText(now, address, 'rusage') : pointer(address);
  });
  const { args } = call.syscall.row;
  return [argumentPiece(call, args[0]!.name), status, argumentPiece(call, args[2]!.name), usage];
}

const FX = FUTEX.values;
const FUTEX_FLAGS = 0x180;

function futex(call: Call): Piece[] {
  const [op, val, utime, uaddr2, val3] = call.args.slice(1) as [bigint, bigint, bigint, bigint, bigint];
  const value = atEntry(() => String(val));
  const timeout = atEntry((now) => structText(now, utime, 'timespec'));
  const val2 = atEntry(() => String(utime));
  const second = atEntry(() => pointer(uaddr2));
  const third = atEntry(() => String(val3));
  const bits = atEntry(() => (val3 === 0xffff_ffffn ? 'FUTEX_BITSET_MATCH_ANY' : hex(val3)));
  const rest = (): Piece[] => {
    switch (Number(op) & ~FUTEX_FLAGS) {
      case FX.FUTEX_WAKE:
      case FX.FUTEX_FD:
        return [value];
      case FX.FUTEX_WAIT:
        return [value, timeout];
      case FX.FUTEX_WAIT_BITSET:
        return [value, timeout, bits];
      case FX.FUTEX_WAKE_BITSET:
        return [value, bits];
      case FX.FUTEX_REQUEUE:
        return [value, val2, second];
      case FX.FUTEX_CMP_REQUEUE:
      case FX.FUTEX_CMP_REQUEUE_PI:
        return [value, val2, second, third];
      case FX.FUTEX_WAKE_OP:
        return [value, val2, second, atEntry(() => wakeOperation(Number(val3)))];
      case FX.FUTEX_WAIT_REQUEUE_PI:
        return [value, timeout, second];
      case FX.FUTEX_LOCK_PI:
      case FX.FUTEX_LOCK_PI2:
        return [timeout];
      case FX.FUTEX_UNLOCK_PI:
      case FX.FUTEX_TRYLOCK_PI:
        return [];
      default:
        return [value, atEntry(() => hex(utime)), second, atEntry(() => hex(val3))];
    }
  };
  return [atEntry((now) => pointer(now.args[0]!)), atEntry((now) => futexOperation(now, Number(op))), ...rest()];
}

function futexOperation(call: Call, op: number): string {
  const command = BigInt(op & ~FUTEX_FLAGS);
  if (!hasName('futex', command, call.arch)) return enumName('futex', BigInt(op), call.arch);
  const isPrivate = (op & FX.FUTEX_PRIVATE_FLAG) !== 0 ? '_PRIVATE' : '';
  const clock = (op & FX.FUTEX_CLOCK_REALTIME) !== 0 ? '|FUTEX_CLOCK_REALTIME' : '';
  return `${enumName('futex', command, call.arch)}${isPrivate}${clock}`;
}

const WAKE_OPERATIONS = ['SET', 'ADD', 'OR', 'ANDN', 'XOR'];
const WAKE_COMPARISONS = ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE'];

function wakeOperation(value: number): string {
  const operation = (value >>> 28) & 7;
  const shift = value >>> 31 === 0 ? '' : 'FUTEX_OP_OPARG_SHIFT<<28|';
  const argument = hexOrZero((value >>> 12) & 0xfff);
  const comparison = (value >>> 24) & 15;
  const compared = hexOrZero(value & 0xfff);
  const name = WAKE_OPERATIONS[operation] === undefined ? hex(operation) : `FUTEX_OP_${WAKE_OPERATIONS[operation]}`;
  const test =
    WAKE_COMPARISONS[comparison] === undefined ? hex(comparison) : `FUTEX_OP_CMP_${WAKE_COMPARISONS[comparison]}`;
  return `${shift}${name}<<28|${argument}<<12|${test}<<24|${compared}`;
}

const PR = PRCTL.values as Readonly<Record<string, number>>;
const SUID_DUMP: readonly string[] = ['SUID_DUMP_DISABLE', 'SUID_DUMP_USER', 'SUID_DUMP_ROOT'];

function prctl(call: Call): Piece[] {
  const option = Number(call.args[0]);
  const second = call.args[1]!;
  const head = [argumentPiece(call, 'option')];
  const all = [1, 2, 3, 4].map((index) => atEntry((now) => hexOrZero(now.args[index]!)));
  switch (option) {
    case PR['PR_GET_DUMPABLE']:
    case PR['PR_GET_KEEPCAPS']:
    case PR['PR_GET_SECCOMP']:
    case PR['PR_GET_TIMERSLACK']:
    case PR['PR_GET_SECUREBITS']:
      return head;
    case PR['PR_SET_NAME']:
      return [...head, atEntry((now) => cstringText(now, second, 15))];
    case PR['PR_GET_NAME']:
      return [...head, atExit((now) => (now.error === null ? writtenString(now, second) : pointer(second)))];
    case PR['PR_SET_PDEATHSIG']:
      return [...head, atEntry(() => (second === 0n ? '0' : signalOf(Number(second))))];
    case PR['PR_GET_PDEATHSIG']:
      return [
        ...head,
        atExit((now) => {
          const signo = now.error === null ? numberAt(now, second, 4) : null;
          return signo === null ? pointer(second) : `[${signo === 0n ? '0' : signalOf(Number(signo))}]`;
        }),
      ];
    case PR['PR_SET_DUMPABLE']:
      return [...head, atEntry(() => SUID_DUMP[Number(second)] ?? hex(second))];
    case PR['PR_SET_KEEPCAPS']:
    case PR['PR_SET_TIMERSLACK']:
    case PR['PR_SET_CHILD_SUBREAPER']:
      return [...head, atEntry(() => String(second))];
    case PR['PR_CAPBSET_READ']:
    case PR['PR_CAPBSET_DROP']:
      return [...head, atEntry((now) => enumName('capability', second, now.arch))];
    case PR['PR_SET_NO_NEW_PRIVS']:
      return [...head, atEntry(() => String(second)), ...all.slice(1)];
    case PR['PR_SET_VMA']:
      return [
        ...head,
        atEntry((now) => (second === 0n ? 'PR_SET_VMA_ANON_NAME' : hexOrZero(now.args[1]!))),
        atEntry((now) => pointer(now.args[2]!)),
        atEntry((now) => String(now.args[3]!)),
        atEntry((now) => cstringText(now, now.args[4]!, 80)),
      ];
    default:
      return [...head, ...all];
  }
}

function prctlResult(call: Call): string | undefined {
  if (Number(call.args[0]) !== PR['PR_GET_DUMPABLE']) return undefined;
  const name = SUID_DUMP[Number(call.result)];
  return name === undefined ? undefined : `${call.result} (${name})`;
}

const POINTERS = (call: Call): Piece[] =>
  call.syscall.row.args.map((arg, index) =>
    arg.direction === 'none' ? argumentPiece(call, arg.name) : atEntry((now) => pointer(now.args[index]!)),
  );

/** With TIMER_ABSTIME, and whenever it was not interrupted, nothing is written to the last argument. */
function sleep(call: Call): Piece[] {
  const pieces = call.syscall.row.args.slice(0, -1).map((arg) => argumentPiece(call, arg.name));
  const isAbsolute = call.syscall.name === 'clock_nanosleep' && (valueOf(call, 'flags') & 1n) !== 0n;
  return [
    ...pieces,
    atExit((now) => {
      const address = now.args.at(-1)!;
      const isInterrupted = now.error === 'ERESTART_RESTARTBLOCK' || now.error === 'EINTR';
      return isInterrupted && !isAbsolute ? structText(now, address, 'timespec') : pointer(address);
    }),
  ];
}

const valueAndName = (set: 'sched-policy' | 'membarrier'): SpecialCall => ({
  result: (call) => `${call.result} (${enumName(set, call.result!, call.arch)})`,
});

export const processCalls: SpecialCalls = {
  execve: { pieces: execve },
  execveat: { pieces: execve },
  clone: { pieces: clone },
  clone3: { pieces: clone3 },
  wait4: { pieces: wait4 },
  futex: { pieces: futex },
  prctl: { pieces: prctl, result: prctlResult },
  set_robust_list: { pieces: POINTERS },
  set_tid_address: { pieces: POINTERS },
  rseq: {
    pieces: (call) => [
      atEntry(() => pointer(call.args[0]!)),
      atEntry(() => hex(call.args[1]!)),
      atEntry((now) => flagNames('rseq', now.args[2]!, now.arch)),
      atEntry(() => hex(call.args[3]!)),
    ],
  },
  nanosleep: { pieces: sleep },
  clock_nanosleep: { pieces: sleep },
  sched_getscheduler: valueAndName('sched-policy'),
  personality: {
    pieces: (call) => [atEntry(() => (call.args[0] === 0xffff_ffffn ? '0xffffffff' : personality(call.args[0]!)))],
    result: (call) => `${hexOrZero(call.result!)} (${personality(call.result!)})`,
  },
  membarrier: {
    pieces: (call) => named(call, 'cmd', 'flags'),
    result: (call) =>
      call.args[0] === 0n ? `${hex(call.result!)} (${flagNames('membarrier', call.result!, call.arch)})` : undefined,
  },
  sched_getaffinity: { pieces: (call) => [...named(call, 'pid', 'len'), atExit(cpus)] },
  sched_setaffinity: { pieces: (call) => [...named(call, 'pid', 'len'), atEntry(cpus)] },
  mremap: {
    pieces: (call) => {
      const isFixed = (valueOf(call, 'flags') & 6n) !== 0n;
      const { args } = call.syscall.row;
      return [
        atEntry((now) => pointer(now.args[0]!)),
        ...args.slice(1, 4).map((arg) => argumentPiece(call, arg.name)),
        ...(isFixed ? [atEntry((now: Call) => pointer(now.args[4]!))] : []),
      ];
    },
  },
  munmap: addressFirst(),
  mprotect: addressFirst(),
  madvise: addressFirst(),
  msync: addressFirst(),
  mlock: addressFirst(),
  munlock: addressFirst(),
  brk: addressFirst(),
};

function addressFirst(): SpecialCall {
  return {
    pieces: (call) => [
      atEntry((now) => pointer(now.args[0]!)),
      ...call.syscall.row.args.slice(1).map((arg) => argumentPiece(call, arg.name)),
    ],
  };
}

function personality(value: bigint): string {
  return value === 0n ? 'PER_LINUX' : hex(value);
}

function cpus(call: Call): string {
  const address = call.args[2]!;
  const length = call.syscall.name === 'sched_getaffinity' ? Number(call.result ?? 0n) : Number(call.args[1]);
  const bytes = call.error === null ? call.memory.read(address, Math.min(length, 1024)) : null;
  if (bytes === null) return pointer(address);
  const members: number[] = [];
  for (let cpu = 0; cpu < bytes.length * 8; cpu++) if ((bytes[cpu >> 3]! & (1 << (cpu & 7))) !== 0) members.push(cpu);
  return `[${members.join(' ')}]`;
}
