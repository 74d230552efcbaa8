/**
 * The table of system calls as a C header for the fuzzer (userland/fuzz/syscalls.c). Interface: callsHeader.
 * Everything in it comes from the rows: numbers, kinds of arguments, the values of flags, sizes of structs.
 */
import type { Arg } from '../../src/abi/args.ts';
import { valuesFor, type FlagSet } from '../../src/abi/flag-set.ts';
import { FLAG_SETS } from '../../src/abi/flags.ts';
import { layoutOf, type StructDef } from '../../src/abi/struct.ts';
import { STRUCTS } from '../../src/abi/structs.ts';
import type { SyscallRow } from '../../src/abi/syscall-row.ts';
import { syscallsByNumber, type NumberedSyscall } from '../../src/abi/syscalls.ts';

/** Calls that end, replace or stop their caller: made now and then, or hardly another call would be. */
const RARE = new Set(
  'exit exit_group execve execveat kill tkill tgkill rt_sigreturn rt_sigsuspend rt_sigqueueinfo rt_tgsigqueueinfo'
    .split(' ')
    .concat(
      'pidfd_send_signal clone clone3 vhangup setrlimit prlimit64 munmap brk ptrace seccomp pause waitid wait4'.split(
        ' ',
      ),
    ),
);

const KINDS = (
  'int uint long ulong loff u64 size offset fd atFd address path cstring bytes struct array value strvec iovec flags enum mode dev ' +
  'pid uid gid signal sigset clockId timerId key ioctlArg fcntlArg sockaddr fdset pollfds dirents opaque'
).split(' ');

const SCALAR_BYTES: Readonly<Record<string, number>> = { char: 1, u8: 1, u16: 2, i32: 4, u32: 4, fd: 4 };
const DEFAULT_BYTES = 256;
const SIGSET_BYTES = 8;

export function callsHeader(): string {
  const calls = syscallsByNumber('riscv64').filter((call): call is NumberedSyscall => call !== undefined);
  return [
    `enum kind { ${KINDS.map((kind) => `KIND_${kind}`).join(', ')} };`,
    'struct arg { unsigned char kind, is_pointer, nullable, is_enum; unsigned short bytes, size_hint, value_count; const unsigned long *values; };',
    'struct call { short number; unsigned char arg_count, is_rare; const char *name; struct arg args[6]; };',
    ...Object.values(FLAG_SETS as Readonly<Record<string, FlagSet>>).map(flagArray),
    `static const struct call CALLS[] = {\n${calls.map(callRow).join(',\n')}\n};`,
    `enum { CALL_COUNT = ${calls.length} };`,
    '',
  ].join('\n');
}

function flagArray(set: FlagSet): string {
  const values = Object.values(valuesFor(set, 'riscv64'));
  return `static const unsigned long ${identifier(set.name)}[] = { ${values.map(literal).join(', ') || '0'} };`;
}

function callRow({ name, nr, row }: NumberedSyscall): string {
  const args = row.args.map((arg) => argRow(arg, row)).join(', ');
  return `  { ${nr}, ${row.args.length}, ${RARE.has(name) ? 1 : 0}, "${name}", { ${args || '{ 0 }'} } }`;
}

function argRow(arg: Arg, row: SyscallRow): string {
  const set = arg.flags === undefined ? undefined : (FLAG_SETS[arg.flags] as FlagSet);
  const isPointer = arg.direction !== 'none';
  return `{ KIND_${arg.kind}, ${isPointer ? 1 : 0}, ${arg.nullable ? 1 : 0}, ${set?.kind === 'enum' ? 1 : 0}, ${bytesOf(arg)}, ${sizeHint(
    arg,
    row,
  )}, ${set === undefined ? 0 : Object.keys(valuesFor(set, 'riscv64')).length}, ${set === undefined ? '0' : identifier(set.name)} }`;
}

function bytesOf(arg: Arg): number {
  if (arg.struct !== undefined) return arg.kind === 'array' ? DEFAULT_BYTES : structBytes(arg.struct);
  return arg.kind === 'value' ? (SCALAR_BYTES[arg.scalar ?? ''] ?? 8) : DEFAULT_BYTES;
}

function structBytes(name: keyof typeof STRUCTS): number {
  const struct = STRUCTS[name] as StructDef;
  return struct.fields.riscv64 === undefined ? DEFAULT_BYTES : Math.max(8, layoutOf(struct, 'riscv64').size);
}

/** The size that makes sense for an argument that gives the length of a signal mask or of an extensible struct; 0: any. */
function sizeHint(arg: Arg, row: SyscallRow): number {
  const sized = row.args.find((other) => other.length?.arg === arg.name);
  if (sized?.kind === 'sigset') return SIGSET_BYTES;
  return sized?.kind === 'struct' ? bytesOf(sized) : 0;
}

function identifier(name: string): string {
  return `set_${name.replace(/[^A-Za-z0-9]/g, '_')}`;
}

function literal(value: number): string {
  return `${BigInt.asUintN(64, BigInt(value))}UL`;
}
