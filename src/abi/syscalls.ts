/**
 * The table of system calls: one row per call for riscv64, x86-64 and i386. The dispatcher, handler types, strace's
 * printer, tracepoints, the coverage document and the fuzzer all come from these rows.
 *
 * Interface: SYSCALLS, SyscallName, ArgsOf, HandlerOf, syscallsByNumber, syscallName, argSources.
 * Which calls are implemented is told by the kernel's handler table, not here.
 * Source: asm-generic/unistd.h, and syscall_64.tbl and syscall_32.tbl of Linux; section 2 of the manual.
 */

import type { Arch } from './arch.ts';
import type { Width } from './args.ts';
import type { ArgsOfRow, SyscallRow } from './syscall-row.ts';
import { ATTRIBUTE_SYSCALLS } from './syscalls/attributes.ts';
import { DESCRIPTOR_SYSCALLS } from './syscalls/descriptors.ts';
import { DIRECTORY_SYSCALLS } from './syscalls/directories.ts';
import { ID_SYSCALLS } from './syscalls/ids.ts';
import { MEMORY_SYSCALLS } from './syscalls/memory.ts';
import { MOUNT_SYSCALLS } from './syscalls/mount.ts';
import { NAME_SYSCALLS } from './syscalls/names.ts';
import { OPEN_SYSCALLS } from './syscalls/open.ts';
import { POLL_SYSCALLS } from './syscalls/poll.ts';
import { PROCESS_SYSCALLS } from './syscalls/process.ts';
import { READ_WRITE_SYSCALLS } from './syscalls/read-write.ts';
import { RETIRED_SYSCALLS } from './syscalls/retired.ts';
import { SCHED_SYSCALLS } from './syscalls/sched.ts';
import { SIGNAL_SYSCALLS } from './syscalls/signals.ts';
import { SOCKET_SYSCALLS } from './syscalls/sockets.ts';
import { SPLICE_SYSCALLS } from './syscalls/splice.ts';
import { STAT_SYSCALLS } from './syscalls/stat.ts';
import { STORAGE_SYSCALLS } from './syscalls/storage.ts';
import { SYNC_SYSCALLS } from './syscalls/sync.ts';
import { SYSTEM_SYSCALLS } from './syscalls/system.ts';
import { TIME_SYSCALLS } from './syscalls/time.ts';
import { XATTR_SYSCALLS } from './syscalls/xattrs.ts';

export const SYSCALLS: typeof STAT_SYSCALLS &
  typeof ATTRIBUTE_SYSCALLS &
  typeof DIRECTORY_SYSCALLS &
  typeof NAME_SYSCALLS &
  typeof XATTR_SYSCALLS &
  typeof OPEN_SYSCALLS &
  typeof DESCRIPTOR_SYSCALLS &
  typeof READ_WRITE_SYSCALLS &
  typeof SPLICE_SYSCALLS &
  typeof STORAGE_SYSCALLS &
  typeof MOUNT_SYSCALLS &
  typeof MEMORY_SYSCALLS &
  typeof PROCESS_SYSCALLS &
  typeof ID_SYSCALLS &
  typeof SIGNAL_SYSCALLS &
  typeof TIME_SYSCALLS &
  typeof SCHED_SYSCALLS &
  typeof SYNC_SYSCALLS &
  typeof POLL_SYSCALLS &
  typeof SOCKET_SYSCALLS &
  typeof SYSTEM_SYSCALLS &
  typeof RETIRED_SYSCALLS = {
  ...STAT_SYSCALLS,
  ...ATTRIBUTE_SYSCALLS,
  ...DIRECTORY_SYSCALLS,
  ...NAME_SYSCALLS,
  ...XATTR_SYSCALLS,
  ...OPEN_SYSCALLS,
  ...DESCRIPTOR_SYSCALLS,
  ...READ_WRITE_SYSCALLS,
  ...SPLICE_SYSCALLS,
  ...STORAGE_SYSCALLS,
  ...MOUNT_SYSCALLS,
  ...MEMORY_SYSCALLS,
  ...PROCESS_SYSCALLS,
  ...ID_SYSCALLS,
  ...SIGNAL_SYSCALLS,
  ...TIME_SYSCALLS,
  ...SCHED_SYSCALLS,
  ...SYNC_SYSCALLS,
  ...POLL_SYSCALLS,
  ...SOCKET_SYSCALLS,
  ...SYSTEM_SYSCALLS,
  ...RETIRED_SYSCALLS,
};

export type SyscallName = keyof typeof SYSCALLS;

/** The arguments of a call as its handler gets them, in order. */
export type ArgsOf<Name extends SyscallName> = ArgsOfRow<(typeof SYSCALLS)[Name]>;

/**
 * A handler for a call: what the kernel passes first (`Context`), then the call's arguments.
 * TypeScript lets a handler take fewer.
 */
export type HandlerOf<Name extends SyscallName, Context extends readonly unknown[], Result> = (
  ...args: [...Context, ...ArgsOf<Name>]
) => Result;

/** A call as one architecture's table has it. */
export interface NumberedSyscall {
  readonly name: SyscallName;
  readonly nr: number;
  /** Its name in that architecture's unistd.h, which strace prints. */
  readonly unistd: string;
  readonly row: SyscallRow;
  /** How each argument is read, in the handler's order. */
  readonly sources: readonly ArgSource[];
}

/** Where an argument comes from: a register's index among the six, and how it becomes a value. */
export interface ArgSource {
  readonly register: number;
  /** True where the value also takes the next register as its upper half (i386, `loff` and `u64`). */
  readonly pair: boolean;
  readonly width: Width;
}

/** The table of an architecture, indexed by number; holes are undefined. */
export function syscallsByNumber(arch: Arch): readonly (NumberedSyscall | undefined)[] {
  const table: (NumberedSyscall | undefined)[] = [];
  for (const [name, row] of Object.entries(SYSCALLS) as [SyscallName, SyscallRow][]) {
    const nr = row.nr[arch];
    if (nr === undefined) continue;
    table[nr] = { name, nr, unistd: row.unistd?.[arch] ?? name, row, sources: argSources(row, arch) };
  }
  return table;
}

const RISCV64 = syscallsByNumber('riscv64');

/** The call that a number stands for on riscv64; undefined: none. */
export function syscallName(number: number): SyscallName | undefined {
  return RISCV64[number]?.name;
}

/** Where each argument of a row comes from on an architecture. */
export function argSources(row: SyscallRow, arch: Arch): readonly ArgSource[] {
  const order = row.registers?.[arch];
  let next = 0;
  return row.args.map((arg, index) => {
    const pair = arch === 'i386' && (arg.width === 'loff' || arg.width === 'u64');
    const register = order?.[index] ?? next;
    next = register + (pair ? 2 : 1);
    return { register, pair, width: arg.width };
  });
}
