/**
 * The form of a row of the system-call table, and the types that are derived from it.
 *
 * Interface: SyscallRow, defineSyscalls, ArgsOfRow.
 */

import type { Arch } from './arch.ts';
import type { Arg, ReturnKind, ValueOf } from './args.ts';
import type { Errno } from './errno.ts';

/** One system call. */
export interface SyscallRow<Args extends readonly Arg[] = readonly Arg[]> {
  /** Its number on each architecture that has it. */
  readonly nr: Readonly<Partial<Record<Arch, number>>>;
  /** Its name in that architecture's unistd.h, where it differs (chown is `chown32` on i386). strace prints it. */
  readonly unistd?: Readonly<Partial<Record<Arch, string>>>;
  /** Its arguments, in the order in which the handler takes them. */
  readonly args: Args;
  /** Where the order of registers differs: `registers[i]` is the register of argument i (clone on x86-64). */
  readonly registers?: Readonly<Partial<Record<Arch, readonly number[]>>>;
  readonly returns: ReturnKind;
  /** The errors that its man page lists, most specific to the call; EFAULT and ENOSYS included where they apply. */
  readonly errors: readonly Errno[];
  /** One or two sentences for the generated documentation. */
  readonly doc: string;
}

/** The handler's arguments for a row: a number each, a bigint for kind u64. */
export type ArgsOfRow<Row> = Row extends SyscallRow<infer Args> ? ArgValues<Args> : never;

type ArgValues<Args extends readonly Arg[]> = { -readonly [I in keyof Args]: ValueOf<Args[I]> };

/** Checks a family of rows and keeps the type of each one's arguments. */
export function defineSyscalls<const T extends Readonly<Record<string, SyscallRow>>>(
  rows: T,
): { readonly [K in keyof T]: SyscallRow<T[K]['args']> } {
  return rows;
}
